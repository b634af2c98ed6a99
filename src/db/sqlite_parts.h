/*
 * db/sqlite_parts: which tables and columns a statement reads or writes, and which commit was the
 * last to change them, so that what was found once may be kept until something of it changes.
 *
 * A part is a table (its rows: what INSERT and DELETE change) or a column of one (what UPDATE
 * changes). SQLite names them while it prepares a statement, the tables that a deletion cascades to
 * as well. Parts are told apart by a hash: two that share one are taken to change together. Of a
 * virtual table only what is done to it by its own name is noticed. Commits are numbered for each
 * file. For db/sqlite and db/sqlite_conn alone.
 */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/base.h"

#define SQLITE_N_PARTS 1024

/* A set of parts. */
struct sqlite_parts {
    uint64_t bits[SQLITE_N_PARTS / 64];
};

/* Of one statement. */
struct sqlite_use {
    struct sqlite_parts read;
    struct sqlite_parts changed;
};

/* For sqlite3_set_authorizer(): adds to the struct sqlite_use that `context`, a pointer to a
 * pointer, leads to while that is not NULL. Never refuses anything. */
int sqlite_parts_note(void *context, int action, const char *table, const char *column,
    const char *database, const char *trigger);

void sqlite_parts_add(struct sqlite_parts *to, const struct sqlite_parts *from);
void sqlite_parts_add_all(struct sqlite_parts *to);

/* Of one file: any thread may ask, and whoever has the turn changes it. */
struct sqlite_commits {
    int64_t place; /* no other has the same, in this process */
    _Atomic(int64_t) n_begun;
    _Atomic(int64_t) n_ended;
    _Atomic(int64_t) last[SQLITE_N_PARTS]; /* the number of the commit that changed it last */
};

void sqlite_commits_init(struct sqlite_commits *commits);

/* Around a commit that changes `parts`, whether it works or not; `parts` is empty then. */
void sqlite_commits_begin(struct sqlite_commits *commits, const struct sqlite_parts *parts);
void sqlite_commits_end(struct sqlite_commits *commits, struct sqlite_parts *parts);

/* To be asked before a transaction begins to read. */
int64_t sqlite_commits_seen(const struct sqlite_commits *commits);

/* The last that changed one of the parts; -1 if that may not be what such a transaction reads. */
int64_t sqlite_commits_last(const struct sqlite_commits *commits, const struct sqlite_parts *parts,
    int64_t seen);
