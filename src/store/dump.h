/*
 * store/dump: the rows of a table as bytes, and back: for backups, and for moving from one database
 * to the other.
 *
 * A row is its columns one after the other, each a byte that says whether it is there, then
 * (base/frame's way) the number, or the text or blob with its length before it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "store/dump_schema.h"

struct err;
struct tx;

#define DUMP_ROW_MAX (8u << 20)

/* What is given the rows, one by one. */
typedef bool (*dump_visit)(void *context, struct span row, struct err *err);

/* All rows of a table, of which only a few are in memory at once. */
bool store_dump_rows(struct tx *tx, const struct dump_table *table, dump_visit visit, void *context,
    struct err *err) must_check;

/* The highest number that the table has ever given out; 0 for one that gives none. */
bool store_dump_last_id(struct tx *tx, const struct dump_table *table, int64_t *ret,
    struct err *err) must_check;

/* Puts rows into a table. Lives within a transaction. */
struct dump_loader;

struct dump_loader *store_dump_loader_new(struct tx *tx, const struct dump_table *table) must_check;
void dump_loader_free(struct dump_loader *loader);

/* ERR_INVALID: the bytes are no row of this table. */
bool store_dump_load(struct dump_loader *loader, struct span row, struct err *err) must_check;

/* Go on giving out numbers above `last_id`. */
bool store_dump_set_last_id(struct tx *tx, const struct dump_table *table, int64_t last_id,
    struct err *err) must_check;

/* Remove every row of every table, for what the schema's steps put there themselves. */
bool store_dump_clear(struct tx *tx, const struct dump_schema *schema, struct err *err) must_check;

bool store_dump_is_empty(struct tx *tx, const struct dump_table *table, bool *ret, struct err *err)
    must_check;

/* Is the table about the moment only: who is signed in, who holds which lease? Such rows mean
 * nothing elsewhere. */
bool store_dump_is_passing(const char *table);

DEFINE_AUTOFREE(dump_loader);
