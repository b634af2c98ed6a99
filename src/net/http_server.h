/*
 * net/http_server: HTTP/1.1 and 1.0 for strangers.
 *
 * The road of a request: when its header section is in, app->admit runs on the loop, without
 * blocking, and app->answer_at_once may answer there; for a body above 64 KiB app->authorize runs
 * on a worker before it is taken; with the body in memory or in a file, app->handle runs on a
 * worker; when the reply is out, app->finished runs on the loop. One request of a connection is
 * served at a time; pipelined ones wait their turn.
 *
 * Everything here belongs to the loop's thread.
 */
#pragma once

#include "base/base.h"
#include "net/http.h"

struct err;
struct loop;
struct workers;
struct tls_server;
struct http_server;

enum http_verdict {
    HTTP_PROCEED,  /* go on with the next step */
    HTTP_ANSWERED, /* the reply is complete; the next is finished */
};

/* What came of a request, for its line in the log. */
struct http_outcome {
    int status;          /* 0: the client was gone before an answer began */
    bool is_cut;         /* the answer did not get out whole */
    int64_t bytes_in;    /* of body */
    int64_t bytes_out;   /* head and body */
    int64_t micros;      /* from the complete header section to the last byte handed over */
    const char *refusal; /* why the server itself refused it, or NULL */
};

struct http_app {
    void *context; /* the first argument of each */

    /*
     * Find the route, and say in request->admission what body it takes. May answer at once: 404,
     * 405 with Allow, 429, … On the loop: no blocking.
     */
    enum http_verdict (
        *admit)(void *context, struct http_request *request, struct http_reply *reply);

    /*
     * Answer a request without a body at once, where that takes no longer than giving it to a
     * worker and back. HTTP_PROCEED, with the reply as it was, leaves it to `handle`. On the loop:
     * no blocking. NULL: nothing is.
     */
    enum http_verdict (
        *answer_at_once)(void *context, struct http_request *request, struct http_reply *reply);

    /* May this client send a body of more than 64 KiB here? On a worker. NULL: yes. */
    enum http_verdict (*authorize)(void *context, void *worker, struct http_request *request,
        struct http_reply *reply);

    /* Answer. On a worker. */
    void (*handle)(void *context, void *worker, struct http_request *request,
        struct http_reply *reply);

    /*
     * Dress a refusal of the server's own (400, 408, 413, 414, 431, 501, 503, …), the status of
     * which is set already. On the loop. NULL: a line of plain text.
     */
    void (*refuse)(void *context, int status, const char *why, struct http_reply *reply);

    /*
     * The last word on every request, refused ones included (their method may be HTTP_METHOD_NONE
     * and their target ""). On the loop. May be NULL.
     */
    void (*finished)(void *context, const struct http_request *request,
        const struct http_outcome *outcome);
};

/* Sizes in bytes, times in milliseconds. */
struct http_limits {
    size_t max_head;          /* request line and header section, 16 KiB: 431 */
    size_t max_target;        /* 8 KiB: 414 */
    size_t max_fields;        /* 100: 431 */
    size_t max_memory_body;   /* 64 KiB: above it, a file (or secret memory) and app->authorize */
    size_t max_connections;   /* 20,000: 503 */
    size_t max_per_address;   /* connections of one address, 256: 503; 0 is no limit */
    bool limits_loopback;     /* does max_per_address count for 127.0.0.0/8 and ::1? false */
    int64_t head_timeout_ms;  /* first byte to complete header section, 10 s: 408 */
    int64_t idle_timeout_ms;  /* between requests, 60 s */
    int64_t body_timeout_ms;  /* grace before min_body_rate counts, 10 s: 408 */
    int64_t min_body_rate;    /* bytes a second over the whole body, 1024 */
    int64_t stall_timeout_ms; /* without the client taking a byte of the reply, 30 s */
};

#define HTTP_LIMITS_DEFAULT                                                                        \
    {                                                                                              \
        .max_head = 16384, .max_target = 8192, .max_fields = 100, .max_memory_body = 65536,        \
        .max_connections = 20000, .max_per_address = 256, .head_timeout_ms = 10000,                \
        .idle_timeout_ms = 60000, .body_timeout_ms = 10000, .min_body_rate = 1024,                 \
        .stall_timeout_ms = 30000                                                                  \
    }

struct http_server_conf {
    struct http_limits limits;
    const struct http_app *app;

    /* Peers whose X-Forwarded-For and X-Forwarded-Proto are believed: "10.0.0.0/8, ::1". NULL:
     * none. */
    const char *trusted_proxies;

    const char *spool_dir; /* where bodies are spooled (O_TMPFILE); NULL is /tmp */
};

/* Loop, workers and app must outlive the server; the rest of `conf` is copied. */
bool http_server_new(struct loop *loop, struct workers *workers,
    const struct http_server_conf *conf, struct http_server **ret, struct err *err) must_check;

/* Cuts what is under way. Handlers still running are waited for: stop the workers first. */
void http_server_free(struct http_server *server);

/*
 * Also listen on `address` ("127.0.0.1", "::1", "0.0.0.0", "::") and `port`; 0 picks one. `tls` is
 * borrowed and must outlive the server; NULL is plain HTTP. ret_port may be NULL. Fails with
 * ERR_UNAVAILABLE "could not listen on 127.0.0.1:8080: address already in use".
 */
bool http_server_listen(struct http_server *server, const char *address, uint16_t port,
    struct tls_server *tls, uint16_t *ret_port, struct err *err) must_check;

/*
 * Stop accepting, close idle connections, let requests under way end; call `drained` once, when
 * none is left, or after `deadline_ms`, when what is left has been cut.
 */
void http_server_drain(struct http_server *server, int64_t deadline_ms, void (*drained)(void *arg),
    void *arg);

/* For metrics. Any thread may ask. */
struct http_stats {
    size_t n_connections;
    size_t n_active;    /* requests between header section and last byte */
    int64_t n_requests; /* since it was made */
    int64_t n_refused_connections;
};

struct http_stats http_server_stats(const struct http_server *server);

DEFINE_AUTOFREE(http_server);
