/*
 * api/import_body: the table that was sent, in the pieces in which it is kept.
 *
 * Kept is UTF-8, so that whoever reads the table later need know nothing else; a body in UTF-16, as
 * Excel's "Unicode text", is made UTF-8 here.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "codec/utf16.h"

struct err;
struct http_request;

struct import_body {
    const struct http_request *request; /* borrowed */
    int64_t taken;                      /* bytes of the body */
    int64_t given;                      /* bytes of the table: its size, in the end */
    bool is_utf16;
    struct utf16 utf16;
    struct buf raw;   /* as it was sent */
    struct buf text;  /* made UTF-8, … */
    size_t n_in_text; /* … of which so much was given already */
};

void import_body_init(struct import_body *body, const struct http_request *request);
void import_body_done(struct import_body *body);

/* The next IMPORT_CHUNK_SIZE bytes of the table, at its end fewer, behind it none. Valid until the
 * next call. */
bool import_body_next(struct import_body *body, struct span *ret, struct err *err) must_check;

DEFINE_AUTODONE(import_body);
