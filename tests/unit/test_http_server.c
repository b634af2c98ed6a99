/*
 * net/http_server: requests that are fine, and what they get. Attacks are in test_http_limits and
 * test_http_oracle.
 */
#include "testing.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "testing_http.h"

#define ANSWER_INIT BUF_INIT((size_t)32 << 20)

static struct testing_http *rig;

static int start(void **state)
{
    struct http_limits limits = testing_http_limits();

    (void)state;
    rig = testing_http_start(&limits, NULL, "127.0.0.1, 10.0.0.0/8");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    testing_http_stop(rig);
    return 0;
}

static size_t count(const struct buf *text, const char *part)
{
    struct span rest = buf_span(text);
    size_t n = 0, at;

    while ((at = span_find(rest, span_text(part))) != SIZE_MAX) {
        rest = span_slice(rest, at + 1, SIZE_MAX);
        n++;
    }
    return n;
}

static void answers_a_get_and_keeps_the_connection(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    for (int i = 0; i < 3; i++) {
        buf_clear(&in);
        testing_send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_false(testing_receive(fd, &in, "hello\n"));
        assert_contains(buf_text(&in), "HTTP/1.1 200 OK\r\nDate: ");
        assert_contains(buf_text(&in), " GMT\r\n");
        assert_contains(buf_text(&in), "\r\nContent-Length: 6\r\n");
        assert_null(strstr(buf_text(&in), "Connection:"));
    }
}

static void closes_when_asked_to(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < countof(requests); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autoclose int fd = testing_connect(rig->port);

        testing_send_text(fd, requests[i]);
        assert_true(testing_receive(fd, &in, NULL));
        assert_contains(buf_text(&in), "\r\nConnection: close\r\n");
        assert_contains(buf_text(&in), "\r\n\r\nhello\n");
    }
}

static void keeps_an_old_client_that_wants_to_stay(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    for (int i = 0; i < 2; i++) {
        buf_clear(&in);
        testing_send_text(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_false(testing_receive(fd, &in, "hello\n"));
        assert_contains(buf_text(&in), "\r\nConnection: keep-alive\r\n");
    }
}

static void answers_pipelined_requests_in_order(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autodone(buf) struct buf out = BUF_INIT(1 << 20);
    const char *at;

    (void)state;
    for (int i = 0; i < 200; i++)
        buf_addf(&out, "POST /echo/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n<%07d>", i,
            i);
    buf_add_text(&out, "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    testing_exchange(rig->port, buf_text(&out), &in);
    assert_int_equal(count(&in, "HTTP/1.1 200 OK"), 200);
    assert_int_equal(count(&in, "HTTP/1.1 404 Not Found"), 1);
    at = buf_text(&in);
    for (int i = 0; i < 200; i++) {
        char wanted[16];

        (void)snprintf(wanted, sizeof wanted, "<%07d>", i);
        at = strstr(at, wanted);
        assert_non_null(at);
    }
}

static void takes_a_request_byte_by_byte(void **state)
{
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                  "Connection: close\r\n\r\n5\r\nhello\r\n6;x=\"y\"\r\n world\r\n"
                                  "0\r\nTrailer: x\r\n\r\n";
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    for (size_t i = 0; i < sizeof request - 1; i++)
        testing_send(fd, request + i, 1);
    assert_true(testing_receive(fd, &in, NULL));
    assert_contains(buf_text(&in), "\r\nContent-Length: 11\r\n");
    assert_contains(buf_text(&in), "\r\n\r\nhello world");
}

static void finds_the_next_request_behind_chunks(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port,
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n"
        "X: y\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree",
        &in);
    assert_int_equal(count(&in, "HTTP/1.1 200 OK"), 3);
    assert_contains(buf_text(&in), "\r\n\r\noneHTTP/1.1");
    assert_contains(buf_text(&in), "\r\n\r\ntwoHTTP/1.1");
    assert_contains(buf_text(&in), "\r\n\r\nthree");
}

static void says_continue_to_whoever_waits_for_it(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    testing_send_text(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                          "Expect: 100-continue\r\nConnection: close\r\n\r\n");
    assert_false(testing_receive(fd, &in, "HTTP/1.1 100 Continue\r\n\r\n"));
    testing_send_text(fd, "hello");
    assert_true(testing_receive(fd, &in, NULL));
    assert_contains(buf_text(&in), "HTTP/1.1 200 OK\r\n");
}

static void does_not_say_continue_to_what_it_refuses(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    testing_send_text(fd, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n"
                          "Expect: 100-continue\r\n\r\n");
    assert_true(testing_receive(fd, &in, NULL));
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 413 "));
}

static void takes_bodies_of_every_size(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000, 3000000 };

    (void)state;
    for (size_t i = 0; i < 2 * countof(sizes); i++) {
        size_t size = sizes[i / 2];
        bool is_secret = i % 2 == 1;
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf body = BUF_INIT(4 << 20);
        autodone(buf) struct buf head = BUF_INIT(1000);
        autoclose int fd = testing_connect(rig->port);
        size_t n_before = testing_http_n_authorized();

        for (size_t j = 0; j < size; j++)
            buf_add_u8(&body, (uint8_t)(j * 31 % 251));
        buf_addf(&head,
            "POST /%s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\nConnection: close"
            "\r\n\r\n",
            is_secret ? "secret" : "echo", size);
        testing_send(fd, head.data, head.size);
        testing_send(fd, body.data, body.size);
        assert_true(testing_receive(fd, &in, NULL));
        assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
        /* Large ones go to a file, but never those with keys in them. */
        assert_contains(buf_text(&in),
            size > 65536 && !is_secret ? "X-Spooled: yes" : "X-Spooled: no");
        assert_true(in.size > size);
        assert_memory_equal(in.data + in.size - size, body.data, size);
        assert_int_equal(testing_http_n_authorized() - n_before, size > 65536);
    }
}

static void asks_before_it_takes_a_large_body(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = testing_connect(rig->port);

    (void)state;
    testing_send_text(fd, "POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    assert_true(testing_receive(fd, &in, NULL));
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 403 "));
    assert_contains(buf_text(&in), "\r\nConnection: close\r\n");
}

static void asks_when_chunks_grow_large(void **state)
{
    static char chunk[70000];
    autodone(buf) struct buf in = ANSWER_INIT;
    autodone(buf) struct buf out = BUF_INIT(1 << 20);
    static const char *const paths[] = { "denied", "echo" };

    (void)state;
    memset(chunk, 'c', sizeof chunk);
    for (size_t i = 0; i < countof(paths); i++) {
        autoclose int fd = testing_connect(rig->port);

        buf_clear(&in);
        buf_clear(&out);
        buf_addf(&out,
            "POST /%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n%zx\r\n",
            paths[i], sizeof chunk);
        buf_add(&out, chunk, sizeof chunk);
        buf_add_text(&out, "\r\n3\r\nend\r\n0\r\n\r\n");
        testing_send(fd, out.data, out.size);
        assert_true(testing_receive(fd, &in, NULL));
        if (i == 0) {
            assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 403 "));
            continue;
        }
        assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
        assert_contains(buf_text(&in), "\r\nContent-Length: 70003\r\n");
        assert_contains(buf_text(&in), "X-Spooled: yes");
    }
}

static void reads_past_a_small_body_it_does_not_want(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port,
        "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &in);
    assert_int_equal(count(&in, "HTTP/1.1 404 Not Found"), 1);
    assert_int_equal(count(&in, "HTTP/1.1 200 OK"), 1);
}

static void head_is_get_without_the_body(void **state)
{
    static const struct {
        const char *path;
        const char *length;
    } cases[] = { { "/", "Content-Length: 6\r\n" },
        { "/stream-sized", "Content-Length: 900000\r\n" },
        { "/file", "Content-Length: 300000\r\n" }, { "/stream", "\r\n" } };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);

        buf_addf(&out, "HEAD %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", cases[i].path);
        testing_exchange(rig->port, buf_text(&out), &in);
        assert_contains(buf_text(&in), cases[i].length);
        assert_true(in.size > 4 && memcmp(in.data + in.size - 4, "\r\n\r\n", 4) == 0);
        assert_int_equal(count(&in, "\r\n\r\n"), 1);
    }
}

static void no_content_has_no_length(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port, "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 204 No Content\r\n"));
    assert_null(strstr(buf_text(&in), "Content-Length"));
}

/* The decoded content of a chunked answer; fails unless it is complete. */
static void decode_chunks(const struct buf *in, struct buf *out)
{
    size_t at = span_find(buf_span(in), SPAN_LITERAL("\r\n\r\n")) + 4;

    for (;;) {
        char *end;
        unsigned long size;

        assert_true(at < in->size);
#undef strtoul
        size = strtoul((const char *)in->data + at, &end, 16);
        assert_memory_equal(end, "\r\n", 2);
        at = (size_t)((uint8_t *)end - in->data) + 2;
        if (size == 0)
            break;
        assert_true(at + size + 2 <= in->size);
        buf_add(out, in->data + at, size);
        at += size;
        assert_memory_equal(in->data + at, "\r\n", 2);
        at += 2;
    }
    assert_int_equal(at + 2, in->size);
}

static void check_count(struct span body, int64_t n)
{
    assert_int_equal(body.size, n * 9);
    for (int64_t i = 0; i < n; i++) {
        char line[24];

        (void)snprintf(line, sizeof line, "%08" PRId64 "\n", i);
        assert_memory_equal(body.data + i * 9, line, 9);
    }
}

static void streams_in_chunks(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autodone(buf) struct buf body = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port, "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        &in);
    assert_contains(buf_text(&in), "\r\nTransfer-Encoding: chunked\r\n");
    assert_null(strstr(buf_text(&in), "Content-Length"));
    decode_chunks(&in, &body);
    check_count(buf_span(&body), 100000);
    testing_wait_until(testing_http_n_released() > 0);
}

static void streams_to_an_old_client_until_the_end(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    size_t at;

    (void)state;
    testing_exchange(rig->port, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &in);
    assert_null(strstr(buf_text(&in), "Transfer-Encoding"));
    assert_contains(buf_text(&in), "\r\nConnection: close\r\n");
    at = span_find(buf_span(&in), SPAN_LITERAL("\r\n\r\n")) + 4;
    check_count(span_slice(buf_span(&in), at, SIZE_MAX), 100000);
}

static void gives_a_length_where_it_is_known(void **state)
{
    static const struct {
        const char *path;
        const char *length;
        int64_t n;
    } cases[] = { { "/stream-short", "\r\nContent-Length: 90\r\n", 10 },
        { "/stream-sized", "\r\nContent-Length: 900000\r\n", 100000 } };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);
        size_t at;

        buf_addf(&out, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", cases[i].path);
        testing_exchange(rig->port, buf_text(&out), &in);
        assert_contains(buf_text(&in), cases[i].length);
        at = span_find(buf_span(&in), SPAN_LITERAL("\r\n\r\n")) + 4;
        check_count(span_slice(buf_span(&in), at, SIZE_MAX), cases[i].n);
    }
}

static void sends_a_descriptor(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port, "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &in);
    assert_contains(buf_text(&in), "\r\nContent-Length: 300000\r\n");
    assert_memory_equal(in.data + in.size - 10, "000029999\n", 10);
    assert_int_equal(in.size - span_find(buf_span(&in), SPAN_LITERAL("\r\n\r\n")) - 4, 300000);
}

static void cuts_a_stream_that_breaks(void **state)
{
    static const char *const paths[] = { "/stream-broken", "/stream-liar" };

    (void)state;
    for (size_t i = 0; i < countof(paths); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);
        struct http_seen seen;

        testing_http_forget_seen();
        buf_addf(&out, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", paths[i]);
        testing_exchange(rig->port, buf_text(&out), &in);
        /* Neither an end of chunks nor as many bytes as promised. */
        assert_null(strstr(buf_text(&in), "\r\n0\r\n\r\n"));
        (void)testing_http_seen(&seen, 1);
        assert_int_equal(seen.status, 200);
        assert_true(seen.is_cut);
    }
}

static void a_stream_that_never_began_is_a_500(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port, "GET /stream-stillborn HTTP/1.1\r\nHost: a\r\n\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 500 "));
}

/* F-row: injection, CRLF in headers. */
static void refuses_to_send_a_header_that_would_split_the_reply(void **state)
{
    static const char *const paths[] = { "/inject", "/framing" };

    (void)state;
    for (size_t i = 0; i < countof(paths); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);

        buf_addf(&out, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        testing_exchange(rig->port, buf_text(&out), &in);
        assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 500 "));
        assert_null(strstr(buf_text(&in), "Set-Cookie"));
        assert_int_equal(count(&in, "Content-Length"), 1);
    }
}

static void sends_large_bodies_whole(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;

    (void)state;
    testing_exchange(rig->port, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &in);
    assert_int_equal(in.size - span_find(buf_span(&in), SPAN_LITERAL("\r\n\r\n")) - 4,
        4 * 1024 * 1024);
}

static void decodes_each_part_of_the_path_for_itself(void **state)
{
    static const struct {
        const char *target;
        const char *shown;
    } cases[] = {
        { "/show", "[show]?\n" },
        { "/show/", "[show][]?\n" },
        { "/show/a%2Fb/c+d?x=%41&y", "[show][a/b][c+d]?x=%41&y\n" },
        { "/show/%C3%A9", "[show][\xc3\xa9]?\n" },
        { "http://example.org:81/show?q", " example.org:81\n[show]?q\n" },
        { "/show//a", "[show][][a]?\n" },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);

        buf_addf(&out, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].target);
        testing_exchange(rig->port, buf_text(&out), &in);
        assert_contains(buf_text(&in), cases[i].shown);
    }
}

static void believes_only_trusted_proxies(void **state)
{
    static const struct {
        const char *fields;
        const char *shown;
    } cases[] = {
        { "", "GET 127.0.0.1 http a\n" },
        { "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "GET 192.0.2.7 https a\n" },
        /* What stands in front of the last stranger is the stranger's own claim. */
        { "X-Forwarded-For: 203.0.113.1, 192.0.2.7, 10.1.2.3\r\n", "GET 192.0.2.7 http a\n" },
        { "X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-For: 10.1.2.3\r\n",
            "GET 203.0.113.1 http a\n" },
        { "X-Forwarded-For: nonsense, 10.1.2.3\r\n", "GET 10.1.2.3 http a\n" },
        { "X-Forwarded-For: 2001:db8::1\r\n", "GET 2001:db8::1 http a\n" },
    };
    struct http_limits limits = testing_http_limits();

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf in = ANSWER_INIT;
        autodone(buf) struct buf out = BUF_INIT(1000);

        buf_addf(&out, "GET /show HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].fields);
        testing_exchange(rig->port, buf_text(&out), &in);
        assert_contains(buf_text(&in), cases[i].shown);
    }
    testing_http_stop(rig);
    rig = testing_http_start(&limits, NULL, NULL);
    {
        autodone(buf) struct buf in = ANSWER_INIT;

        testing_exchange(rig->port,
            "GET /show HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n"
            "X-Forwarded-Proto: https\r\n\r\n",
            &in);
        assert_contains(buf_text(&in), "GET 127.0.0.1 http a\n");
    }
}

static void tells_what_came_of_each_request(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    struct http_seen seen[3];

    (void)state;
    testing_exchange(rig->port,
        "POST /echo?x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
        "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
        &in);
    (void)testing_http_seen(seen, 3);
    assert_string_equal(seen[0].target, "/echo?x");
    assert_int_equal(seen[0].status, 200);
    assert_int_equal(seen[0].bytes_in, 5);
    assert_false(seen[0].is_cut);
    assert_int_equal(seen[1].status, 404);
    assert_int_equal(seen[2].status, 501);
    assert_string_equal(seen[2].target, "");
    assert_string_equal(seen[2].client, "127.0.0.1");
    assert_contains(seen[2].refusal, "method");
    assert_int_equal(seen[0].bytes_out + seen[1].bytes_out + seen[2].bytes_out, in.size);
}

static void drains_without_losing_what_is_under_way(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autodone(buf) struct buf nothing = ANSWER_INIT;
    autoclose int idle = testing_connect(rig->port), busy = testing_connect(rig->port);

    (void)state;
    testing_send_text(busy, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    testing_http_wait_for_waiters(1);
    testing_http_drain(rig, HTTP_TEST_DEADLINE_MS);
    assert_true(testing_receive(idle, &nothing, NULL));
    assert_int_equal(nothing.size, 0);
    assert_false(testing_http_is_drained());
    testing_http_open_gate(true);
    assert_true(testing_receive(busy, &in, NULL));
    assert_contains(buf_text(&in), "\r\nConnection: close\r\n");
    assert_contains(buf_text(&in), "hello\n");
    testing_wait_until(testing_http_is_drained());
}

static void cuts_at_the_deadline_of_a_drain(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int busy = testing_connect(rig->port);
    struct http_seen seen;

    (void)state;
    testing_send_text(busy, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    testing_http_wait_for_waiters(1);
    testing_http_drain(rig, 10);
    testing_wait_until(testing_http_is_drained());
    assert_true(testing_receive(busy, &in, NULL));
    assert_int_equal(in.size, 0);
    testing_http_open_gate(true);
    (void)testing_http_seen(&seen, 1);
    assert_int_equal(seen.status, 0);
    assert_true(seen.is_cut);
}

static void names_an_address_in_use(void **state)
{
    struct err err = { 0 };
    char wanted[64];

    (void)state;
    assert_fails(http_server_listen(rig->server, "127.0.0.1", rig->port, NULL, NULL, &err), &err,
        ERR_UNAVAILABLE);
    (void)snprintf(wanted, sizeof wanted,
        "could not listen on 127.0.0.1:%u: address already in use", rig->port);
    assert_true(strcasecmp(err.msg, wanted) == 0);
    assert_fails(http_server_listen(rig->server, "localhost", 0, NULL, NULL, &err), &err,
        ERR_INVALID);
}

static void listens_on_several_addresses(void **state)
{
    autodone(buf) struct buf in = ANSWER_INIT;
    autoclose int fd = -1;

    (void)state;
    if (!rig->port_v6) {
        print_message("skipped: no IPv6 here\n");
        return;
    }
    fd = testing_connect_v6(rig->port_v6);
    testing_send_text(fd, "GET /show HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(testing_receive(fd, &in, NULL));
    assert_contains(buf_text(&in), "GET ::1 http a\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(answers_a_get_and_keeps_the_connection),
        CASE(closes_when_asked_to),
        CASE(keeps_an_old_client_that_wants_to_stay),
        CASE(answers_pipelined_requests_in_order),
        CASE(takes_a_request_byte_by_byte),
        CASE(finds_the_next_request_behind_chunks),
        CASE(says_continue_to_whoever_waits_for_it),
        CASE(does_not_say_continue_to_what_it_refuses),
        CASE(takes_bodies_of_every_size),
        CASE(asks_before_it_takes_a_large_body),
        CASE(asks_when_chunks_grow_large),
        CASE(reads_past_a_small_body_it_does_not_want),
        CASE(head_is_get_without_the_body),
        CASE(no_content_has_no_length),
        CASE(streams_in_chunks),
        CASE(streams_to_an_old_client_until_the_end),
        CASE(gives_a_length_where_it_is_known),
        CASE(sends_a_descriptor),
        CASE(cuts_a_stream_that_breaks),
        CASE(a_stream_that_never_began_is_a_500),
        CASE(refuses_to_send_a_header_that_would_split_the_reply),
        CASE(sends_large_bodies_whole),
        CASE(decodes_each_part_of_the_path_for_itself),
        CASE(believes_only_trusted_proxies),
        CASE(tells_what_came_of_each_request),
        CASE(drains_without_losing_what_is_under_way),
        CASE(cuts_at_the_deadline_of_a_drain),
        CASE(listens_on_several_addresses),
        CASE(names_an_address_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
