/*
 * codec/url: percent-encoding (RFC 3986, 2.1) and the parts of a query.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

/*
 * Append `text` decoded. ERR_INVALID for a "%" without two hexadecimal digits, for what is no UTF-8
 * then, and for NUL. `is_form`: "+" is a blank.
 */
bool url_decode(struct span text, bool is_form, struct buf *out, struct err *err) must_check;

/* Append `text` with everything encoded but RFC 3986's unreserved characters. */
void url_encode(struct span text, struct buf *out);

/*
 * Cut the next "name=value" off a query and decode both into the emptied bufs. False at the end,
 * and for what cannot be decoded: *is_bad then says so. Empty parts ("a=1&&b=2") are skipped.
 */
bool url_query_next(struct span *rest, struct buf *name, struct buf *value, bool *is_bad)
    must_check;
