/*
 * db/sqlite_sync: what was committed is brought to the disk by one for all, beside who writes next.
 *
 * The connection that writes commits without waiting for the disk (synchronous = NORMAL: SQLite
 * still waits where the log begins anew, and around checkpoints). Whoever has committed lets the
 * next write, and then waits here: one asks the disk for all that is in the log by then, and what
 * is committed meanwhile waits for the next time. The log is read as far as it is whole, so nothing
 * is on the disk without what was committed before it.
 *
 * A disk that fails here ends the process: what was committed is seen by others already, and what
 * of it is on the disk nobody can tell any more; the log tells it after a new start.
 *
 * Any thread may call these functions. For db/sqlite alone.
 */
#pragma once

#include "base/base.h"

struct sqlite_log;
struct sqlite_sync;

/* `log` is borrowed, and open for as long. */
struct sqlite_sync *sqlite_sync_new(const struct sqlite_log *log) must_check;
void sqlite_sync_free(struct sqlite_sync *sync); /* NULL is fine */

/* Something was added to the log. Only whoever has the turn calls it. */
void sqlite_sync_note(struct sqlite_sync *sync);

/* All that is in the log now. Only whoever has the turn calls it. */
int64_t sqlite_sync_mark(struct sqlite_sync *sync) must_check;

/* Wait until all up to that mark is on the disk. */
void sqlite_sync_wait(struct sqlite_sync *sync, int64_t mark);
