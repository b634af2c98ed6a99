/*
 * store/cursor: where a page ended, as text that its carrier need not understand.
 *
 * Not a secret and not signed: a made-up cursor shows nothing that a made-up filter would not. Not
 * for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;

struct cursor {
    char order[24]; /* which list, sorted how: a cursor fits no other */
    int64_t id;
    int64_t number;  /* of the column sorted by */
    char text[1300]; /* the same, where it is a text */
    bool is_in_tail; /* among those without a value */
    int64_t segment; /* of a list made of several; the list's business, as is the next */
    int64_t plan;    /* how the list was looked up */
    int64_t total;   /* of the whole list as counted for its first page; below 0: an estimate of
                        -1 - total */
};

/* The caller frees. */
char *cursor_write(const struct cursor *cursor) must_check;

/* ERR_INVALID unless it was written for this order. */
bool cursor_read(const char *text, const char *order, struct cursor *ret, struct err *err)
    must_check;
