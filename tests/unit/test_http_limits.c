/*
 * net/http_server: what strangers send to do harm, and what it costs them. Each limit has its
 * status; whoever is slow is cut off; a crowd leaves room for others.
 */
#include "testing.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "testing_http.h"

#define MANY 10000

static struct testing_http *rig;

static void start_with(const struct http_limits *limits)
{
    rig = testing_http_start(limits, NULL, NULL);
}

static int stop(void **state)
{
    (void)state;
    if (rig)
        testing_http_stop(rig);
    rig = NULL;
    return 0;
}

#define HOST "Host: a\r\n"
#define POST "POST /echo HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* Smuggling, oversize, bad escapes: refused, and the connection is closed behind it. */
static const struct {
    const char *request;
    int status;
} refused[] = {
    { POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400 },
    { POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400 },
    { POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400 },
    { POST "Content-Length: 3, 3\r\n\r\nabc", 400 },
    { POST "Content-Length: +3\r\n\r\nabc", 400 },
    { POST "Content-Length: -3\r\n\r\nabc", 400 },
    { POST "Content-Length: 0x3\r\n\r\nabc", 400 },
    { POST "Content-Length: 99999999999999999999\r\n\r\nabc", 400 },
    { POST "Content-Length: 1000000000000000000\r\n\r\nabc", 400 },
    { POST "Content-Length:\r\n\r\nabc", 400 },
    { POST "Content-Length : 3\r\n\r\nabc", 400 },
    { POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501 },
    { POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 501 },
    { POST "Transfer-Encoding: identity\r\n\r\n", 501 },
    { POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501 },
    { POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { POST "Transfer-Encoding:\x0b"
           "chunked\r\n\r\n0\r\n\r\n",
        400 },
    { "POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { CHUNKED "5\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "5\r\nhello\n0\r\n\r\n", 400 },
    { CHUNKED "5\r\nhello!\r\n0\r\n\r\n", 400 },
    { CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "5;\nx\r\nhello\r\n0\r\n\r\n", 400 },
    { CHUNKED "0\r\n\n", 400 },
    { CHUNKED "0\r\nA: b\n\r\n", 400 },
    { CHUNKED "0\r\nA: b\r\n c\r\n\r\n", 400 },
    { CHUNKED "0\r\n: b\r\n\r\n", 400 },
    { CHUNKED "0\r\nno colon\r\n\r\n", 400 },
    { "GET / HTTP/1.1\nHost: a\n\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\n\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX(Y): z\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n", 400 },
    { "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%0d%0a HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%ff HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%c0%af HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a/%2e%2E/b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a/. HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET http://u:p@a/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
    { "GET\t/\tHTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET / http/1.1\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1x\r\n" HOST "\r\n", 400 },
    { "GET /\r\n\r\n", 400 },
    { "\r\n\r\n\r\n\r\n\r\n", 400 },
    { "\x16\x03\x01\x02", 400 },
    { "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
    { "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
    { "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "TRACE / HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "GET / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n", 417 },
    { "POST /small HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", 413 },
    { "POST /none HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413 },
    { "POST /none HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 413 },
    { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n\r\n", 413 },
};

static void check_status(const void *request, size_t size, int status)
{
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    autoclose int fd = testing_connect(rig->port);
    char wanted[32];

    testing_send(fd, request, size);
    /* The client stays: it is the server that must close. */
    assert_true(testing_receive(fd, &in, NULL));
    (void)snprintf(wanted, sizeof wanted, "HTTP/1.1 %d ", status);
    if (!span_starts_with(buf_span(&in), wanted))
        fail_msg("\"%.*s\" was answered with %.60s instead of %d", (int)(size > 200 ? 200 : size),
            (const char *)request, buf_text(&in), status);
    assert_contains(buf_text(&in), "\r\nConnection: close\r\n");
    assert_null(strstr(buf_text(&in) + 1, "HTTP/1.1 "));
}

static void refuses_what_two_readers_might_read_differently(void **state)
{
    struct http_limits limits = testing_http_limits();

    (void)state;
    start_with(&limits);
    for (size_t i = 0; i < countof(refused); i++)
        check_status(refused[i].request, strlen(refused[i].request), refused[i].status);
    check_status("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 33, 400);
}

static void accepts_what_is_unusual_but_right(void **state)
{
    static const char *const fine[] = {
        "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nhOST: a:80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nX:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\t a \t\r\nX: \xff\xfe\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "GET /?a=%zz&b=|\"{ HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        POST "Content-Length: 0003\r\n\r\nabc",
        CHUNKED "3;a=b\r\nabc\r\n000\r\nA: b\r\n\r\n",
        POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    };
    struct http_limits limits = testing_http_limits();

    (void)state;
    start_with(&limits);
    for (size_t i = 0; i < countof(fine); i++) {
        autodone(buf) struct buf in = BUF_INIT(1 << 20);

        testing_exchange(rig->port, fine[i], &in);
        if (!span_starts_with(buf_span(&in), "HTTP/1.1 200 "))
            fail_msg("\"%s\" was answered with %.60s", fine[i], buf_text(&in));
    }
}

static void add_many(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_text(out, text);
}

static void refuses_what_is_too_long(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf out = BUF_INIT(1 << 20);

    (void)state;
    start_with(&limits);
    buf_add_text(&out, "GET /");
    add_many(&out, "a", 8192);
    buf_add_text(&out, " HTTP/1.1\r\n" HOST "\r\n");
    check_status(out.data, out.size, 414);

    buf_clear(&out); /* no end of the line is in sight */
    buf_add_text(&out, "GET /");
    add_many(&out, "a", 20000);
    check_status(out.data, out.size, 414);

    buf_clear(&out);
    buf_add_text(&out, "GET / HTTP/1.1\r\n" HOST "X: ");
    add_many(&out, "a", 17000);
    check_status(out.data, out.size, 431);

    buf_clear(&out);
    buf_add_text(&out, "GET / HTTP/1.1\r\n" HOST);
    add_many(&out, "X: y\r\n", 100);
    buf_add_text(&out, "\r\n");
    check_status(out.data, out.size, 431);

    buf_clear(&out);
    buf_add_text(&out, CHUNKED);
    add_many(&out, "1;extension=extension\r\nx\r\n", 1000);
    check_status(out.data, out.size, 400);

    buf_clear(&out);
    buf_add_text(&out, CHUNKED "0\r\n");
    add_many(&out, "X: trailer\r\n", 1000);
    check_status(out.data, out.size, 400);
}

static void takes_what_just_fits(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf out = BUF_INIT(1 << 20);
    autodone(buf) struct buf in = BUF_INIT(1 << 20);

    (void)state;
    start_with(&limits);
    buf_add_text(&out, "GET /");
    add_many(&out, "a", 8191);
    buf_add_text(&out, " HTTP/1.1\r\n" HOST);
    add_many(&out, "X: y\r\n", 99);
    buf_add_text(&out, "\r\n");
    testing_exchange(rig->port, buf_text(&out), &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));

    buf_clear(&in);
    testing_exchange(rig->port,
        "POST /small HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n"
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "012345678901234567890123456789",
        &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
}

static void counts_chunks_against_the_limit_too(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf out = BUF_INIT(1 << 20);

    (void)state;
    start_with(&limits);
    buf_add_text(&out, "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    add_many(&out, "1\r\nx\r\n", 101);
    buf_add_text(&out, "0\r\n\r\n");
    check_status(out.data, out.size, 413);
}

/* One byte at a time, for ever; returns what came before the server closed. */
static void drip(int fd, const char *head, struct buf *in)
{
    int64_t deadline_ms = clock_mono_ms() + HTTP_TEST_DEADLINE_MS;

    testing_send_text(fd, head);
    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        testing_send_text(fd, "x");
        if (poll(&wait, 1, 2) > 0)
            break;
        assert_true(clock_mono_ms() < deadline_ms);
    }
    assert_true(testing_receive(fd, in, NULL));
}

static void cuts_off_whoever_drips(void **state)
{
    static const char *const heads[] = { "",
        "GET / HTTP/1.1\r\nX: ", POST "Content-Length: 1000000\r\n\r\n" };
    struct http_limits limits = testing_http_limits();

    (void)state;
    limits.head_timeout_ms = limits.body_timeout_ms = 40;
    limits.min_body_rate = 100000;
    start_with(&limits);
    for (size_t i = 0; i < countof(heads); i++) {
        autodone(buf) struct buf in = BUF_INIT(1 << 20);
        autoclose int fd = testing_connect(rig->port);

        drip(fd, heads[i], &in);
        assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 408 "));
    }
}

static void a_steady_body_may_take_longer(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    autoclose int fd = -1;
    int64_t began_ms = clock_mono_ms();

    (void)state;
    limits.body_timeout_ms = 40;
    limits.min_body_rate = 100;
    start_with(&limits);
    fd = testing_connect(rig->port);
    testing_send_text(fd, POST "Content-Length: 100\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        testing_send_text(fd, "x");
        (void)poll(NULL, 0, 1);
    }
    assert_false(testing_receive(fd, &in, "\r\n\r\nx"));
    assert_true(clock_mono_ms() - began_ms >= 80); /* longer than the grace, so the rate counted */
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
}

static void closes_idle_connections_without_a_word(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    autoclose int fresh = -1, used = -1;

    (void)state;
    limits.idle_timeout_ms = 30;
    start_with(&limits);
    fresh = testing_connect(rig->port);
    assert_true(testing_receive(fresh, &in, NULL));
    assert_int_equal(in.size, 0);
    used = testing_connect(rig->port);
    testing_send_text(used, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(testing_receive(used, &in, NULL));
    assert_contains(buf_text(&in), "hello\n");
    assert_null(strstr(buf_text(&in), "408"));
    assert_int_equal(testing_http_stats(rig).n_connections, 0);
}

static void cuts_off_whoever_does_not_read(void **state)
{
    struct http_limits limits = testing_http_limits();
    static const char *const paths[] = { "/endless", "/big" };

    (void)state;
    limits.stall_timeout_ms = 50;
    start_with(&limits);
    for (size_t i = 0; i < countof(paths); i++) {
        autoclose int fd = testing_connect(rig->port);
        autodone(buf) struct buf out = BUF_INIT(1 << 20);
        struct http_seen seen;
        int small = 4096;

        testing_http_forget_seen();
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        buf_addf(&out, "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
        testing_send(fd, out.data, out.size);
        (void)testing_http_seen(&seen, 1);
        assert_true(seen.is_cut);
        assert_int_equal(seen.status, 200);
        testing_wait_until(testing_http_stats(rig).n_connections == 0);
    }
    /* The producer was let go of, and no worker was held. */
    assert_int_equal(testing_http_n_released(), 1);
}

static void says_when_it_is_full(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    int fds[3];

    (void)state;
    limits.max_connections = 3;
    start_with(&limits);
    for (size_t i = 0; i < countof(fds); i++)
        fds[i] = testing_connect(rig->port);
    testing_wait_until(testing_http_stats(rig).n_connections == 3);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 503 "));
    assert_contains(buf_text(&in), "\r\nRetry-After: ");
    assert_int_equal(testing_http_stats(rig).n_refused_connections, 1);
    for (size_t i = 0; i < countof(fds); i++)
        fd_close(fds[i]);
    testing_wait_until(testing_http_stats(rig).n_connections == 0);
    buf_clear(&in);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
}

static void one_address_cannot_take_all(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    int one, two;

    (void)state;
    limits.max_per_address = 2;
    limits.limits_loopback = true;
    start_with(&limits);
    one = testing_connect(rig->port);
    two = testing_connect(rig->port);
    testing_wait_until(testing_http_stats(rig).n_connections == 2);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 503 "));
    (void)shutdown(two, SHUT_RDWR);
    testing_wait_until(testing_http_stats(rig).n_connections == 1);
    buf_clear(&in);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
    testing_http_stop(rig);
    fd_close(one);
    fd_close(two);

    limits.limits_loopback = false;
    start_with(&limits);
    for (int i = 0; i < 5; i++) {
        int fd = testing_connect(rig->port);

        buf_clear(&in);
        testing_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
        assert_false(testing_receive(fd, &in, "hello\n"));
        fd_close(fd);
    }
}

static void says_when_all_workers_are_busy(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    int fds[6];

    (void)state;
    start_with(&limits);
    for (size_t i = 0; i < countof(fds); i++) { /* two threads, four may wait */
        fds[i] = testing_connect(rig->port);
        testing_send_text(fds[i], "GET /slow HTTP/1.1\r\n" HOST "\r\n");
        if (i < 2)
            testing_http_wait_for_waiters(i + 1);
        testing_wait_until(testing_http_stats(rig).n_active == i + 1);
    }
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 503 "));
    assert_contains(buf_text(&in), "\r\nRetry-After: ");
    testing_http_open_gate(true);
    for (size_t i = 0; i < countof(fds); i++) {
        buf_clear(&in);
        assert_false(testing_receive(fds[i], &in, "hello\n"));
        fd_close(fds[i]);
    }
}

static void survives_a_client_that_leaves_early(void **state)
{
    struct http_limits limits = testing_http_limits();
    static const char *const requests[] = { "GET /slow HTTP/1.1\r\n" HOST "\r\n",
        "GET /endless HTTP/1.1\r\n" HOST "\r\n", POST "Content-Length: 100000\r\n\r\nxx" };
    struct linger at_once = { .l_onoff = 1 };

    (void)state;
    start_with(&limits);
    for (size_t i = 0; i < countof(requests); i++) {
        int fd = testing_connect(rig->port);
        struct http_seen seen;

        testing_http_forget_seen();
        testing_http_open_gate(i != 0);
        testing_send_text(fd, requests[i]);
        testing_wait_until(testing_http_stats(rig).n_active == 1);
        if (i == 0)
            testing_http_wait_for_waiters(1);
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        fd_close(fd);
        testing_http_open_gate(true);
        (void)testing_http_seen(&seen, 1);
        testing_wait_until(testing_http_stats(rig).n_connections == 0);
        assert_true(i == 0 || seen.is_cut);
    }
}

static void waits_for_descriptors_when_there_are_none(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    struct rlimit before, tight;
    int fd;

    (void)state;
    limits.idle_timeout_ms = 400; /* the sweep comes round four times in that */
    start_with(&limits);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    fd = dup(STDERR_FILENO); /* the lowest that is free: the client gets it, the server none */
    fd_close(fd);
    tight = (struct rlimit){ (rlim_t)fd + 1, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(testing_connect(rig->port), fd);
    testing_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 10; i++)
        assert_int_equal(testing_http_stats(rig).n_connections, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(testing_receive(fd, &in, "hello\n"));
    fd_close(fd);
}

static bool raise_descriptors(rlim_t wanted)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur >= wanted)
        return true;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted; /* works for root */
    limit.rlim_cur = wanted;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* A process of its own, so that the sockets of both ends need not fit into one. */
static _Noreturn void be_a_crowd(int from_test)
{
    uint16_t port;

    if (read(from_test, &port, sizeof port) != sizeof port)
        _exit(1);
    for (size_t i = 0; i < MANY; i++)
        (void)testing_connect(port); /* the process's end closes them */
    (void)!read(from_test, &port, 1);
    _exit(0);
}

static pid_t start_crowd(int *ret_to_crowd)
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fd_close(ends[1]);
        be_a_crowd(ends[0]);
    }
    fd_close(ends[0]);
    *ret_to_crowd = ends[1];
    return pid;
}

static void serves_others_beside_10000_idle_ones(void **state)
{
    struct http_limits limits = testing_http_limits();
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    int to_crowd, status;
    pid_t crowd;

    (void)state;
    if (!raise_descriptors(MANY + 100)) {
        print_message("skipped: the limit of open files (ulimit -n) is below %d\n", MANY + 100);
        skip();
    }
    crowd = start_crowd(&to_crowd); /* before there are threads */
    start_with(&limits);
    assert_int_equal(write(to_crowd, &rig->port, sizeof rig->port), sizeof rig->port);
    testing_wait_until(testing_http_stats(rig).n_connections == MANY);
    testing_exchange(rig->port, "GET / HTTP/1.1\r\n" HOST "\r\n", &in);
    assert_true(span_starts_with(buf_span(&in), "HTTP/1.1 200 "));
    fd_close(to_crowd);
    testing_wait_until(testing_http_stats(rig).n_connections == 0);
    assert_int_equal(waitpid(crowd, &status, 0), crowd);
    assert_int_equal(status, 0);
}

#define CASE(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(refuses_what_two_readers_might_read_differently),
        CASE(accepts_what_is_unusual_but_right),
        CASE(refuses_what_is_too_long),
        CASE(takes_what_just_fits),
        CASE(counts_chunks_against_the_limit_too),
        CASE(cuts_off_whoever_drips),
        CASE(a_steady_body_may_take_longer),
        CASE(closes_idle_connections_without_a_word),
        CASE(cuts_off_whoever_does_not_read),
        CASE(says_when_it_is_full),
        CASE(one_address_cannot_take_all),
        CASE(says_when_all_workers_are_busy),
        CASE(survives_a_client_that_leaves_early),
        CASE(waits_for_descriptors_when_there_are_none),
        CASE(serves_others_beside_10000_idle_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
