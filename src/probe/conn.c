/*
 * probe/conn: a small machine of phases. Each has its own time-out, entered with enter(), and ends
 * by entering the next one or by report().
 */
#include "probe/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "net/loop.h"
#include "probe/starttls.h"

#define LINGER_MS 250
#define LINGER_BYTES 65536U
#define PROXY_ANSWER_MAX 16384U
#define OUT_MAX 4096U

enum phase { CONNECTING, TUNNELLING, TALKING, SHAKING, LINGERING, OVER };

struct conn {
    struct conn_plan plan;
    void (*done)(void *ctx, const struct conn_report *report);
    void (*gone)(void *ctx);
    void *ctx;

    enum phase phase;
    int fd;
    int early_errno; /* it failed before there was anything to wait for */
    struct loop_watch *watch;
    struct loop_timer *timer;
    int64_t phase_began_us;
    struct buf out; /* to be sent before TLS */
    struct buf in;  /* the proxy's answer */
    struct starttls talk;
    struct handshake *stream;
    size_t n_lingered;
    struct conn_report report;
};

static void report(struct conn *conn, enum probe_error error, const char *format, ...)
    printf_like(3, 4);

static void enter(struct conn *conn, enum phase phase, int64_t timeout_ms)
{
    const int64_t left_ms = conn->plan.deadline_ms - clock_mono_ms();

    conn->phase = phase;
    conn->phase_began_us = clock_mono_us();
    if (phase < LINGERING && left_ms < timeout_ms)
        timeout_ms = left_ms > 0 ? left_ms : 0;
    loop_timer_start(conn->timer, timeout_ms);
}

static void close_socket(struct conn *conn)
{
    loop_watch_free(take(&conn->watch));
    handshake_free(take(&conn->stream));
    fd_close(conn->fd);
    conn->fd = -1;
}

/* Leave: at once after a failure, politely after a handshake. */
static void leave(struct conn *conn)
{
    if (conn->report.error == PROBE_OK && conn->stream) {
        handshake_bye(conn->stream);
        handshake_free(take(&conn->stream));
        if (shutdown(conn->fd, SHUT_WR) == 0) {
            loop_watch_set(conn->watch, LOOP_READ);
            enter(conn, LINGERING, LINGER_MS);
            return;
        }
    }
    close_socket(conn);
    conn->phase = OVER;
    conn->gone(conn->ctx);
}

static void conclude(struct conn *conn)
{
    const int64_t us = clock_mono_us() - conn->phase_began_us;

    if (conn->phase == SHAKING)
        conn->report.handshake_us = us;
    else if (conn->phase == TALKING)
        conn->report.starttls_us = us;
    else
        conn->report.connect_us += us;
    loop_timer_stop(conn->timer);
    conn->report.stream = conn->stream;
    conn->done(conn->ctx, &conn->report);
    leave(conn);
}

static void report(struct conn *conn, enum probe_error error, const char *format, ...)
{
    va_list args;

    conn->report.error = error;
    va_start(args, format);
    (void)vsnprintf(conn->report.message, sizeof(conn->report.message), format, args);
    va_end(args);
    conclude(conn);
}

/* The network's own words, by errno. `is_local`: this host said so before it sent anything. */
static void report_errno(struct conn *conn, int code, bool is_local)
{
    static const char *const doing[] = { "connecting", "asking the proxy", "asking for TLS",
        "the handshake", "", "" };

    if (code == ECONNREFUSED)
        report(conn, PROBE_REFUSED, "the connection was refused");
    else if (code == ETIMEDOUT)
        report(conn, PROBE_TIMEOUT, "timed out while connecting");
    else if (is_local && (code == ENETUNREACH || code == EADDRNOTAVAIL || code == EAFNOSUPPORT))
        report(conn, PROBE_NOT_ROUTABLE, "this host has no route for %s addresses",
            conn->plan.addr.n_bytes == 4 ? "such IPv4" : "such IPv6");
    else if (code == ENETUNREACH || code == EHOSTUNREACH || code == EACCES || code == EPERM ||
             code == EHOSTDOWN || code == ENETDOWN)
        report(conn, PROBE_UNREACHABLE, "it cannot be reached: %s", strerrordesc_np(code));
    else if (code == ECONNRESET || code == EPIPE || code == ECONNABORTED)
        report(conn, PROBE_CLOSED, "the server reset the connection during %s", doing[conn->phase]);
    else
        report(conn, PROBE_INTERNAL, "%s failed: %s", doing[conn->phase], strerrordesc_np(code));
}

static void shake(struct conn *conn)
{
    switch (handshake_step(conn->stream)) {
    case HANDSHAKE_READ:
        loop_watch_set(conn->watch, LOOP_READ);
        break;
    case HANDSHAKE_WRITE:
        loop_watch_set(conn->watch, LOOP_WRITE);
        break;
    case HANDSHAKE_DONE:
        conclude(conn);
        break;
    case HANDSHAKE_FAILED:
        conn->report.error = handshake_error(conn->stream, conn->report.message);
        conclude(conn);
        break;
    }
}

static void begin_tls(struct conn *conn)
{
    conn->stream = handshake_new(conn->plan.setup, conn->fd, &conn->plan.tls);
    enter(conn, SHAKING, conn->plan.timeouts.handshake_ms);
    shake(conn);
}

enum flushed { FLUSHED, FLUSH_LATER, FLUSH_FAILED /* and the connection may be gone */ };

/* Send what there is to send. */
static enum flushed flush(struct conn *conn)
{
    while (conn->out.size > 0) {
        const ssize_t n = send(conn->fd, conn->out.data, conn->out.size, MSG_NOSIGNAL);

        if (n > 0) {
            buf_drop(&conn->out, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            loop_watch_set(conn->watch, LOOP_READ | LOOP_WRITE);
            return FLUSH_LATER;
        } else {
            report_errno(conn, errno, false);
            return FLUSH_FAILED;
        }
    }
    loop_watch_set(conn->watch, LOOP_READ);
    return FLUSHED;
}

static void begin_tls_after(struct conn *conn, enum flushed flushed)
{
    if (flushed == FLUSH_LATER)
        report(conn, PROBE_CLOSED, "the server does not read what is sent to it");
    if (flushed != FLUSHED)
        return;
    conn->report.starttls_us = clock_mono_us() - conn->phase_began_us;
    begin_tls(conn);
}

static void feed_talk(struct conn *conn, struct span bytes)
{
    switch (starttls_feed(&conn->talk, bytes, &conn->out)) {
    case STARTTLS_MORE:
        (void)flush(conn);
        break;
    case STARTTLS_REFUSED:
        report(conn, PROBE_STARTTLS_REFUSED, "%s", conn->talk.reason);
        break;
    case STARTTLS_GO:
        /* The last words are a packet of a few bytes at most, on a socket that was idle. */
        begin_tls_after(conn, flush(conn));
        break;
    }
}

/* The way to the server is open. `early`: what it said already, behind a proxy's answer. */
static void begin_talk(struct conn *conn, struct span early)
{
    conn->report.connect_us += clock_mono_us() - conn->phase_began_us;
    if (conn->plan.protocol == PROBE_TLS) {
        begin_tls(conn);
        return;
    }
    enter(conn, TALKING, conn->plan.timeouts.starttls_ms);
    starttls_init(&conn->talk, conn->plan.protocol, conn->plan.host, &conn->out);
    if (flush(conn) == FLUSHED && early.size > 0)
        feed_talk(conn, early);
}

static void begin_tunnel(struct conn *conn)
{
    conn->report.connect_us = clock_mono_us() - conn->phase_began_us;
    enter(conn, TUNNELLING, conn->plan.timeouts.connect_ms);
    conn->out.is_secret = conn->plan.tunnel_as != NULL;
    buf_addf(&conn->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", conn->plan.tunnel_to,
        conn->plan.tunnel_to);
    if (conn->plan.tunnel_as)
        buf_addf(&conn->out, "Proxy-Authorization: %s\r\n", conn->plan.tunnel_as);
    buf_add_text(&conn->out, "\r\n");
    (void)flush(conn);
}

static void feed_tunnel(struct conn *conn, struct span bytes)
{
    buf_add_span(&conn->in, bytes);
    const struct span answer = buf_span(&conn->in);
    const size_t end = span_find(answer, SPAN_LITERAL("\r\n\r\n"));
    const struct span line = span_slice(answer, 0, span_find_char(answer, '\r'));

    if (!buf_ok(&conn->in)) {
        report(conn, PROBE_PROXY, "the proxy's answer is too long");
        return;
    }
    if (end == SIZE_MAX)
        return;
    if (!span_starts_with(line, "HTTP/1.") || line.size < 12 || line.data[9] != '2') {
        char words[64];

        span_copy_text(span_slice(line, 9, SIZE_MAX), words, sizeof(words));
        for (char *c = words; *c; c++)
            if ((uint8_t)*c < 0x20 || (uint8_t)*c >= 0x7f)
                *c = '?';
        report(conn, PROBE_PROXY, "the proxy refused: %s", words);
        return;
    }
    const struct span early = span_slice(answer, end + 4, SIZE_MAX);
    if (early.size > 0 && conn->plan.protocol == PROBE_TLS) {
        report(conn, PROBE_NOT_TLS, "the server spoke before TLS");
        return;
    }
    begin_talk(conn, early);
}

/* Before TLS: something to read, or the end of it. */
static void listen_to(struct conn *conn)
{
    uint8_t bytes[4096];
    const ssize_t n = recv(conn->fd, bytes, sizeof(bytes), 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0)
        report_errno(conn, errno, false);
    else if (n == 0)
        report(conn, conn->phase == TUNNELLING ? PROBE_PROXY : PROBE_CLOSED,
            "the %s closed the connection", conn->phase == TUNNELLING ? "proxy" : "server");
    else if (conn->phase == TUNNELLING)
        feed_tunnel(conn, span_of(bytes, (size_t)n));
    else
        feed_talk(conn, span_of(bytes, (size_t)n));
}

static void finish_connect(struct conn *conn)
{
    socklen_t size = sizeof(int);
    int code = 0;

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
        code = errno;
    if (code != 0)
        report_errno(conn, code, false);
    else if (conn->plan.tunnel_to)
        begin_tunnel(conn);
    else
        begin_talk(conn, SPAN_EMPTY);
}

static void linger(struct conn *conn)
{
    uint8_t bytes[4096];
    ssize_t n;

    while ((n = recv(conn->fd, bytes, sizeof(bytes), 0)) > 0) {
        conn->n_lingered += (size_t)n;
        if (conn->n_lingered > LINGER_BYTES)
            break;
    }
    if (n < 0 && errno == EAGAIN)
        return;
    loop_timer_stop(conn->timer);
    close_socket(conn);
    conn->phase = OVER;
    conn->gone(conn->ctx);
}

static void on_ready(void *arg, unsigned what)
{
    struct conn *const conn = arg;

    switch (conn->phase) {
    case CONNECTING:
        finish_connect(conn);
        break;
    case TUNNELLING:
    case TALKING:
        if ((what & LOOP_WRITE) && conn->out.size > 0)
            (void)flush(conn);
        else
            listen_to(conn);
        break;
    case SHAKING:
        shake(conn);
        break;
    case LINGERING:
        linger(conn);
        break;
    case OVER:
        break;
    }
}

static void on_timeout(void *arg)
{
    static const char *const doing[] = { "connecting", "waiting for the proxy",
        "waiting for the server to begin TLS", "waiting for the TLS handshake", "", "" };
    struct conn *const conn = arg;

    if (conn->phase == LINGERING) {
        close_socket(conn);
        conn->phase = OVER;
        conn->gone(conn->ctx);
    } else if (conn->early_errno) {
        report_errno(conn, conn->early_errno, true);
    } else {
        report(conn, PROBE_TIMEOUT, "timed out while %s", doing[conn->phase]);
    }
}

static bool start_connect(struct conn *conn)
{
    struct sockaddr_storage to;
    const socklen_t size = addr_to_sockaddr(&conn->plan.addr, conn->plan.port, &to);
    const int on = 1;

    conn->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        return false;
    (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connect(conn->fd, (const struct sockaddr *)&to, size) == 0 || errno == EINPROGRESS;
}

struct conn *conn_new(const struct conn_plan *plan,
    void (*done)(void *ctx, const struct conn_report *report), void (*gone)(void *ctx), void *ctx)
{
    struct conn *const conn = xcalloc(1, sizeof(*conn));

    *conn = (struct conn){
        .plan = *plan,
        .done = done,
        .gone = gone,
        .ctx = ctx,
        .fd = -1,
        .out = BUF_INIT(OUT_MAX),
        .in = BUF_INIT(PROXY_ANSWER_MAX),
    };
    conn->timer = loop_timer_new(plan->loop, on_timeout, conn);
    if (start_connect(conn)) {
        conn->watch = loop_watch_new(plan->loop, conn->fd, LOOP_WRITE, on_ready, conn);
        enter(conn, CONNECTING, plan->timeouts.connect_ms);
    } else {
        conn->early_errno = errno;
        enter(conn, CONNECTING, 0);
    }
    return conn;
}

void conn_free(struct conn *conn)
{
    if (!conn)
        return;
    close_socket(conn);
    loop_timer_free(conn->timer);
    starttls_done(&conn->talk);
    buf_done(&conn->out);
    buf_done(&conn->in);
    free(conn);
}
