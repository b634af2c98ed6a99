/*
 * db/sqlite_log: what a commit adds to SQLite's log is written in few large pieces.
 *
 * SQLite writes each page of a transaction with two writes, 24 bytes and a page that begins
 * anywhere: thousands at the commit of a large one. Between sqlite_log_begin() and sqlite_log_end()
 * they are collected and written some dozens of KiB at a time.
 *
 * Nobody looks at a frame of the log before one with a commit mark stands behind it (and the index
 * of the log, in shared memory, says so after that). So with the mark all that was collected is
 * written, before SQLite is told that the mark is, and nothing is collected after it. Where a write
 * fails, so does everything until the end, and with it the commit.
 *
 * Only whoever has the turn (db/turn) calls these functions, but for sqlite_log_sync(). NULL may be
 * given to all. For db/sqlite and db/sqlite_sync alone.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"

struct sqlite_log;

/* The log of a connection that has read or written, and that nobody else uses yet. NULL where it
 * has none. Freed after the connection is closed. */
struct sqlite_log *sqlite_log_new(sqlite3 *writer) must_check;
void sqlite_log_free(struct sqlite_log *log);

/* The next statement of the connection is COMMIT. */
void sqlite_log_begin(struct sqlite_log *log);

/* It has ended. If not `is_committed`, the transaction is to be rolled back: what was collected of
 * it is forgotten. */
void sqlite_log_end(struct sqlite_log *log, bool is_committed);

/* Wait until all that was committed is on the disk; false if the disk fails. Any thread may, while
 * others write. */
bool sqlite_log_sync(const struct sqlite_log *log) must_check;
