/*
 * db/many: see the header.
 *
 * An array travels in PostgreSQL's own binary form (array_recv): dimensions, whether there is a
 * NULL, the element's type, size, lower bound; then each element with its length before it.
 */
#include "db/many.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "db/db.h"

#define MAX_COLUMNS 16
#define COLUMN_MAX ((size_t)256 << 20)

/* From PostgreSQL's catalog, never to change. */
#define OID_BOOL 16
#define OID_INT8 20
#define OID_TEXT 25

struct many {
    bool is_postgres;
    const char *types;
    size_t n_columns;
    size_t column; /* the next */
    size_t n_rows; /* of the arrays */
    struct stmt *q;
    struct err err;                  /* the first failure */
    struct buf columns[MAX_COLUMNS]; /* arrays without what stands before their elements */
};

static const char *array_of(char type)
{
    return type == 'i' ? "::bigint[]" : type == 't' ? "::text[]" : "::boolean[]";
}

static uint32_t oid_of(char type)
{
    return type == 'i' ? OID_INT8 : type == 't' ? OID_TEXT : OID_BOOL;
}

/* "$3" of the values is v.p3 of the rows that the arrays make. */
static void add_values_of_rows(struct buf *sql, const char *values)
{
    for (const char *c = values; *c; c++) {
        if (*c == '$')
            buf_add_text(sql, "v.p");
        else
            buf_add_char(sql, *c);
    }
}

static void write_postgres(struct buf *sql, const struct many_sql *form)
{
    const size_t n = strlen(form->types);

    buf_addf(sql, "%s SELECT ", form->into);
    add_values_of_rows(sql, form->values);
    buf_add_text(sql, " FROM unnest(");
    for (size_t i = 0; i < n; i++)
        buf_addf(sql, "%s$%zu%s", i ? ", " : "", i + 1, array_of(form->types[i]));
    buf_add_text(sql, ") AS v(");
    for (size_t i = 0; i < n; i++)
        buf_addf(sql, "%sp%zu", i ? ", " : "", i + 1);
    buf_addf(sql, ")%s", form->tail);
}

struct many *tx_prepare_many(struct tx *tx, const struct many_sql *form)
{
    struct many *many = xcalloc(1, sizeof *many);
    autodone(buf) struct buf sql = BUF_INIT(16384);

    many->is_postgres = db_is_postgres(tx_db(tx));
    many->types = form->types;
    many->n_columns = strlen(form->types);
    ASSERT(many->n_columns <= MAX_COLUMNS);
    for (size_t i = 0; i < many->n_columns; i++)
        buf_init(&many->columns[i], COLUMN_MAX);
    if (many->is_postgres)
        write_postgres(&sql, form);
    else
        buf_addf(&sql, "%s VALUES (%s)%s", form->into, form->values, form->tail);
    ASSERT(buf_ok(&sql));
    many->q = tx_prepare_text(tx, buf_text(&sql));
    return many;
}

void many_free(struct many *many)
{
    if (!many)
        return;
    stmt_free(many->q);
    for (size_t i = 0; i < many->n_columns; i++)
        buf_done(&many->columns[i]);
    free(many);
}

static void next_column(struct many *many)
{
    if (++many->column < many->n_columns)
        return;
    many->column = 0;
    if (many->is_postgres) {
        many->n_rows++;
    } else if (many->err.kind == ERR_NONE && stmt_run(many->q, &many->err)) {
        stmt_reset(many->q);
    }
}

static void add_null(struct many *many)
{
    if (many->is_postgres)
        buf_add_u32(&many->columns[many->column], UINT32_MAX);
    else
        stmt_bind_null(many->q, (int)many->column + 1);
    next_column(many);
}

void many_i64(struct many *many, int64_t value)
{
    ASSERT(many->types[many->column] == 'i');
    if (many->is_postgres) {
        buf_add_u32(&many->columns[many->column], sizeof value);
        buf_add_u64(&many->columns[many->column], (uint64_t)value);
    } else {
        stmt_bind_i64(many->q, (int)many->column + 1, value);
    }
    next_column(many);
}

void many_i64_or_null(struct many *many, int64_t value)
{
    if (value)
        many_i64(many, value);
    else
        add_null(many);
}

void many_span(struct many *many, struct span text)
{
    ASSERT(many->types[many->column] == 't');
    if (!many->is_postgres) {
        stmt_bind_span(many->q, (int)many->column + 1, text);
        next_column(many);
        return;
    }
    if (many->err.kind == ERR_NONE && !parse_is_utf8(text))
        fail(&many->err, ERR_INVALID, "a text is not valid UTF-8, or holds a NUL");
    buf_add_u32(&many->columns[many->column], (uint32_t)text.size);
    buf_add_span(&many->columns[many->column], text);
    next_column(many);
}

void many_text(struct many *many, const char *text)
{
    if (text)
        many_span(many, span_text(text));
    else
        add_null(many);
}

void many_bool(struct many *many, bool value)
{
    ASSERT(many->types[many->column] == 'b');
    if (many->is_postgres) {
        buf_add_u32(&many->columns[many->column], 1);
        buf_add_u8(&many->columns[many->column], value);
    } else {
        stmt_bind_bool(many->q, (int)many->column + 1, value);
    }
    next_column(many);
}

static bool bind_array(struct many *many, size_t column, struct err *err)
{
    struct buf *const elements = &many->columns[column];
    autodone(buf) struct buf array = BUF_INIT(COLUMN_MAX + 64);

    if (!buf_check(elements, "value of many rows", err))
        return false;
    buf_add_u32(&array, 1); /* dimension */
    buf_add_u32(&array, 1); /* there may be NULLs */
    buf_add_u32(&array, oid_of(many->types[column]));
    buf_add_u32(&array, (uint32_t)many->n_rows);
    buf_add_u32(&array, 1); /* the first is number 1 */
    buf_add_span(&array, buf_span(elements));
    buf_clear(elements);
    stmt_bind_blob(many->q, (int)column + 1, buf_span(&array));
    return true;
}

static bool run_arrays(struct many *many, struct err *err)
{
    for (size_t i = 0; i < many->n_columns; i++)
        if (!bind_array(many, i, err))
            return false;
    many->n_rows = 0;
    if (!stmt_run(many->q, err))
        return false;
    stmt_reset(many->q);
    return true;
}

bool many_run(struct many *many, struct err *err)
{
    ASSERT(many->column == 0);
    if (many->err.kind != ERR_NONE) {
        *err = many->err;
        return false;
    }
    return many->n_rows == 0 || run_arrays(many, err);
}
