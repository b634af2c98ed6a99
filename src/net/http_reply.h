/*
 * net/http_reply: what a reply is made of, for the server that sends it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "net/http.h"

struct http_reply {
    int status;
    struct buf fields;             /* "Name: value\r\n" of what the app added */
    struct buf memory;             /* the body … */
    struct span bytes;             /* … or this, which lives for ever, … */
    struct http_producer producer; /* … or this, if produce is set */
    bool closes;
    const char *mistake; /* the app's, or NULL; literal */
};

/* How the head of a reply is written. */
struct http_reply_frame {
    int64_t size;    /* of the body, or -1: unknown */
    bool is_chunked; /* the body is, if size is -1; otherwise the end of the connection ends it */
    bool keeps_alive;
    int minor_version; /* of the request */
    const char *date;  /* IMF-fixdate */
};

void http_reply_init(struct http_reply *reply);
void http_reply_done(struct http_reply *reply);

/* Size of the body, -1 if only the end tells. */
int64_t http_reply_size(const struct http_reply *reply);

/* Status line and fields, up to and with the empty line. */
void http_reply_write_head(const struct http_reply *reply, const struct http_reply_frame *frame,
    struct buf *out);

/* Replace all of it by the server's own refusal in plain text. */
void http_reply_plain(struct http_reply *reply, int status, const char *why);

/* "Sat, 21 Nov 2026 06:08:00 GMT" (RFC 9110, 5.6.7). */
#define HTTP_DATE_SIZE 30
const char *http_date(int64_t at, char field[static HTTP_DATE_SIZE]);
