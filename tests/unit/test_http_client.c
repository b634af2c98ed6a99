/* net/http_client and net/tls_server: round trips between our own two ends. */
#include "testing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "net/http_client.h"
#include "net/tls_server.h"
#include "testing_http.h"
#include "testing_pem.h"

static struct testing_http *rig;
static struct tls_server *tls;
#define CA_FILE "/tmp/certdesk-test-ca-XXXXXX"
static char ca_file[] = CA_FILE;

static void start_tls(struct buf *cert, struct buf *key)
{
    struct http_limits limits = testing_http_limits();
    struct err err = { 0 };
    autoclose int fd = mkstemp(ca_file);

    testing_make_cert("first", cert, key);
    assert_true(fd >= 0);
    assert_works(fs_write_all(fd, buf_span(cert), &err), &err);
    assert_works(tls_server_new(buf_span(cert), buf_span(key), &tls, &err), &err);
    rig = testing_http_start(&limits, tls, NULL);
}

static int start(void **state)
{
    struct http_limits limits = testing_http_limits();

    (void)state;
    rig = testing_http_start(&limits, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    testing_http_stop(rig);
    if (tls)
        (void)unlink(ca_file);
    memcpy(ca_file, CA_FILE, sizeof ca_file);
    tls_server_free(tls);
    tls = NULL;
    return 0;
}

static struct http_client *client_of(const struct http_client_conf *conf)
{
    struct http_client *client;
    struct err err = { 0 };

    assert_works(http_client_new(conf, &client, &err), &err);
    return client;
}

/* One call to our own server, which must be answered. */
static void call(struct http_client *client, struct http_call what, const char *scheme,
    const char *path, struct http_answer *answer)
{
    autofree(str) char *url = xasprintf("%s://127.0.0.1:%u%s", scheme, rig->port, path);
    struct err err = { 0 };

    what.url = url;
    if (!what.method)
        what.method = "GET";
    assert_works(http_client_call(client, &what, answer, &err), &err);
}

static bool try_url(struct http_client *client, const char *url, struct err *err)
{
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);
    struct http_call what = { .method = "GET", .url = url };

    return http_client_call(client, &what, &answer, err);
}

static void gets_status_fields_and_body(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);
    struct span value;

    (void)state;
    call(client, (struct http_call){ 0 }, "http", "/", &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(buf_text(&answer.body), "hello\n");
    assert_true(http_answer_field(&answer, "content-LENGTH", &value));
    assert_true(span_is(value, "6"));
    assert_false(http_answer_field(&answer, "x-nothing", &value));
    call(client, (struct http_call){ 0 }, "http", "/nowhere", &answer);
    assert_int_equal(answer.status, 404);
}

static void uses_one_connection_for_all(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);

    (void)state;
    for (int i = 0; i < 5; i++)
        call(client, (struct http_call){ 0 }, "http", "/", &answer);
    assert_int_equal(testing_http_stats(rig).n_connections, 1);
    assert_int_equal(testing_http_stats(rig).n_requests, 5);
}

static void sends_methods_headers_and_bodies(void **state)
{
    static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE", "GET" };
    static const char *const headers[] = { "X-One: 1", "Content-Type: text/csv", NULL };
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);

    (void)state;
    for (size_t i = 0; i < countof(methods); i++) {
        autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);
        struct http_call what = { .method = methods[i],
            .headers = headers,
            .has_body = true,
            .body = SPAN_LITERAL("a\0b") };

        call(client, what, "http", "/echo", &answer);
        assert_int_equal(answer.status, 200);
        assert_true(span_equal(buf_span(&answer.body), what.body));
        what.has_body = false;
        call(client, what, "http", "/show", &answer);
        assert_true(span_starts_with(buf_span(&answer.body), methods[i]));
    }
}

static void head_brings_no_body(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);

    (void)state;
    call(client, (struct http_call){ .method = "HEAD" }, "http", "/", &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.size, 0);
}

static void sends_large_bodies(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(4 << 20);
    autodone(buf) struct buf body = BUF_INIT(4 << 20);

    (void)state;
    memset(buf_extend(&body, 3 << 20), 'z', 3 << 20);
    call(client, (struct http_call){ .method = "POST", .has_body = true, .body = buf_span(&body) },
        "http", "/echo", &answer);
    assert_true(span_equal(buf_span(&answer.body), buf_span(&body)));
}

static void caps_the_answer(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1000);
    autofree(str) char *url = xasprintf("http://127.0.0.1:%u/endless", rig->port);
    struct http_call what = { .method = "GET", .url = url };
    struct err err = { 0 };

    (void)state;
    assert_fails(http_client_call(client, &what, &answer, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "1000 bytes");
}

struct counter {
    size_t n;
    size_t max;
};

static bool count(void *arg, struct span bytes, struct err *err)
{
    struct counter *counter = arg;

    counter->n += bytes.size;
    return counter->n <= counter->max || fail(err, ERR_CONFLICT, "enough");
}

static void streams_to_a_sink_that_may_stop_it(void **state)
{
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(0);
    autofree(str) char *url = xasprintf("http://127.0.0.1:%u/endless", rig->port);
    struct counter all = { .max = SIZE_MAX }, some = { .max = 100000 };
    struct http_call what = { .method = "GET", .url = url, .sink = count, .sink_arg = &some };
    struct err err = { 0 };

    (void)state;
    call(client, (struct http_call){ .sink = count, .sink_arg = &all }, "http", "/stream", &answer);
    assert_int_equal(all.n, 900000);
    assert_fails(http_client_call(client, &what, &answer, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "enough");
}

static void refuses_urls_and_headers_that_are_none(void **state)
{
    static const char *const bad[] = { "", "no-scheme", "file:///etc/passwd", "ftp://a/",
        "gopher://a/", "http://user:secret@a/", "http://", "http://a b/",
        "http://127.0.0.1\r\nX: y/" };
    static const char *const headers[] = { "X: y\r\nZ: injected", NULL };
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1000);
    struct http_call what = { .method = "GET", .url = "http://127.0.0.1:1/", .headers = headers };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        assert_fails(try_url(client, bad[i], &err), &err, ERR_INVALID);
    assert_fails(http_client_call(client, &what, &answer, &err), &err, ERR_INVALID);
}

static bool approve_none(void *arg, const struct sockaddr *address, socklen_t size, struct err *err)
{
    struct sockaddr_in v4;

    assert_true(size >= sizeof v4);
    memcpy(&v4, address, sizeof v4);
    assert_int_equal(v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    ++*(int *)arg;
    return fail(err, ERR_DENIED, "127.0.0.1 is a loopback address");
}

static void asks_about_the_address_before_it_connects(void **state)
{
    int n_asked = 0;
    struct http_client_conf conf = { .approve = approve_none, .approve_arg = &n_asked };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autofree(str) char *url = xasprintf("http://127.0.0.1:%u/", rig->port);
    struct err err = { 0 };

    (void)state;
    assert_fails(try_url(client, url, &err), &err, ERR_DENIED);
    assert_contains(err.msg, "loopback");
    assert_int_equal(n_asked, 1);
    assert_int_equal(testing_http_stats(rig).n_requests, 0);
}

static void names_who_cannot_be_reached_but_not_the_path(void **state)
{
    struct http_client_conf conf = { .total_timeout_ms = 50 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autofree(str) char *slow = xasprintf("http://127.0.0.1:%u/slow?token=secret", rig->port);
    struct err err = { 0 };

    (void)state;
    assert_fails(try_url(client, "http://127.0.0.1:1/a?token=secret", &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "http://127.0.0.1:1: ");
    assert_null(strstr(err.msg, "secret"));
    assert_fails(try_url(client, slow, &err), &err, ERR_UNAVAILABLE); /* it never answers */
    assert_null(strstr(err.msg, "secret"));
}

static void talks_tls_to_whom_it_trusts(void **state)
{
    autodone(buf) struct buf cert = BUF_INIT(65536), key = BUF_INIT_SECRET(65536);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(4 << 20);
    struct http_seen seen;

    (void)state;
    start_tls(&cert, &key);
    {
        struct http_client_conf conf = { .ca_file = ca_file };
        autofree(http_client) struct http_client *client = client_of(&conf);

        call(client, (struct http_call){ 0 }, "https", "/show", &answer);
        assert_contains(buf_text(&answer.body), " https ");
        call(client, (struct http_call){ 0 }, "https", "/big", &answer);
        assert_int_equal(answer.body.size, 4 << 20);
        call(client, (struct http_call){ 0 }, "https", "/stream", &answer);
        assert_int_equal(answer.body.size, 900000);
        call(client,
            (struct http_call){ .method = "POST",
                .has_body = true,
                .body = buf_span(&answer.body) },
            "https", "/echo", &answer);
        assert_int_equal(testing_http_stats(rig).n_connections, 1);
    }
    (void)testing_http_seen(&seen, 1);
    assert_true(seen.is_encrypted);
}

static void does_not_talk_tls_to_strangers(void **state)
{
    autodone(buf) struct buf cert = BUF_INIT(65536), key = BUF_INIT_SECRET(65536);
    struct http_client_conf conf = { 0 };
    autofree(http_client) struct http_client *client = client_of(&conf);
    autofree(str) char *url = NULL;
    struct err err = { 0 };

    (void)state;
    start_tls(&cert, &key);
    url = xasprintf("https://127.0.0.1:%u/", rig->port);
    assert_fails(try_url(client, url, &err), &err, ERR_UPSTREAM);
    assert_contains(err.msg, "not trusted");
}

static void swaps_the_certificate_under_way(void **state)
{
    autodone(buf) struct buf cert = BUF_INIT(65536), key = BUF_INIT_SECRET(65536);
    autodone(buf) struct buf cert2 = BUF_INIT(65536), key2 = BUF_INIT_SECRET(65536);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1 << 20);
    struct err err = { 0 };

    (void)state;
    start_tls(&cert, &key);
    {
        struct http_client_conf conf = { .ca_file = ca_file };
        autofree(http_client) struct http_client *old = client_of(&conf);
        autofree(http_client) struct http_client *fresh = client_of(&conf);
        autofree(str) char *url = xasprintf("https://127.0.0.1:%u/", rig->port);

        call(old, (struct http_call){ 0 }, "https", "/", &answer);
        testing_make_cert("second", &cert2, &key2);
        assert_fails(tls_server_swap(tls, buf_span(&cert2), buf_span(&key), &err), &err,
            ERR_INVALID);
        assert_contains(err.msg, "does not belong");
        assert_works(tls_server_swap(tls, buf_span(&cert2), buf_span(&key2), &err), &err);
        /* What is connected stays; who comes anew meets the new certificate. */
        call(old, (struct http_call){ 0 }, "https", "/", &answer);
        assert_fails(try_url(fresh, url, &err), &err, ERR_UPSTREAM);
    }
}

static void rejects_certificates_that_are_none(void **state)
{
    autodone(buf) struct buf cert = BUF_INIT(65536), key = BUF_INIT_SECRET(65536);
    struct tls_server *none = NULL;
    struct err err = { 0 };

    (void)state;
    testing_make_cert("x", &cert, &key);
    assert_fails(tls_server_new(SPAN_LITERAL("nothing"), buf_span(&key), &none, &err), &err,
        ERR_INVALID);
    assert_fails(tls_server_new(buf_span(&cert), SPAN_LITERAL("nothing"), &none, &err), &err,
        ERR_INVALID);
    assert_null(none);
}

static void survives_nonsense_instead_of_a_handshake(void **state)
{
    autodone(buf) struct buf cert = BUF_INIT(65536), key = BUF_INIT_SECRET(65536);
    autodone(buf) struct buf in = BUF_INIT(65536);

    (void)state;
    start_tls(&cert, &key);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &in);
    assert_null(strstr(buf_text(&in), "hello"));
    testing_wait_until(testing_http_stats(rig).n_connections == 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TLS_CASE(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gets_status_fields_and_body),
        CASE(uses_one_connection_for_all),
        CASE(sends_methods_headers_and_bodies),
        CASE(head_brings_no_body),
        CASE(sends_large_bodies),
        CASE(caps_the_answer),
        CASE(streams_to_a_sink_that_may_stop_it),
        CASE(refuses_urls_and_headers_that_are_none),
        CASE(asks_about_the_address_before_it_connects),
        CASE(names_who_cannot_be_reached_but_not_the_path),
        TLS_CASE(talks_tls_to_whom_it_trusts),
        TLS_CASE(does_not_talk_tls_to_strangers),
        TLS_CASE(swaps_the_certificate_under_way),
        cmocka_unit_test(rejects_certificates_that_are_none),
        TLS_CASE(survives_nonsense_instead_of_a_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
