/*
 * net/http_conn: reading requests, and who has them when.
 *
 * A connection is freed in three places only, each at the end of a call from the loop (an event, a
 * worker's return, a tick), so nothing below them has to ask whether it still exists. A request
 * that a worker has outlives its connection's end.
 */
#include "net/http_conn.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/http_parse.h"
#include "net/http_proxy.h"
#include "net/loop.h"
#include "net/workers.h"

#define LINGER_MS 2000

static void on_event(evutil_socket_t fd, short what, void *arg);

void conn_arm(struct http_conn *conn, short what)
{
    if (conn->armed == what)
        return;
    if (conn->armed)
        (void)event_del(&conn->event);
    conn->armed = what;
    if (!what)
        return;
    (void)event_assign(&conn->event, conn->server->base, conn->io.fd, (short)(what | EV_PERSIST),
        on_event, conn);
    (void)event_add(&conn->event, NULL);
}

/* The socket; what is said about the request on it is the caller's affair. */
static void shut(struct http_conn *conn)
{
    conn_arm(conn, 0);
    io_close(&conn->io);
    conn->state = CONN_CLOSED;
}

void conn_close(struct http_conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    shut(conn);
    if (conn->exchange && !conn->exchange->is_away)
        exchange_end(conn->exchange);
}

/* The only place that frees one. */
static void free_if_closed(struct http_conn *conn)
{
    if (conn->state != CONN_CLOSED || conn->exchange)
        return;
    http_server_forget(conn->server, conn);
    buf_done(&conn->pending);
    free(conn);
}

static void set_deadline(struct http_conn *conn, int64_t after_ms)
{
    conn->deadline_ms = clock_mono_ms() + after_ms;
}

static struct http_exchange *exchange_new(struct http_conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;
    struct http_parse_limits parse = { limits->max_head, limits->max_target, limits->max_fields };
    struct http_exchange *x = xcalloc(1, sizeof *x);

    x->conn = conn;
    x->server = conn->server;
    x->parser = http_parser_new(&parse, &x->request);
    http_reply_init(&x->reply);
    http_body_init(&x->body, limits->max_memory_body, conn->server->spool_dir);
    conn->exchange = x;
    set_deadline(conn, limits->head_timeout_ms);
    return x;
}

static void release(struct http_exchange *x)
{
    http_request_done(&x->request);
    http_reply_done(&x->reply);
    http_body_done(&x->body);
    http_parser_free(x->parser);
    buf_done(&x->out);
    buf_done(&x->piece);
    buf_done(&x->next);
    free(x);
}

/* What was refused early has no target; whoever logs should not have to ask. */
static void tell_finished(struct http_exchange *x)
{
    struct http_request shown = x->request;
    char nothing[] = "";

    if (!x->server->app.finished)
        return;
    if (x->began_us)
        x->outcome.micros = clock_mono_us() - x->began_us;
    else
        http_proxy_apply(NULL, &x->conn->peer, x->conn->is_encrypted, &shown);
    shown.target = shown.target ? shown.target : nothing;
    shown.query = shown.query ? shown.query : nothing;
    shown.host = shown.host ? shown.host : nothing;
    x->outcome.bytes_in = x->body.size;
    x->server->app.finished(x->server->app.context, &shown, &x->outcome);
}

/* Closing with bytes unread would reset the connection, and take our last words from the peer. */
static void begin_lingering(struct http_conn *conn)
{
    if (conn->server->is_draining) {
        shut(conn);
        return;
    }
    io_end_writing(&conn->io);
    conn->state = CONN_LINGERING;
    buf_done(&conn->pending);
    set_deadline(conn, LINGER_MS);
    conn_arm(conn, EV_READ);
}

void exchange_end(struct http_exchange *x)
{
    struct http_conn *conn = x->conn;
    bool stays = x->keeps_alive && x->read_whole && !conn->server->is_draining;
    bool is_unread = !x->read_whole || conn->pending.size > 0;

    if (conn->state == CONN_CLOSED && (x->began_us || x->outcome.status))
        x->outcome.is_cut = true;
    if (x->began_us || x->outcome.status)
        tell_finished(x);
    if (x->is_counted)
        conn->server->stats.n_active--;
    conn->exchange = NULL;
    release(x);
    if (conn->state == CONN_CLOSED)
        return;
    if (stays) {
        conn->state = CONN_READING;
        set_deadline(conn, conn->server->limits.idle_timeout_ms);
    } else if (is_unread) {
        begin_lingering(conn);
    } else {
        io_end_writing(&conn->io);
        shut(conn);
    }
}

static void take_body_bytes(void *arg, struct span bytes)
{
    struct http_exchange *x = arg;
    struct err err = { 0 };

    if (x->body_status || x->discards)
        return;
    if (!http_body_add(&x->body, bytes, &err))
        x->body_status = err.kind == ERR_LIMIT ? 413 : 507;
}

static void say_continue(struct http_conn *conn)
{
    static char words[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec part = { words, sizeof words - 1 };
    size_t n = 0;

    /* Nothing else is on its way, so a socket that does not take this at once is a dead one. */
    if (io_write(&conn->io, &part, 1, &n) != IO_DONE || n != part.iov_len)
        conn_close(conn);
}

static void set_body_deadline(struct http_exchange *x)
{
    const struct http_limits *limits = &x->server->limits;
    int64_t rate = limits->min_body_rate > 0 ? limits->min_body_rate : 1;
    int64_t earned_ms = x->body.size / rate * 1000 + x->body.size % rate * 1000 / rate;

    x->conn->deadline_ms = x->body_began_ms + limits->body_timeout_ms + earned_ms;
}

static void begin_body(struct http_exchange *x)
{
    x->conn->state = CONN_READING;
    x->body_began_ms = clock_mono_ms();
    set_body_deadline(x);
    if (http_parser_expects_continue(x->parser) && x->body.size == 0)
        say_continue(x->conn);
}

/* Ask whether this client may send that much, before it does. */
static void ask_for_authorization(struct http_exchange *x)
{
    x->conn->state = CONN_WORKING;
    if (!exchange_submit(x, TASK_AUTHORIZE))
        exchange_refuse(x, 503, "the server is busy");
}

/* The app has answered from the header section alone. */
static void answer_early(struct http_exchange *x)
{
    int64_t size = http_parser_body_size(x->parser);

    if (size == 0) {
        x->read_whole = true;
        exchange_reply(x);
    } else if (size > 0 && size <= (int64_t)x->server->limits.max_memory_body &&
               !http_parser_expects_continue(x->parser)) {
        x->discards = true;
        begin_body(x);
    } else {
        http_reply_close(&x->reply);
        exchange_reply(x);
    }
}

static void refuse_size(struct http_exchange *x)
{
    if (x->body.max == 0)
        (void)snprintf(x->size_refusal, sizeof x->size_refusal, "there must be no body here");
    else
        (void)snprintf(x->size_refusal, sizeof x->size_refusal,
            "the body is larger than %" PRId64 " bytes", x->body.max);
    exchange_refuse(x, 413, x->size_refusal);
}

static void on_head(struct http_exchange *x)
{
    struct http_server *server = x->server;
    struct http_request *request = &x->request;
    int64_t size = http_parser_body_size(x->parser);
    int64_t least = size < 0 ? 1 : size;
    enum http_verdict verdict;

    x->began_us = clock_mono_us();
    x->keeps_alive = http_parser_keeps_alive(x->parser);
    x->is_counted = true;
    server->stats.n_active++;
    request->number = ++server->stats.n_requests;
    request->received_at = clock_now();
    http_proxy_apply(server->trusted, &x->conn->peer, x->conn->is_encrypted, request);
    http_parser_set_sink(x->parser, take_body_bytes, x);

    verdict = server->app.admit(server->app.context, request, &x->reply);
    x->body.max = request->admission.max_body;
    x->body.is_secret = request->admission.secret_body;
    if (verdict == HTTP_ANSWERED)
        answer_early(x);
    else if (least > x->body.max)
        refuse_size(x);
    else if (size > (int64_t)server->limits.max_memory_body && server->app.authorize)
        ask_for_authorization(x);
    else
        begin_body(x);
}

/* One for each time round the loop, so that whoever sends many in a row does not have it alone. */
static bool is_answered_at_once(struct http_exchange *x)
{
    const struct http_app *app = &x->server->app;

    if (!app->answer_at_once || x->request.body_size > 0 || x->conn->had_one_at_once)
        return false;
    x->conn->had_one_at_once = true;
    return app->answer_at_once(app->context, &x->request, &x->reply) == HTTP_ANSWERED;
}

static void on_whole_request(struct http_exchange *x)
{
    if (x->discards) {
        exchange_reply(x);
        return;
    }
    x->request.body_size = x->body.size;
    x->request.body = http_body_span(&x->body);
    x->request.body_fd = x->body.fd;
    x->conn->state = CONN_WORKING;
    x->conn->deadline_ms = INT64_MAX;
    if (is_answered_at_once(x))
        exchange_reply(x);
    else if (!exchange_submit(x, TASK_HANDLE))
        exchange_refuse(x, 503, "the server is busy");
}

static bool needs_authorization(const struct http_exchange *x)
{
    return x->body.size > (int64_t)x->server->limits.max_memory_body && !x->is_authorized &&
           x->server->app.authorize;
}

/* After bytes of a body, and after the last of them. */
static void check_body(struct http_exchange *x)
{
    if (x->body_status == 413)
        refuse_size(x);
    else if (x->body_status)
        exchange_refuse(x, x->body_status, "the body could not be kept");
    else if (needs_authorization(x))
        ask_for_authorization(x);
    else if (x->read_whole)
        on_whole_request(x);
    else
        set_body_deadline(x);
}

/* One step of the parser. False when it needs more bytes. */
static bool step(struct http_exchange *x, struct span *in)
{
    size_t used;
    bool was_in_body = x->began_us != 0;
    enum http_parse_step result = http_parser_feed(x->parser, *in, &used);
    int status;
    const char *why;

    *in = span_slice(*in, used, SIZE_MAX);
    switch (result) {
    case HTTP_PARSE_HEAD:
        on_head(x);
        return true;
    case HTTP_PARSE_END:
        x->read_whole = true;
        check_body(x);
        return true;
    case HTTP_PARSE_REFUSED:
        why = http_parser_refusal(x->parser, &status);
        exchange_refuse(x, status, why);
        return true;
    case HTTP_PARSE_MORE:
        break;
    }
    if (was_in_body)
        check_body(x);
    return false;
}

/* Read requests out of `in`; what is left when nobody may read on is kept. */
static void feed(struct http_conn *conn, struct span in)
{
    bool goes_on = true;

    while (goes_on && conn->state == CONN_READING && (in.size > 0 || conn->exchange))
        goes_on = step(conn->exchange ? conn->exchange : exchange_new(conn), &in);
    if (in.size > 0 && conn->state != CONN_CLOSED && conn->state != CONN_LINGERING) {
        conn->pending = (struct buf)BUF_INIT_SECRET(HTTP_READ_SIZE * 2);
        buf_add_span(&conn->pending, in);
    }
}

static void feed_pending(struct http_conn *conn)
{
    autodone(buf) struct buf pending = conn->pending;

    conn->pending = (struct buf){ 0 };
    feed(conn, buf_span(&pending));
}

/* Arm for what an operation waits for, or close. False unless it has gone through. */
static bool went_through(struct http_conn *conn, enum io_result result)
{
    switch (result) {
    case IO_DONE:
        return true;
    case IO_WANT_READ:
        conn_arm(conn, EV_READ);
        return false;
    case IO_WANT_WRITE:
        conn_arm(conn, EV_WRITE);
        return false;
    case IO_END:
    case IO_FAILED:
        break;
    }
    conn_close(conn);
    return false;
}

/* Read as long as requests can be taken and bytes are there. */
static void read_requests(struct http_conn *conn, bool may_be_readable)
{
    uint8_t *field = conn->server->read_field;

    while (conn->state == CONN_READING) {
        size_t n = 0;

        if (conn->pending.size > 0) {
            feed_pending(conn);
            continue;
        }
        if (!may_be_readable && !io_has_buffered(&conn->io)) {
            conn_arm(conn, EV_READ);
            return;
        }
        if (!went_through(conn, io_read(&conn->io, field, HTTP_READ_SIZE, &n)))
            return;
        may_be_readable = n == HTTP_READ_SIZE;
        feed(conn, span_of(field, n));
        explicit_bzero(field, n); /* there may have been a password in it */
    }
}

static void shake_hands(struct http_conn *conn)
{
    if (!went_through(conn, io_handshake(&conn->io)))
        return;
    conn->state = CONN_READING;
    set_deadline(conn, conn->server->limits.idle_timeout_ms);
    read_requests(conn, true);
}

static void linger(struct http_conn *conn)
{
    uint8_t *field = conn->server->read_field;
    size_t n = 0;

    if (went_through(conn, io_read(&conn->io, field, HTTP_READ_SIZE, &n)))
        explicit_bzero(field, n);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct http_conn *conn = arg;

    (void)fd;
    (void)what;
    conn->had_one_at_once = false;
    switch ((enum conn_state)conn->state) {
    case CONN_HANDSHAKE:
        shake_hands(conn);
        break;
    case CONN_READING:
        read_requests(conn, true);
        break;
    case CONN_SENDING:
        if (conn->exchange->is_blocked)
            exchange_send(conn->exchange);
        else
            conn_arm(conn, 0); /* the next request, or an end that sending will find out about */
        read_requests(conn, false);
        break;
    case CONN_WORKING:
        conn_arm(conn, 0); /* it waits in the kernel until its turn comes */
        break;
    case CONN_LINGERING:
        linger(conn);
        break;
    case CONN_CLOSED:
        break;
    }
    free_if_closed(conn);
}

/* A worker has given the exchange back. */
static void on_return(void *arg)
{
    struct http_exchange *x = arg;
    struct http_conn *conn = x->conn;

    x->is_away = false;
    x->server->n_away--;
    if (conn->state == CONN_CLOSED) {
        exchange_end(x);
    } else if (x->task == TASK_PRODUCE) {
        exchange_take_piece(x);
    } else if (x->task == TASK_HANDLE || x->verdict == HTTP_ANSWERED) {
        exchange_reply(x);
    } else {
        x->is_authorized = true;
        if (x->read_whole)
            on_whole_request(x);
        else
            begin_body(x);
    }
    read_requests(conn, false);
    free_if_closed(conn);
}

/* On a worker. */
static void run(void *worker, void *arg)
{
    struct http_exchange *x = arg;
    const struct http_app *app = &x->server->app;

    switch (x->task) {
    case TASK_AUTHORIZE:
        x->verdict = app->authorize(app->context, worker, &x->request, &x->reply);
        break;
    case TASK_HANDLE:
        app->handle(app->context, worker, &x->request, &x->reply);
        /* The first piece at once: a short answer then has a length, and needs no second turn. */
        if (x->reply.producer.produce && !x->reply.mistake && exchange_has_body(x))
            exchange_produce(x, worker);
        break;
    case TASK_PRODUCE:
        exchange_produce(x, worker);
        break;
    }
    loop_post(x->server->loop, on_return, x);
}

bool exchange_submit(struct http_exchange *x, enum exchange_task task)
{
    struct err err = { 0 };

    x->task = task;
    if (task != TASK_PRODUCE)
        x->conn->deadline_ms = INT64_MAX;
    x->is_away = true;
    if (workers_submit(x->server->workers,
            x->request.admission.is_watch ? WORK_WATCH : WORK_REQUEST, run, x, &err)) {
        x->server->n_away++;
        return true;
    }
    x->is_away = false;
    return false;
}

void http_conn_start(struct http_server *server, struct io io, const struct net_addr *peer,
    bool is_counted)
{
    struct http_conn *conn = xcalloc(1, sizeof *conn);

    conn->server = server;
    conn->io = io;
    conn->peer = *peer;
    conn->is_counted = is_counted;
    conn->is_encrypted = io.tls != NULL;
    conn->state = io.tls ? CONN_HANDSHAKE : CONN_READING;
    conn->next = server->conns;
    conn->at = &server->conns;
    if (conn->next)
        conn->next->at = &conn->next;
    server->conns = conn;
    server->stats.n_connections++;
    set_deadline(conn, io.tls ? server->limits.head_timeout_ms : server->limits.idle_timeout_ms);
    conn_arm(conn, EV_READ);
}

void http_conn_tick(struct http_conn *conn, int64_t now_ms)
{
    struct http_exchange *x = conn->exchange;

    if (x && x->wants_piece) {
        x->wants_piece = false;
        if (!exchange_submit(x, TASK_PRODUCE))
            x->wants_piece = true;
    }
    if (now_ms < conn->deadline_ms)
        return;
    if (conn->state == CONN_READING && x && (x->began_us || http_parser_has_begun(x->parser)))
        exchange_refuse(x, 408, "the request took too long to arrive");
    else
        conn_close(conn);
    free_if_closed(conn);
}

void http_conn_drop(struct http_conn *conn)
{
    conn_close(conn);
    free_if_closed(conn);
}

void http_conn_drop_idle(struct http_conn *conn)
{
    if (conn->state == CONN_HANDSHAKE || conn->state == CONN_LINGERING ||
        (conn->state == CONN_READING && !conn->exchange))
        http_conn_drop(conn);
}
