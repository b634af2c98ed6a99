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
#include "db/driver.h"

#define TEXTS_MAX ((size_t)256 << 20)
#define ARRAY_MAX ((size_t)512 << 20)

/* Rows that take this much are written without waiting for others. */
#define TEXTS_ENOUGH ((size_t)1 << 20)

/* From PostgreSQL's catalog, never to change. */
#define OID_BOOL 16
#define OID_INT8 20
#define OID_TEXT 25

struct many {
    struct tx *tx;
    const struct many_sql *form;
    size_t n_columns;
    size_t column; /* the next */
    size_t n_rows; /* that are complete */
    struct db_cell *cells;
    size_t room; /* rows that there is room for */
    struct buf texts;
    struct stmt *q;      /* for many rows; NULL before the first time */
    struct db_rows rows; /* as they are bound to it */
    int64_t n_changed;
    struct err err; /* the first failure */
};

static bool takes_arrays(const struct many *many)
{
    return !many->tx->db->ops->bind_rows;
}

static bool is_question(const struct many *many)
{
    return !many->form->into;
}

/* ---- statements ---- */

static const char *array_of(char type)
{
    return type == 'i' ? "::bigint[]" : type == 't' ? "::text[]" : "::boolean[]";
}

static uint32_t oid_of(char type)
{
    return type == 'i' ? OID_INT8 : type == 't' ? OID_TEXT : OID_BOOL;
}

/* "$3" is v.p3 of the rows. */
static void add_of_rows(struct buf *sql, const char *expressions)
{
    for (const char *c = expressions; *c; c++) {
        if (*c == '$')
            buf_add_text(sql, "v.p");
        else
            buf_add_char(sql, *c);
    }
}

static void add_arrays(struct buf *sql, const char *types)
{
    const size_t n = strlen(types);

    buf_add_text(sql, "unnest(");
    for (size_t i = 0; i < n; i++)
        buf_addf(sql, "%s$%zu%s", i ? ", " : "", i + 1, array_of(types[i]));
    buf_add_text(sql, ") AS v(");
    for (size_t i = 0; i < n; i++)
        buf_addf(sql, "%sp%zu", i ? ", " : "", i + 1);
    buf_add_char(sql, ')');
}

/* The row that fails takes the transaction down with it (db/db.h), so the rows before it need not
 * be undone for themselves: for that SQLite would copy each page before it is changed, once in
 * every statement. */
static void add_into(const struct many *many, struct buf *sql)
{
    static const struct span insert = SPAN_LITERAL("INSERT ");
    const struct span into = span_text(many->form->into);

    ASSERT(span_starts_with(into, (const char *)insert.data));
    buf_add_text(sql, takes_arrays(many) ? "INSERT " : "INSERT OR FAIL ");
    buf_add_span(sql, span_slice(into, insert.size, SIZE_MAX));
}

/* Without a WHERE, SQLite would take ON CONFLICT for the condition of a join. */
static struct stmt *prepare_many(const struct many *many)
{
    autodone(buf) struct buf sql = BUF_INIT(16384);

    if (!is_question(many))
        add_into(many, &sql);
    buf_add_text(&sql, " SELECT ");
    add_of_rows(&sql, many->form->values);
    buf_add_text(&sql, " FROM ");
    if (takes_arrays(many))
        add_arrays(&sql, many->form->types);
    else
        buf_add_text(&sql, "many_rows($1) AS v");
    buf_add_text(&sql, " WHERE TRUE");
    add_of_rows(&sql, many->form->tail);
    ASSERT(buf_ok(&sql));
    return tx_prepare_text(many->tx, buf_text(&sql));
}

static struct stmt *prepare_one(const struct many *many)
{
    const struct many_sql *const form = many->form;
    autodone(buf) struct buf sql = BUF_INIT(16384);

    buf_addf(&sql, "%s VALUES (%s)%s", form->into, form->values, form->tail);
    ASSERT(buf_ok(&sql));
    return tx_prepare_text(many->tx, buf_text(&sql));
}

struct many *tx_prepare_many(struct tx *tx, const struct many_sql *form)
{
    struct many *many = xcalloc(1, sizeof *many);

    many->tx = tx;
    many->form = form;
    many->n_columns = strlen(form->types);
    ASSERT(many->n_columns <= DB_ROWS_MAX_COLUMNS);
    buf_init(&many->texts, TEXTS_MAX);
    return many;
}

void many_free(struct many *many)
{
    if (!many)
        return;
    stmt_free(many->q);
    free(many->cells);
    buf_done(&many->texts);
    free(many);
}

/* ---- running them ---- */

static struct span text_of(const struct many *many, const struct db_cell *cell)
{
    return span_slice(buf_span(&many->texts), (size_t)cell->number, cell->size);
}

static void add_element(const struct many *many, const struct db_cell *cell, struct buf *array)
{
    switch (cell->type) {
    case DB_I64:
        buf_add_u32(array, sizeof cell->number);
        buf_add_u64(array, (uint64_t)cell->number);
        break;
    case DB_BOOL:
        buf_add_u32(array, 1);
        buf_add_u8(array, cell->number != 0);
        break;
    case DB_TEXT:
        buf_add_u32(array, cell->size);
        buf_add_span(array, text_of(many, cell));
        break;
    case DB_NULL:
    case DB_BLOB:
        buf_add_u32(array, UINT32_MAX);
        break;
    }
}

static bool bind_array(const struct many *many, size_t column, struct err *err)
{
    autodone(buf) struct buf array = BUF_INIT(ARRAY_MAX);

    buf_add_u32(&array, 1); /* dimension */
    buf_add_u32(&array, 1); /* there may be NULLs */
    buf_add_u32(&array, oid_of(many->form->types[column]));
    buf_add_u32(&array, (uint32_t)many->n_rows);
    buf_add_u32(&array, 1); /* the first is number 1 */
    for (size_t i = 0; i < many->n_rows; i++)
        add_element(many, &many->cells[i * many->n_columns + column], &array);
    if (!buf_check(&array, "value of many rows", err))
        return false;
    stmt_bind_blob(many->q, (int)column + 1, buf_span(&array));
    return true;
}

static bool bind_many(struct many *many, struct err *err)
{
    if (!many->q)
        many->q = prepare_many(many);
    if (!takes_arrays(many)) {
        many->rows =
            (struct db_rows){ many->n_rows, many->n_columns, many->cells, many->texts.data };
        stmt_bind_rows(many->q, 1, &many->rows);
        return true;
    }
    for (size_t i = 0; i < many->n_columns; i++)
        if (!bind_array(many, i, err))
            return false;
    return true;
}

/* How statements are run: stmt_run or stmt_send. */
typedef bool (*run_fn)(struct stmt *stmt, struct err *err);

static bool run_many(struct many *many, run_fn run_stmt, struct err *err)
{
    if (!bind_many(many, err) || !run_stmt(many->q, err))
        return false;
    many->n_changed += stmt_n_changed(many->q);
    stmt_reset(many->q);
    return true;
}

/* A single row is what most have to write: it needs no table. */
static bool run_one(struct many *many, struct err *err)
{
    autofree(stmt) struct stmt *q = prepare_one(many);

    for (size_t i = 0; i < many->n_columns; i++) {
        const struct db_cell *const cell = &many->cells[i];
        const int parameter = (int)i + 1;

        if (cell->type == DB_TEXT)
            stmt_bind_span(q, parameter, text_of(many, cell));
        else if (cell->type == DB_I64)
            stmt_bind_i64(q, parameter, cell->number);
        else if (cell->type == DB_BOOL)
            stmt_bind_bool(q, parameter, cell->number != 0);
        else
            stmt_bind_null(q, parameter);
    }
    if (!stmt_run(q, err))
        return false;
    many->n_changed += stmt_n_changed(q);
    return true;
}

static bool run(struct many *many, run_fn run_stmt, struct err *err)
{
    if (!buf_check(&many->texts, "text of many rows", err))
        return false;
    if (many->n_rows > 0 &&
        !(many->n_rows == 1 && !takes_arrays(many) ? run_one(many, err)
                                                   : run_many(many, run_stmt, err)))
        return false;
    many->n_rows = 0;
    buf_clear(&many->texts);
    return true;
}

static bool run_rest(struct many *many, run_fn run_stmt, struct err *err)
{
    ASSERT(many->column == 0);
    if (many->err.kind == ERR_NONE && run(many, run_stmt, &many->err))
        return true;
    *err = many->err;
    return false;
}

bool many_run(struct many *many, struct err *err)
{
    return run_rest(many, stmt_run, err);
}

bool many_send(struct many *many, struct err *err)
{
    return run_rest(many, stmt_send, err);
}

int64_t many_n_changed(const struct many *many)
{
    return many->n_changed;
}

bool many_ask(struct many *many, struct stmt **ret, struct err *err)
{
    ASSERT(is_question(many) && many->column == 0 && !many->q);
    if (many->err.kind == ERR_NONE && buf_check(&many->texts, "text of many rows", &many->err) &&
        bind_many(many, &many->err)) {
        *ret = many->q;
        return true;
    }
    *err = many->err;
    return false;
}

/* ---- values ---- */

static void add_cell(struct many *many, struct db_cell cell)
{
    if (many->n_rows == many->room) {
        many->room = many->room ? 2 * many->room : 1;
        many->cells = xreallocarray(many->cells, many->room * many->n_columns, sizeof *many->cells);
    }
    many->cells[many->n_rows * many->n_columns + many->column] = cell;
    if (++many->column < many->n_columns)
        return;
    many->column = 0;
    many->n_rows++;
    if (many->texts.size >= TEXTS_ENOUGH && !is_question(many) && many->err.kind == ERR_NONE &&
        !run(many, stmt_run, &many->err))
        many->n_rows = 0;
}

static void expect_type(const struct many *many, char type)
{
    ASSERT(many->form->types[many->column] == type);
}

void many_i64(struct many *many, int64_t value)
{
    expect_type(many, 'i');
    add_cell(many, (struct db_cell){ .type = DB_I64, .number = value });
}

void many_i64_or_null(struct many *many, int64_t value)
{
    if (value)
        many_i64(many, value);
    else
        add_cell(many, (struct db_cell){ .type = DB_NULL });
}

void many_span(struct many *many, struct span text)
{
    const struct db_cell cell = { .type = DB_TEXT,
        .number = (int64_t)many->texts.size,
        .size = (uint32_t)text.size };

    expect_type(many, 't');
    if (many->err.kind == ERR_NONE && !parse_is_utf8(text))
        fail(&many->err, ERR_INVALID, "a text is not valid UTF-8, or holds a NUL");
    buf_add_span(&many->texts, text);
    add_cell(many, cell);
}

void many_text(struct many *many, const char *text)
{
    if (text)
        many_span(many, span_text(text));
    else
        add_cell(many, (struct db_cell){ .type = DB_NULL });
}

void many_bool(struct many *many, bool value)
{
    expect_type(many, 'b');
    add_cell(many, (struct db_cell){ .type = DB_BOOL, .number = value });
}
