/*
 * net/http_send: replies on their way out; see net/http_conn.h.
 *
 * A streamed body comes in pieces: while one is being sent, a worker makes the next, so at most two
 * are in memory however slow the client is, and no worker ever waits for a client.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/http_conn.h"

#define SMALL_BODY ((size_t)16 * 1024) /* is copied behind its head: one TLS record */
#define MAX_OUT ((size_t)128 * 1024)
#define CHUNK_FRAME 32
#define HEAD_AROUND_FIELDS 160 /* status line, Date, Content-Length, the empty line */

bool exchange_has_body(const struct http_exchange *x)
{
    return x->request.method != HTTP_METHOD_HEAD && x->reply.status != 204 &&
           x->reply.status != 304;
}

void exchange_produce(struct http_exchange *x, void *worker)
{
    struct http_producer *producer = &x->reply.producer;

    x->next = (struct buf)BUF_INIT(HTTP_CHUNK_SIZE + CHUNK_FRAME);
    x->next_more = producer->produce(producer->arg, worker, &x->next);
    if (!buf_ok(&x->next) || x->next.size > HTTP_CHUNK_SIZE)
        x->next_more = HTTP_BROKEN;
    x->has_next = true;
}

static void request_piece(struct http_exchange *x)
{
    if (!exchange_submit(x, TASK_PRODUCE))
        x->wants_piece = true; /* the sweep tries again */
}

/* Does the piece fit what the head has promised? */
static bool keeps_promise(struct http_exchange *x)
{
    if (x->next_more == HTTP_BROKEN)
        return false;
    if (x->left < 0)
        return true;
    if ((int64_t)x->next.size > x->left)
        return false;
    x->left -= (int64_t)x->next.size;
    return x->left == 0 || x->next_more != HTTP_LAST;
}

/* Make the next piece the one that is sent, and have another made. */
static void adopt_piece(struct http_exchange *x)
{
    if (!keeps_promise(x)) {
        log_debug("http.broken_stream", KV_I64("request", x->request.number));
        conn_close(x->conn);
        return;
    }
    x->is_last = x->next_more == HTTP_LAST || x->left == 0;
    if (x->is_chunked && x->next.size > 0) {
        buf_addf(&x->out, "%zx\r\n", x->next.size);
        buf_add_text(&x->next, "\r\n");
    }
    if (x->is_chunked && x->is_last)
        buf_add_text(&x->next, "0\r\n\r\n");
    x->piece = x->next;
    x->rest = buf_span(&x->piece);
    x->next = (struct buf){ 0 };
    x->has_next = false;
    if (!x->is_last)
        request_piece(x);
}

void exchange_take_piece(struct http_exchange *x)
{
    if (!x->is_blocked)
        exchange_send(x);
}

/* One write. False when the socket takes no more, or the connection is gone. */
static bool send_some(struct http_exchange *x)
{
    struct http_conn *conn = x->conn;
    struct iovec parts[2];
    int n_parts = 0;
    size_t n = 0, from_out = x->out.size - x->out_sent;
    enum io_result result;
    void *rest;

    memcpy(&rest, &x->rest.data, sizeof rest); /* iovec has no const */
    if (from_out > 0)
        parts[n_parts++] = (struct iovec){ x->out.data + x->out_sent, from_out };
    if (x->rest.size > 0)
        parts[n_parts++] = (struct iovec){ rest, x->rest.size };
    result = io_write(&conn->io, parts, n_parts, &n);
    if (result == IO_DONE) {
        x->outcome.bytes_out += (int64_t)n;
        conn->deadline_ms = clock_mono_ms() + x->server->limits.stall_timeout_ms;
        if (n < from_out) {
            x->out_sent += n;
        } else {
            x->out_sent = x->out.size;
            x->rest = span_slice(x->rest, n - from_out, SIZE_MAX);
        }
        return true;
    }
    if (result == IO_WANT_READ || result == IO_WANT_WRITE) {
        x->is_blocked = true;
        conn_arm(conn, result == IO_WANT_READ ? EV_READ : EV_WRITE);
    } else {
        conn_close(conn);
    }
    return false;
}

void exchange_send(struct http_exchange *x)
{
    struct http_conn *conn = x->conn;

    x->is_blocked = false;
    for (;;) {
        while (x->out_sent < x->out.size || x->rest.size > 0)
            if (!send_some(x))
                return;
        buf_clear(&x->out);
        x->out_sent = 0;
        buf_done(&x->piece);
        if (x->is_last) {
            exchange_end(x);
            return;
        }
        if (x->is_away || !x->has_next)
            break;
        adopt_piece(x);
        if (conn->state == CONN_CLOSED)
            return;
    }
    conn->deadline_ms = INT64_MAX; /* we wait for ourselves */
    if (!x->is_away && !x->wants_piece)
        request_piece(x);
}

/* Something of ours went wrong before a byte was out. */
static void replace_by_500(struct http_exchange *x)
{
    static const char why[] = "the server could not make its answer";

    http_reply_clear(&x->reply);
    http_reply_status(&x->reply, 500);
    if (x->server->app.refuse)
        x->server->app.refuse(x->server->app.context, 500, why, &x->reply);
    if (x->reply.mistake || !x->server->app.refuse)
        http_reply_plain(&x->reply, 500, why);
    buf_done(&x->next);
    x->has_next = false;
}

static void start_body(struct http_exchange *x, bool streams)
{
    struct span body;

    x->is_last = !streams;
    if (streams || !exchange_has_body(x))
        return;
    body = http_reply_get_body(&x->reply);
    if (x->conn->is_encrypted && body.size <= SMALL_BODY)
        buf_add_span(&x->out, body);
    else
        x->rest = body;
}

void exchange_reply(struct http_exchange *x)
{
    struct http_server *server = x->server;
    struct http_reply_frame frame = { .minor_version = x->request.minor_version };
    bool streams;

    if (x->reply.mistake)
        log_error("http.reply_is_wrong", KV_STR("what", x->reply.mistake),
            KV_STR("target", x->request.target));
    if (x->reply.mistake || (x->has_next && x->next_more == HTTP_BROKEN))
        replace_by_500(x);

    streams = exchange_has_body(x) && x->reply.producer.produce;
    frame.size = http_reply_size(&x->reply);
    if (streams && frame.size < 0 && x->has_next && x->next_more == HTTP_LAST)
        frame.size = (int64_t)x->next.size;
    frame.is_chunked = x->is_chunked = streams && frame.size < 0 && frame.minor_version == 1;
    if (x->reply.closes || server->is_draining || !x->read_whole ||
        (streams && frame.size < 0 && !x->is_chunked))
        x->keeps_alive = false;
    frame.keeps_alive = x->keeps_alive;
    frame.date = http_server_date(server);
    x->left = frame.size;
    x->outcome.status = x->reply.status;

    x->conn->state = CONN_SENDING;
    x->conn->deadline_ms = clock_mono_ms() + server->limits.stall_timeout_ms;
    x->out = (struct buf)BUF_INIT_SECRET(MAX_OUT); /* there may be a session's cookie in it */
    buf_reserve(&x->out, x->reply.fields.size + HEAD_AROUND_FIELDS);
    http_reply_write_head(&x->reply, &frame, &x->out);
    start_body(x, streams && frame.size != 0);
    exchange_send(x);
}

void exchange_refuse(struct http_exchange *x, int status, const char *why)
{
    const struct http_app *app = &x->server->app;
    struct span unused;

    x->outcome.refusal = why;
    http_reply_clear(&x->reply);
    if (!app->refuse)
        http_reply_plain(&x->reply, status, why);
    http_reply_status(&x->reply, status);
    if (app->refuse)
        app->refuse(app->context, status, why, &x->reply);
    if (status == 503 && !http_reply_find_field(&x->reply, "Retry-After", &unused))
        http_reply_field(&x->reply, "Retry-After", "2");
    if (status != 503 || !x->read_whole)
        http_reply_close(&x->reply);
    exchange_reply(x);
}
