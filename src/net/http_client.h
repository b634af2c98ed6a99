/*
 * net/http_client: one request to somebody else's server, and its answer. On libcurl.
 *
 * Blocks: for workers and the command line, never for the loop. http and https only; certificates
 * are verified; redirects are answers like any other. A client keeps its connections between calls
 * and belongs to one thread at a time.
 */
#pragma once

#include <sys/socket.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct http_client;

struct http_client_conf {
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t total_timeout_ms;   /* 0: 60 s */
    const char *user_agent;     /* NULL: "certdesk/VERSION" */
    const char *ca_file;     /* PEM of the roots to believe instead of the system's; may be NULL */
    const char *proxy;       /* URL; NULL: none, whatever the environment says */
    const char *unix_socket; /* connect there whatever the URL's host; may be NULL */
    bool trusts_anybody;     /* do not verify certificates; for a person who said so */

    /*
     * May we connect to this address, which the URL's host resolved to? Asked for every address,
     * the moment before connect(2), so that what was checked is what is used. False, with `err`
     * filled in, refuses. NULL: any.
     */
    bool (*approve)(void *arg, const struct sockaddr *address, socklen_t size, struct err *err);
    void *approve_arg;
};

struct http_call {
    const char *method;         /* "GET", … */
    const char *url;            /* without user and password */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    struct span body;           /* sent if has_body, with Content-Length */
    bool has_body;
    int max_redirects; /* followed for GET only, to http(s) only; 0: none */

    /*
     * Where the answer's body goes instead of answer->body, unless its status says that it is an
     * error and `sinks_errors` is not set. False, with `err` set, ends the call.
     */
    bool (*sink)(void *arg, struct span bytes, struct err *err);
    void *sink_arg;
    bool sinks_errors;

    /*
     * Asked when the connection stands and before the first byte of the request: from here on the
     * other side may know of it. False, with `err` filled in, ends the call. May be NULL.
     */
    bool (*about_to)(void *arg, struct err *err);
    void *about_to_arg;
};

struct http_answer {
    int status; /* after a failure: of an answer whose body did not come to its end; else 0 */
    struct buf headers; /* "Name: value\r\n" of the last response, names as they came */
    struct buf body;
};

#define HTTP_ANSWER_INIT(max_body)                                                                 \
    {                                                                                              \
        .headers = BUF_INIT(65536), .body = BUF_INIT(max_body)                                     \
    }

void http_answer_done(struct http_answer *answer);

/* ERR_INVALID unless it is an http or https URL without user and password. */
bool http_url_check(const char *url, struct err *err) must_check;

/* As http_fields_find() (net/http.h). */
bool http_answer_field(const struct http_answer *answer, const char *name, struct span *ret);

/* `conf` and what it points to are copied, but for approve_arg. */
bool http_client_new(const struct http_client_conf *conf, struct http_client **ret, struct err *err)
    must_check;
void http_client_free(struct http_client *client);

/*
 * True when there was an answer, whatever its status. ERR_INVALID: the URL or a header is
 * malformed; ERR_DENIED: approve said no; ERR_LIMIT: the body is larger than answer->body may be;
 * ERR_UNAVAILABLE: could not resolve, connect, or it took too long; ERR_UPSTREAM: the peer broke
 * the protocol or its certificate is not trusted.
 */
bool http_client_call(struct http_client *client, const struct http_call *call,
    struct http_answer *answer, struct err *err) must_check;

DEFINE_AUTOFREE(http_client);
DEFINE_AUTODONE(http_answer);
