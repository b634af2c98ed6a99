/*
 * codec/utf16: text in UTF-16, which Windows calls "Unicode", made UTF-8 piece by piece.
 *
 * It is known by its byte order mark, without which nobody could tell. The mark is no part of the
 * text. What is no character, such as half a pair of surrogates, becomes U+FFFD.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

/* How far the reading is: its fields are codec/utf16's own. */
struct utf16 {
    bool is_big_endian;
    bool has_byte; /* the last piece ended within a unit, … */
    uint8_t byte;  /* … of which this is the first half */
    unsigned high; /* the first half of a pair, whose second comes next; 0: none */
};

/* Does the text begin with a byte order mark of UTF-16? Two bytes of it are enough. */
bool utf16_is_marked(struct span text);

/* Begin with a text that is marked; the mark itself is skipped by who feeds the rest. */
struct utf16 utf16_begin(struct span text);
#define UTF16_MARK_SIZE 2

/* Append the next piece, cut anywhere: at most UTF16_GROWTH(piece.size) bytes. */
void utf16_add(struct utf16 *utf16, struct span piece, struct buf *out);
#define UTF16_GROWTH(n) ((n) / 2 * 3 + 6)

/* There is no more: what was cut off is no character. */
void utf16_end(struct utf16 *utf16, struct buf *out);
