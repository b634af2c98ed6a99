/*
 * codec/base64: base64 and base64url (RFC 4648, 4 and 5).
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

/* Append; the standard alphabet with padding, the URL's without. */
void base64_encode(struct span bytes, struct buf *out);
void base64_encode_url(struct span bytes, struct buf *out);

/*
 * Append what `text` says, in the named alphabet only. Strict: no blanks, no bits beyond the last
 * byte; padding is needed in the standard alphabet and refused in the URL's. ERR_INVALID leaves
 * `out` as it was.
 */
bool base64_decode(struct span text, struct buf *out, struct err *err) must_check;
bool base64_decode_url(struct span text, struct buf *out, struct err *err) must_check;
