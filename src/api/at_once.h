/*
 * api/at_once: what is answered on the loop's own thread, because handing it to a worker and back
 * would cost more than the answer (adr/0020).
 *
 * The loop must not wait. So this is for routes with API_AT_ONCE, which read a handful of rows by
 * key from an SQLite file, on a connection that is the loop's and waits for no writer; and for at
 * most four fifths of the time, so that a slow disk, or more such requests than one core can take,
 * send the rest to the workers. Everything here belongs to the loop's thread.
 */
#pragma once

#include "base/base.h"

struct at_once;
struct db;
struct err;

/* `open` makes the connection when the first such request comes; NULL: there is none, and nothing
 * is answered at once. */
struct at_once *at_once_new(bool (*open)(void *arg, struct db **ret, struct err *err), void *arg)
    must_check;
void at_once_free(struct at_once *at_once);

/* The connection, if there is one and there is time now; else NULL. `now_us` is clock_mono_us(). */
struct db *at_once_begin(struct at_once *at_once, int64_t now_us);

/* What was begun has ended. */
void at_once_end(struct at_once *at_once, int64_t now_us);
