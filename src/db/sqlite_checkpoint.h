/*
 * db/sqlite_checkpoint: what is in SQLite's log is brought to the database file by a thread.
 *
 * SQLite would have whoever commits do it, now and then: thousands of pages to be written and two
 * waits for the disk, while all who want to write wait, too. The thread does it beside them. As the
 * log begins anew only when all of it is in the file, and in much traffic something is always added
 * meanwhile, the thread takes the turn (db/turn) for the rest once the log has grown long. It is
 * started when it is first needed. For db/sqlite alone.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"

struct sqlite_checkpoint;
struct turn;

/* Brought to the file when there are that many pages more. Pages that many transactions change are
 * brought there once. Readers find their pages in a log of 4062 with one look. */
#define SQLITE_CHECKPOINT_PAGES 4000

/* For the log of the file at `path`, which `writer` writes with the turn; both are borrowed. */
struct sqlite_checkpoint *sqlite_checkpoint_new(const char *path, sqlite3 *writer,
    struct turn *turn) must_check;

/* After a commit of the writer's, by whoever has the turn: so long is the log now. */
void sqlite_checkpoint_note(struct sqlite_checkpoint *checkpoint, int n_pages);

/* Before the writer is closed, and when nobody has the turn. NULL is fine. */
void sqlite_checkpoint_free(struct sqlite_checkpoint *checkpoint);
