/*
 * net/http_parse: bytes in, one request out (RFC 9112). Pure: no I/O, no clock.
 *
 * On llhttp in its strict mode, with rules of our own in front, so that no two readers of the same
 * bytes can disagree about where a request ends: lines end in CRLF; no control characters; no
 * folded fields; a length or chunks, never both; one Host. One parser reads one request.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct http_request;
struct http_parser;

struct http_parse_limits {
    size_t max_head;
    size_t max_target;
    size_t max_fields;
};

enum http_parse_step {
    HTTP_PARSE_MORE,    /* all bytes are used; more are needed */
    HTTP_PARSE_HEAD,    /* the header section is complete and the request filled in; feed on */
    HTTP_PARSE_END,     /* the request is complete; the rest of the bytes is the next one's */
    HTTP_PARSE_REFUSED, /* see http_parser_refusal(); the connection cannot be used any more */
};

/* Fills in `request`, which is zeroed but for what concerns the peer, and outlives the parser. */
struct http_parser *http_parser_new(const struct http_parse_limits *limits,
    struct http_request *request) must_check;
void http_parser_free(struct http_parser *parser);

/* Where the body's bytes go from now on; without it they are dropped. */
void http_parser_set_sink(struct http_parser *parser, void (*sink)(void *arg, struct span bytes),
    void *arg);

/* Read on. *ret_used says how many bytes of `in` were used. */
enum http_parse_step http_parser_feed(struct http_parser *parser, struct span in, size_t *ret_used);

/* Has a byte of this request been seen? */
bool http_parser_has_begun(const struct http_parser *parser);

/* After HTTP_PARSE_HEAD: the length of the body, -1 if it comes in chunks. */
int64_t http_parser_body_size(const struct http_parser *parser);
bool http_parser_keeps_alive(const struct http_parser *parser);
bool http_parser_expects_continue(const struct http_parser *parser);

/* After HTTP_PARSE_REFUSED: why, and the status to answer with. The text lives for ever. */
const char *http_parser_refusal(const struct http_parser *parser, int *ret_status);

/* Release what the parser filled in. Fields point into the parser, which must still be there. */
void http_request_done(struct http_request *request);

DEFINE_AUTOFREE(http_parser);
