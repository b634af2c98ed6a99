/*
 * db/migrate: bring a database to the schema of this binary.
 *
 * The schema is a row of numbered scripts, each one transaction forward. They are written once for
 * both databases, with these words replaced:
 *
 *   ID_PRIMARY_KEY   a number the database gives out, never twice
 *   INT64 BYTES BOOL TEXT   the column types (TEXT sorts by bytes on both)
 *   STRICT_TABLE     nothing, or STRICT
 *   KEYED_TABLE      the same for a table that is kept in the order of its primary key, without one
 *                    beside it: for narrow rows that have no number of their own
 *   AT_COMMIT        after a reference: nothing, or that SQLite asks for it when the transaction
 *                    ends. A statement that cannot fail for one row needs nothing to undo it by
 *   WITH_MARKS, WITH_HOLDERS, WITH_VALUE   after the columns of an index: nothing, or that
 *                    PostgreSQL's carries the marks of store/cert_marks with what the record says
 *                    itself, or those of holders only, or the value that stands under the key
 *   WITH_CONDITIONS  behind the last column of an index of the orders: the columns that filters ask
 *                    for, or nothing, as PostgreSQL's has their bits
 *
 * A line that begins with "--sqlite: " or "--postgres: " is for that database only, and taken as it
 * is.
 */
#pragma once

#include "base/base.h"
#include "db/db.h"

struct schema_step {
    int64_t number; /* 1, 2, … without a gap */
    const char *name;
    const char *sql;
};

/*
 * Run what has not been run yet, in order. *ret_n says how many ran. One process at a time. A
 * database that is newer than the binary is ERR_CONFLICT.
 */
bool migrate(struct db *db, const struct schema_step *migrations, size_t n, int64_t now,
    int64_t *ret_n, struct err *err) must_check;

/* How many steps the database has seen; 0 where it has none of our tables. */
bool migrate_state(struct tx *tx, int64_t *ret_n, struct err *err) must_check;

/* The script as it is run on this kind of database; for tests. */
bool migrate_translate(const char *sql, bool is_postgres, struct buf *ret, struct err *err)
    must_check;
