/*
 * db/turn: one writer at a time for each file, first come, first served.
 *
 * SQLite lets one connection write and has the others try again now and then: under load some
 * never come round. Within this process writers therefore queue up here before they ask SQLite.
 * Any thread may call these functions.
 */
#pragma once

#include "base/base.h"

struct turn;

/* The queue for an existing file, shared by all that ask for the same file; NULL if it is not
 * there. */
struct turn *turn_open(const char *path) must_check;
void turn_close(struct turn *turn); /* NULL is fine */

/* Wait until it is our turn; false if it was not within `timeout_ms`. */
bool turn_take(struct turn *turn, int64_t timeout_ms) must_check;

/* Let the next one have it. */
void turn_give(struct turn *turn);
