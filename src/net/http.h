/*
 * net/http: a request as a handler sees it, and the reply it makes.
 *
 * A struct http_request belongs to the server; everything in it lives until app->finished returns,
 * and is well-formed: the server has refused everything else (see net/http_parse for the rules).
 * A struct http_reply is filled in by whoever answers, on the thread that was asked. Functions that
 * fill it in cannot fail: a mistake (a line break in a header's value, say) is remembered, and the
 * client gets a 500 instead.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct http_reply;

/* Methods the server takes; all others are answered with 501. */
enum http_method {
    HTTP_METHOD_NONE, /* refused before it was known */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
};

struct http_field {
    const char *name;  /* in lower case */
    const char *value; /* without blanks at its ends; no control characters but tab */
};

/* The value of a field of "Name: value\r\n" lines, whatever the name's case, without blanks at its
 * ends; false if it is not there. */
bool http_fields_find(struct span fields, const char *name, struct span *ret);

/* What app->admit decides; everything is zero before it is asked. */
struct http_admission {
    int64_t max_body; /* bytes; a longer body is 413. 0: none at all */
    bool secret_body; /* keys and passwords: locked and wiped memory, never a file */
    bool is_watch;    /* it asks how we are: not to wait behind others (WORK_WATCH) */
};

struct http_request {
    enum http_method method;
    int minor_version; /* 0 or 1, of HTTP/1.x */
    char *target;      /* as it was sent, for the log */
    char *query;       /* what follows "?", still encoded; "" if there is none */

    /*
     * The path cut at each "/", each part decoded for itself, so that an encoded slash stays inside
     * its part. No part is "." or "..", holds a control character, or is anything but UTF-8.
     * "/" has none; "/a/" has "a" and "".
     */
    char **parts;
    size_t n_parts;

    struct http_field *fields;
    size_t n_fields;
    char *host; /* of an absolute target, or of Host, with its port; "" for HTTP/1.0 without */

    char client[46];     /* the address the request comes from, as text, behind trusted proxies */
    char peer[46];       /* the address that is connected to us */
    bool is_encrypted;   /* came by TLS, to us or to a trusted proxy */
    int64_t number;      /* of this request since the start, for the log */
    int64_t received_at; /* clock_now() when its header section was complete */

    /* The body: bytes in memory, or, above 64 KiB, an unlinked file to pread(2) from. */
    int64_t body_size;
    struct span body; /* empty if body_fd is not -1 */
    int body_fd;      /* -1: in memory; the server closes it */

    struct http_admission admission;
    void *app_data; /* the app's own, made in admit; to be released in finished */
};

/* "GET", …; "-" for HTTP_METHOD_NONE. */
const char *http_method_name(enum http_method method);
enum http_method http_method_find(struct span name); /* HTTP_METHOD_NONE: not one of ours */

/* "Not Found" for 404; "Unknown" if we do not know it. */
const char *http_status_text(int status);

/* The value of the first field of this name (in lower case), or NULL. */
const char *http_request_field(const struct http_request *request, const char *name);

/* Is the media type of the Content-Type field `type`, whatever its parameters? */
bool http_request_is_type(const struct http_request *request, const char *type);

/*
 * Cut the next "name=value" off *rest (first request->query, or a form) and decode both:
 * "%XX", and "+" as a blank. False at the end. The caller frees *name and *value. A bad escape
 * sets *is_bad and ends; bytes that are not UTF-8, and NUL, are bad too.
 */
bool http_query_next(struct span *rest, char **name, char **value, bool *is_bad);

/* What a producer says after each call. */
enum http_more { HTTP_MORE, HTTP_LAST, HTTP_BROKEN };

/* 200 unless said otherwise. */
void http_reply_status(struct http_reply *reply, int status);

/*
 * Add a field. Not Content-Length, Transfer-Encoding, Connection and Date: those are the server's.
 * Name and value are copied.
 */
void http_reply_field(struct http_reply *reply, const char *name, const char *value);
/* At most 511 bytes of value. */
void http_reply_fieldf(struct http_reply *reply, const char *name, const char *format, ...)
    printf_like(3, 4);

/* The same for fields that are the same each time: "Name: value\r\n…", a literal, taken as it is.
 */
#define http_reply_fixed(reply, literal) http_reply_fixed_span(reply, SPAN_LITERAL(literal ""))
void http_reply_fixed_span(struct http_reply *reply, struct span lines);

/* The body: takes what `body` holds and leaves it empty. A buf that overflowed makes a 500. */
void http_reply_take_body(struct http_reply *reply, struct buf *body);

/* The body: bytes that live for ever, like the page's files. */
void http_reply_static_body(struct http_reply *reply, struct span body);

/* The body: `size` bytes of `fd` from its start. The server closes it. */
void http_reply_take_fd(struct http_reply *reply, int fd, int64_t size);

/*
 * The body: whatever `produce` appends to `chunk` (at most 256 KiB a call), called on a worker,
 * with that worker's state, whenever the client has taken most of what was there. Calls may come on
 * different workers: keep no transaction from one to the next. `size` is the length of it all, or
 * -1 if unknown (chunked, then). HTTP_BROKEN, or a wrong size, cuts the connection, so that the
 * client knows. `release`, which may be NULL, is called once, on the loop, whatever happened.
 */
struct http_producer {
    enum http_more (*produce)(void *arg, void *worker, struct buf *chunk);
    void (*release)(void *arg);
    void *arg;
    int64_t size;
};

void http_reply_take_producer(struct http_reply *reply, const struct http_producer *producer);

/* Close the connection after this reply. */
void http_reply_close(struct http_reply *reply);

/* Forget everything and start again with 200. */
void http_reply_clear(struct http_reply *reply);

/* For tests of handlers: a reply outside a server, and what is in it. */
struct http_reply *http_reply_new(void) must_check;
void http_reply_free(struct http_reply *reply);
int http_reply_get_status(const struct http_reply *reply);
bool http_reply_find_field(const struct http_reply *reply, const char *name, struct span *ret);
struct span http_reply_get_body(const struct http_reply *reply); /* in memory or static */

DEFINE_AUTOFREE(http_reply);
