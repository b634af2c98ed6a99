/*
 * base/parse: text from outside becomes a number here and nowhere else.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

/*
 * The whole of `text` as a decimal integer with an optional "-". No blanks, no "+", no empty text.
 * Fails with ERR_INVALID if it is no number, and names the range if it is outside min to max.
 */
bool parse_i64(struct span text, int64_t min, int64_t max, int64_t *ret, struct err *err)
    must_check;

/* "true", "yes", "on", "1" and their opposites, in any case. */
bool parse_bool(struct span text, bool *ret, struct err *err) must_check;

/* Is it valid UTF-8 without NUL, surrogates and overlong forms (RFC 3629)? */
bool parse_is_utf8(struct span text);

/* The characters of UTF-8 text: its bytes but those that continue one. */
size_t parse_n_characters(struct span text);

/* The bytes of the UTF-8 sequence that begins at `at`; 0 if none does that parse_is_utf8() accepts.
 */
size_t parse_utf8_sequence(struct span text, size_t at);
