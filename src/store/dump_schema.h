/*
 * store/dump_schema: which tables there are, and of which columns, read from the schema's own text.
 *
 * So nothing has to be written twice: a table that a step of the schema makes is in every dump.
 * The order is that of the text, in which a table comes after those that it refers to.
 */
#pragma once

#include "base/base.h"
#include "db/migrate.h"

struct err;

#define DUMP_NAME_MAX 64
#define DUMP_COLUMNS_MAX 60

enum dump_type {
    DUMP_I64 = 'i',
    DUMP_BOOL = 'b',
    DUMP_TEXT = 't',
    DUMP_BYTES = 'x',
};

struct dump_column {
    char name[DUMP_NAME_MAX];
    enum dump_type type;
};

struct dump_table {
    char name[DUMP_NAME_MAX];
    struct dump_column columns[DUMP_COLUMNS_MAX];
    size_t n_columns;
    bool gives_ids; /* its first column is a number that the database gives out */
};

struct dump_schema {
    struct dump_table *tables;
    size_t n_tables;
};

/*
 * The tables of the first `n_steps` of `steps`. ERR_INTERNAL where the text is not laid out as the
 * schema is: a column a line, its name and its type first.
 */
bool dump_schema_read(const struct schema_step *steps, size_t n_steps, struct dump_schema *ret,
    struct err *err) must_check;
void dump_schema_done(struct dump_schema *schema);

/* NULL: there is none of that name. */
const struct dump_table *dump_schema_find(const struct dump_schema *schema, const char *name);

DEFINE_AUTODONE(dump_schema);
