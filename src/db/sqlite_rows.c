/* db/sqlite_rows: see the header. A table-valued function (sqlite.org/vtab.html): it is there
 * without having been created, its argument is a hidden column. */
#include "db/sqlite_rows.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "db/driver.h"

/* Names the type of what is bound: nothing else is taken for it. */
#define POINTER_TYPE "many_rows"
#define HIDDEN DB_ROWS_MAX_COLUMNS /* the one after p20 */

struct rows_cursor {
    sqlite3_vtab_cursor base;
    const struct db_rows *rows;
    size_t row;
};

static int rows_connect(sqlite3 *handle, void *context, int n_arguments,
    const char *const *arguments, sqlite3_vtab **ret, char **ret_message)
{
    int code = sqlite3_declare_vtab(handle,
        "CREATE TABLE many_rows(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16,"
        " p17, p18, p19, p20, rows HIDDEN)");

    (void)context;
    (void)n_arguments;
    (void)arguments;
    (void)ret_message;
    if (code == SQLITE_OK)
        *ret = xcalloc(1, sizeof **ret);
    return code;
}

static int rows_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* There is one way: all rows of the argument, which is its only constraint. */
static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != HIDDEN || !info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
    struct rows_cursor *cursor = xcalloc(1, sizeof *cursor);

    (void)table;
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *base)
{
    free(base);
    return SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *base, int way, const char *way_text, int n,
    sqlite3_value **values)
{
    struct rows_cursor *const cursor = (struct rows_cursor *)base;

    (void)way;
    (void)way_text;
    cursor->rows = n == 1 ? sqlite3_value_pointer(values[0], POINTER_TYPE) : NULL;
    cursor->row = 0;
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *base)
{
    ((struct rows_cursor *)base)->row++;
    return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
    const struct rows_cursor *const cursor = (const struct rows_cursor *)base;

    return !cursor->rows || cursor->row >= cursor->rows->n;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct rows_cursor *const cursor = (const struct rows_cursor *)base;
    const struct db_rows *const rows = cursor->rows;
    const struct db_cell *cell;

    if (column < 0 || (size_t)column >= rows->n_columns)
        return SQLITE_OK; /* NULL */
    cell = &rows->cells[cursor->row * rows->n_columns + (size_t)column];
    if (cell->type == DB_TEXT)
        sqlite3_result_text64(context, cell->size ? (const char *)rows->texts + cell->number : "",
            cell->size, SQLITE_STATIC, SQLITE_UTF8);
    else if (cell->type != DB_NULL)
        sqlite3_result_int64(context, cell->number);
    return SQLITE_OK;
}

static int rows_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((const struct rows_cursor *)base)->row;
    return SQLITE_OK;
}

int sqlite_rows_register(sqlite3 *handle)
{
    static const sqlite3_module module = { .xConnect = rows_connect,
        .xBestIndex = rows_best_index,
        .xDisconnect = rows_disconnect,
        .xOpen = rows_open,
        .xClose = rows_close,
        .xFilter = rows_filter,
        .xNext = rows_next,
        .xEof = rows_eof,
        .xColumn = rows_column,
        .xRowid = rows_id };

    return sqlite3_create_module_v2(handle, "many_rows", &module, NULL, NULL);
}

int sqlite_rows_bind(sqlite3_stmt *stmt, int index, const struct db_rows *rows)
{
    /* SQLite hands it back as const, and knows of no other. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
    return sqlite3_bind_pointer(stmt, index, (void *)rows, POINTER_TYPE, NULL);
#pragma GCC diagnostic pop
}
