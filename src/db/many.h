/*
 * db/many: one statement for many rows.
 *
 * PostgreSQL is sent all rows at once, each column as an array; SQLite reads them where they are,
 * like a table. Values are bound in the order of the columns, row after row, and written by
 * many_run() or, where they are large, before it. What can fail is remembered and told once, by
 * many_run().
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct many;
struct stmt;
struct tx;

/* All literals. "INSERT INTO t(a, b)", "it", "$1, $2", " ON CONFLICT DO NOTHING".
 * A question: NULL, "it", "$1", " AND $2 IN (SELECT b FROM t)". */
struct many_sql {
    const char *into;
    const char *types;  /* a letter for each value that is bound: i64, text, bool */
    const char *values; /* expressions of "$1" to "$n"; "$" stands for nothing else */
    const char *tail;   /* "" for none; of a question, with "$1" to "$n" as well */
};

/* Lives no longer than the transaction. */
struct many *tx_prepare_many(struct tx *tx, const struct many_sql *form) must_check;
void many_free(struct many *many);

/* The next value. It is copied. */
void many_i64(struct many *many, int64_t value);
void many_i64_or_null(struct many *many, int64_t value); /* 0 is NULL */
void many_text(struct many *many, const char *text);     /* NULL is NULL */
void many_span(struct many *many, struct span text);
void many_bool(struct many *many, bool value);

/* Write what has not been written yet; the last row is complete. After it, more may follow. */
bool many_run(struct many *many, struct err *err) must_check;

/* The same as stmt_send() is to stmt_run(). */
bool many_send(struct many *many, struct err *err) must_check;

/* How many rows have been written: not those that ON CONFLICT DO NOTHING is about. Not for what was
 * sent. */
int64_t many_n_changed(const struct many *many);

/*
 * What is given for the rows that were bound, once: *ret is to be stepped through and ended, and is
 * many's.
 */
bool many_ask(struct many *many, struct stmt **ret, struct err *err) must_check;

DEFINE_AUTOFREE(many);
