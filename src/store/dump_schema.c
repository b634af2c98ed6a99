/* store/dump_schema: see the header. */
#include "store/dump_schema.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/span.h"

/* What db/migrate replaces by the database's own types. */
static const struct {
    const char *word;
    enum dump_type type;
} types[] = {
    { "ID_PRIMARY_KEY", DUMP_I64 },
    { "INT64", DUMP_I64 },
    { "BOOL", DUMP_BOOL },
    { "TEXT", DUMP_TEXT },
    { "BYTES", DUMP_BYTES },
};

/* The search indexes are made differently for each database, and hold the same on both. */
static const char *const search_indexes[] = { "certificate_search", "ticket_search",
    "comment_search" };

/* The next word, without a comma at its end. */
static struct span next_word(struct span *rest)
{
    struct span word = SPAN_EMPTY;

    *rest = span_trim(*rest);
    if (rest->size == 0)
        return word;
    (void)span_split(rest, ' ', &word);
    if (word.size > 0 && word.data[word.size - 1] == ',')
        word.size--;
    return word;
}

static bool skip_words(struct span *rest, const char *const *words, size_t n)
{
    struct span left = *rest;

    for (size_t i = 0; i < n; i++)
        if (!span_is(next_word(&left), words[i]))
            return false;
    *rest = left;
    return true;
}

static struct dump_table *add_table(struct dump_schema *schema, const struct dump_table *table)
{
    schema->tables = xreallocarray(schema->tables, schema->n_tables + 1, sizeof *schema->tables);
    schema->tables[schema->n_tables] = *table;
    return &schema->tables[schema->n_tables++];
}

static void add_search_index(struct dump_schema *schema, const char *name)
{
    struct dump_table table = { .columns = { { "rowid", DUMP_I64 }, { "words", DUMP_TEXT } },
        .n_columns = 2 };

    span_copy_text(span_text(name), table.name, sizeof table.name);
    (void)add_table(schema, &table);
}

/* "name TYPE …": a column; anything else (UNIQUE (…), CHECK …) is none. */
static bool read_column(struct span line, struct dump_table *table, struct err *err)
{
    struct span name = next_word(&line);
    struct span type = next_word(&line);

    for (size_t i = 0; i < countof(types); i++) {
        if (!span_is(type, types[i].word))
            continue;
        if (table->n_columns == DUMP_COLUMNS_MAX || name.size >= DUMP_NAME_MAX)
            return fail(err, ERR_INTERNAL, "table %s is too wide for a dump", table->name);
        struct dump_column *column = &table->columns[table->n_columns++];

        span_copy_text(name, column->name, sizeof column->name);
        column->type = types[i].type;
        if (span_is(type, "ID_PRIMARY_KEY"))
            table->gives_ids = true;
        return true;
    }
    return true;
}

static bool read_addition(struct dump_schema *schema, struct span line, struct err *err)
{
    static const char *const add[] = { "ADD", "COLUMN" };
    struct span name = next_word(&line);

    if (!skip_words(&line, add, countof(add)))
        return true;
    for (size_t i = 0; i < schema->n_tables; i++)
        if (span_is(name, schema->tables[i].name))
            return read_column(line, &schema->tables[i], err);
    return fail(err, ERR_INTERNAL, "a column is added to a table that is not there");
}

static bool begin_table(struct dump_schema *schema, struct span line, struct err *err)
{
    struct dump_table table = { 0 };
    struct span name = next_word(&line);

    if (name.size == 0 || name.size >= DUMP_NAME_MAX)
        return fail(err, ERR_INTERNAL, "a table has no usable name");
    span_copy_text(name, table.name, sizeof table.name);
    (void)add_table(schema, &table);
    return true;
}

/* *in_table: between CREATE TABLE and the line that begins with a parenthesis. */
static bool read_line(struct dump_schema *schema, struct span line, bool *in_table, struct err *err)
{
    static const char *const create[] = { "CREATE", "TABLE" };
    static const char *const alter[] = { "ALTER", "TABLE" };

    line = span_trim(span_slice(line, 0, span_find(line, SPAN_LITERAL("--"))));
    if (*in_table) {
        if (span_starts_with(line, ")")) {
            *in_table = false;
            return true;
        }
        return read_column(line, &schema->tables[schema->n_tables - 1], err);
    }
    if (skip_words(&line, create, countof(create))) {
        *in_table = true;
        return begin_table(schema, line, err);
    }
    if (skip_words(&line, alter, countof(alter)))
        return read_addition(schema, line, err);
    return true;
}

bool dump_schema_read(const struct schema_step *steps, size_t n_steps, struct dump_schema *ret,
    struct err *err)
{
    autodone(dump_schema) struct dump_schema schema = { 0 };

    for (size_t i = 0; i < n_steps; i++) {
        struct span rest = span_text(steps[i].sql);
        struct span line;
        bool in_table = false;

        while (span_split(&rest, '\n', &line))
            if (!read_line(&schema, line, &in_table, err))
                return false;
    }
    for (size_t i = 0; i < countof(search_indexes); i++)
        add_search_index(&schema, search_indexes[i]);
    *ret = schema;
    schema = (struct dump_schema){ 0 };
    return true;
}

void dump_schema_done(struct dump_schema *schema)
{
    free(schema->tables);
    *schema = (struct dump_schema){ 0 };
}

const struct dump_table *dump_schema_find(const struct dump_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->n_tables; i++)
        if (strcmp(schema->tables[i].name, name) == 0)
            return &schema->tables[i];
    return NULL;
}
