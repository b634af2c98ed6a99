/*
 * net/http_conn: one connection and the request on it; the inside of net/http_server.
 *
 * All of it belongs to the loop's thread, but for an exchange that is on a worker: until it comes
 * back, the loop touches only the fields marked so.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/base.h"
#include "base/buf.h"
#include "net/addr.h"
#include "net/http_body.h"
#include "net/http_peers.h"
#include "net/http_reply.h"
#include "net/http_server.h"
#include "net/io.h"

struct http_exchange;
struct http_parser;

#define HTTP_READ_SIZE ((size_t)64 * 1024)
#define HTTP_CHUNK_SIZE ((size_t)256 * 1024)

enum conn_state {
    CONN_HANDSHAKE,
    CONN_READING,   /* idle, or in the middle of a request */
    CONN_WORKING,   /* a worker has the request */
    CONN_SENDING,   /* the reply; a worker may be making the next piece of it */
    CONN_LINGERING, /* reads on for a moment, so that the peer gets our last words */
    CONN_CLOSED,    /* freed as soon as no worker needs it */
};

/* What an idle connection costs. */
struct http_conn {
    struct http_server *server;
    struct http_conn *next;
    struct http_conn **at; /* what points to this one */
    struct event event;
    struct io io;
    int64_t deadline_ms; /* clock_mono_ms(); INT64_MAX: none */
    struct http_exchange *exchange;
    struct buf pending; /* read, but of the next request */
    struct net_addr peer;
    uint8_t state;
    short armed; /* EV_READ, EV_WRITE or 0 */
    bool is_encrypted;
    bool is_counted;      /* in server->peers */
    bool had_one_at_once; /* since the loop last looked here */
};

enum exchange_task { TASK_AUTHORIZE, TASK_HANDLE, TASK_PRODUCE };

struct http_exchange {
    struct http_conn *conn;
    struct http_server *server;
    struct http_parser *parser;
    struct http_request request;
    struct http_reply reply;
    struct http_body body;
    struct http_outcome outcome;
    int64_t began_us;      /* its header section was complete; 0: it is not */
    int64_t body_began_ms; /* for the rate */
    int body_status;       /* not 0: the body cannot be taken, and why in this status */
    char size_refusal[64]; /* the sentence that names the limit, once it was passed */
    bool is_authorized;
    bool discards;   /* reads a small body only to get past it, and answers then */
    bool read_whole; /* nothing of this request is left on the wire */
    bool keeps_alive;
    bool is_counted; /* in the server's number of active ones */

    enum exchange_task task; /* what the worker is to do */
    enum http_verdict verdict;
    bool is_away;     /* a worker has it; the loop's */
    bool wants_piece; /* could not be submitted; the sweep tries again; the loop's */

    /* The reply on its way: the loop's, even while a worker fills in `next`. */
    struct buf out; /* head, and what is small enough to travel with it */
    size_t out_sent;
    struct span rest; /* of the body, after `out` */
    struct buf piece; /* what `rest` points to, if it is streamed */
    bool is_chunked;
    bool is_last;    /* nothing follows `rest` */
    bool is_blocked; /* the socket takes no more for now */

    struct buf next; /* the worker's */
    enum http_more next_more;
    bool has_next;

    int64_t left; /* of a streamed body of known size, not yet taken over; the loop's */
};

struct http_server {
    struct loop *loop;
    struct workers *workers;
    struct event_base *base;
    struct http_app app;
    struct http_limits limits;
    struct addr_ranges *trusted;
    struct http_peers peers;
    char *spool_dir;

    struct http_listener *listeners;
    struct http_conn *conns;
    struct loop_timer *sweep;
    int64_t sweep_ms;
    bool is_sweeping;
    bool is_draining;
    size_t n_away; /* exchanges on workers */
    struct {
        _Atomic size_t n_connections;
        _Atomic size_t n_active;
        _Atomic int64_t n_requests;
        _Atomic int64_t n_refused_connections;
    } stats; /* written on the loop */

    struct loop_timer *drain_timer;
    void (*drained)(void *arg);
    void *drained_arg;

    int64_t date_at;
    char date[HTTP_DATE_SIZE];
    uint8_t read_field[HTTP_READ_SIZE];
};

/* Takes the accepted socket. */
void http_conn_start(struct http_server *server, struct io io, const struct net_addr *peer,
    bool is_counted);

/* Its deadline has passed, or its worker's queue may have room again. May free it. */
void http_conn_tick(struct http_conn *conn, int64_t now_ms);

/* Close it, whatever it does, and free it unless a worker has its exchange. */
void http_conn_drop(struct http_conn *conn);

/* Close it if it is between requests. */
void http_conn_drop_idle(struct http_conn *conn);

/* For http_conn.c and http_send.c. */
void conn_arm(struct http_conn *conn, short what);
void conn_close(struct http_conn *conn);

/* Give the exchange to a worker. False if there is no room. */
bool exchange_submit(struct http_exchange *x, enum exchange_task task);

/* Answer with what is in x->reply. */
void exchange_reply(struct http_exchange *x);

/* Answer with a refusal of the server's own, and close. */
void exchange_refuse(struct http_exchange *x, int status, const char *why);

/* A piece of a streamed body is there. */
void exchange_take_piece(struct http_exchange *x);

/* Send on; the socket takes something again. */
void exchange_send(struct http_exchange *x);

/* What a worker does for a streamed body. */
void exchange_produce(struct http_exchange *x, void *worker);

/* Does the reply to this request carry a body at all? */
bool exchange_has_body(const struct http_exchange *x);

/* The reply is out, or never will be: last words, and release. */
void exchange_end(struct http_exchange *x);

/* The current time as a Date field has it. */
const char *http_server_date(struct http_server *server);

/* The connection is out of server->conns. */
void http_server_forget(struct http_server *server, struct http_conn *conn);
