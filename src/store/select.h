/*
 * store/select: a query put together from literals and values. Not for others than store/.
 *
 * Values go in where they are used and become parameters: no counting by hand.
 */
#pragma once

#include "db/db.h"

struct select_value {
    int64_t number;
    char *text;       /* NULL: it is the number */
    struct span blob; /* unless this is there, which is borrowed */
};

struct select {
    struct sql sql;
    struct select_value *values;
    size_t n;
    size_t room;
    bool is_for_values; /* the best way to the rows depends on the values */
};

#define SELECT_INIT                                                                                \
    {                                                                                              \
        .sql = SQL_INIT                                                                            \
    }

void select_done(struct select *select);

#define select_add(select, literal) sql_add(&(select)->sql, literal)

/* One more parameter, and its value. */
void select_i64(struct select *select, int64_t number);
void select_text(struct select *select, const char *text);

/* Up to SELECT_IDS_MAX of them, as "$1, $2, …": the last is repeated up to a round number, so that
 * there are few different statements to keep. */
#define SELECT_IDS_MAX 50
void select_ids(struct select *select, const int64_t *ids, size_t n);

/* Ids as one value, for PostgreSQL to make an array of: CAST(… AS BIGINT[]). */
void select_id_array(struct select *select, const int64_t *ids, size_t n);

/* Ascending ids as one value, for is_one_of() of SQLite (db/db.h). They are borrowed. */
void select_id_set(struct select *select, const int64_t *ids, size_t n);

/* " LIKE …": the expression before it, in lower case, contains `text` in any case. Wildcards in it
 * mean themselves. */
void select_contains(struct select *select, const char *text);

/* What comes behind that LIKE, before ESCAPE '\\', for statements that are written out. The caller
 * frees. */
char *select_pattern(const char *text) must_check;

/* What tells it from all others, and from itself with another `prefix`: SHA-256 of that, its text
 * and its values. Blobs are left out. */
void select_digest(const struct select *select, const char *prefix, uint8_t ret[static 32]);

/* Prepared and bound. */
struct stmt *select_prepare(struct tx *tx, const struct select *select) must_check;

DEFINE_AUTODONE(select);
