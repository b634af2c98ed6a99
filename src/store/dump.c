/*
 * store/dump: see the header.
 *
 * Statements are put together here from the names in the schema's own text; nothing of them comes
 * from outside.
 */
#include "store/dump.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "db/db.h"

#define PAGE 500

static const char *const passing[] = { "session", "throttle", "idempotency", "lease", "node",
    "master_key", "vault_node" };

bool store_dump_is_passing(const char *table)
{
    for (size_t i = 0; i < countof(passing); i++)
        if (strcmp(passing[i], table) == 0)
            return true;
    return false;
}

static void add_columns(struct sql *sql, const struct dump_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (i > 0)
            sql_add(sql, ", ");
        buf_add_text(&sql->text, table->columns[i].name);
    }
}

static void write_column(struct stmt *q, int i, enum dump_type type, struct buf *row)
{
    frame_put_bool(row, !stmt_is_null(q, i));
    if (stmt_is_null(q, i))
        return;
    switch (type) {
    case DUMP_I64:
        frame_put_i64(row, stmt_i64(q, i));
        break;
    case DUMP_BOOL:
        frame_put_bool(row, stmt_bool(q, i));
        break;
    case DUMP_TEXT:
        frame_put_text(row, stmt_text(q, i));
        break;
    case DUMP_BYTES:
        frame_put_bytes(row, stmt_blob(q, i));
        break;
    }
}

/* *ret_n: how many rows the statement gave. */
static bool visit_rows(struct stmt *q, const struct dump_table *table, dump_visit visit,
    void *context, int64_t *ret_n, struct err *err)
{
    autodone(buf) struct buf row = BUF_INIT(DUMP_ROW_MAX);

    *ret_n = 0;
    while (stmt_next(q)) {
        buf_clear(&row);
        for (size_t i = 0; i < table->n_columns; i++)
            write_column(q, (int)i, table->columns[i].type, &row);
        if (!buf_check(&row, "a row", err) || !visit(context, buf_span(&row), err))
            return err_wrap(err, "table %s", table->name);
        ++*ret_n;
    }
    return stmt_end(q, err);
}

/* SQLite gives rows as it finds them. */
static bool dump_sqlite(struct tx *tx, const struct dump_table *table, dump_visit visit,
    void *context, struct err *err)
{
    autodone(sql) struct sql sql = SQL_INIT;
    int64_t n;

    sql_add(&sql, "SELECT ");
    add_columns(&sql, table);
    sql_add(&sql, " FROM ");
    buf_add_text(&sql.text, table->name);
    if (table->gives_ids)
        sql_add(&sql, " ORDER BY id");
    autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

    return visit_rows(q, table, visit, context, &n, err);
}

/* PostgreSQL gives a whole result at once, unless a cursor is asked for some of it. */
static bool open_cursor(struct tx *tx, const struct dump_table *table, struct err *err)
{
    autodone(sql) struct sql sql = SQL_INIT;

    sql_add(&sql, "DECLARE dump_");
    buf_add_text(&sql.text, table->name);
    sql_add(&sql, " NO SCROLL CURSOR FOR SELECT ");
    add_columns(&sql, table);
    sql_add(&sql, " FROM ");
    buf_add_text(&sql.text, table->name);
    if (table->gives_ids)
        sql_add(&sql, " ORDER BY id");
    autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

    return stmt_run(q, err);
}

static bool close_cursor(struct tx *tx, const struct dump_table *table, struct err *err)
{
    autodone(sql) struct sql sql = SQL_INIT;

    sql_add(&sql, "CLOSE dump_");
    buf_add_text(&sql.text, table->name);
    autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

    return stmt_run(q, err);
}

static bool dump_postgres(struct tx *tx, const struct dump_table *table, dump_visit visit,
    void *context, struct err *err)
{
    autodone(sql) struct sql sql = SQL_INIT;
    int64_t n = PAGE;

    if (!open_cursor(tx, table, err))
        return false;
    buf_addf(&sql.text, "FETCH %d FROM dump_", PAGE);
    buf_add_text(&sql.text, table->name);
    while (n == PAGE) {
        autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

        if (!visit_rows(q, table, visit, context, &n, err))
            return false;
    }
    return close_cursor(tx, table, err);
}

bool store_dump_rows(struct tx *tx, const struct dump_table *table, dump_visit visit, void *context,
    struct err *err)
{
    if (db_is_postgres(tx_db(tx)))
        return dump_postgres(tx, table, visit, context, err);
    return dump_sqlite(tx, table, visit, context, err);
}

bool store_dump_last_id(struct tx *tx, const struct dump_table *table, int64_t *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;
    int64_t last = 0;

    *ret = 0;
    if (!table->gives_ids)
        return true;
    if (db_is_postgres(tx_db(tx)))
        q = tx_prepare(tx, "SELECT last_value FROM pg_sequences WHERE schemaname = current_schema()"
                           " AND sequencename = $1 || '_id_seq'");
    else
        q = tx_prepare(tx, "SELECT seq FROM sqlite_sequence WHERE name = $1");
    stmt_bind_text(q, 1, table->name);
    while (stmt_next(q))
        last = stmt_i64(q, 0);
    *ret = last;
    return stmt_end(q, err);
}

struct dump_loader {
    const struct dump_table *table;
    struct stmt *insert;
};

struct dump_loader *store_dump_loader_new(struct tx *tx, const struct dump_table *table)
{
    struct dump_loader *loader = xcalloc(1, sizeof *loader);
    autodone(sql) struct sql sql = SQL_INIT;

    loader->table = table;
    sql_add(&sql, "INSERT INTO ");
    buf_add_text(&sql.text, table->name);
    sql_add(&sql, "(");
    add_columns(&sql, table);
    sql_add(&sql, ") VALUES (");
    for (size_t i = 0; i < table->n_columns; i++) {
        if (i > 0)
            sql_add(&sql, ", ");
        sql_add_parameter(&sql, (int)i + 1);
    }
    sql_add(&sql, ")");
    loader->insert = tx_prepare_sql(tx, &sql);
    return loader;
}

void dump_loader_free(struct dump_loader *loader)
{
    if (!loader)
        return;
    stmt_free(loader->insert);
    free(loader);
}

static void bind_column(struct stmt *q, int parameter, enum dump_type type, struct frame_reader *r)
{
    if (!frame_read_bool(r)) {
        stmt_bind_null(q, parameter);
        return;
    }
    switch (type) {
    case DUMP_I64:
        stmt_bind_i64(q, parameter, frame_read_i64(r));
        break;
    case DUMP_BOOL:
        stmt_bind_bool(q, parameter, frame_read_bool(r));
        break;
    case DUMP_TEXT:
        stmt_bind_span(q, parameter, frame_read_text(r, DUMP_ROW_MAX));
        break;
    case DUMP_BYTES:
        stmt_bind_blob(q, parameter, frame_read_bytes(r));
        break;
    }
}

bool store_dump_load(struct dump_loader *loader, struct span row, struct err *err)
{
    const struct dump_table *table = loader->table;
    struct frame_reader r = frame_reader_of(row);

    stmt_reset(loader->insert);
    for (size_t i = 0; i < table->n_columns; i++)
        bind_column(loader->insert, (int)i + 1, table->columns[i].type, &r);
    if (!frame_reader_end(&r, err))
        return fail(err, ERR_INVALID, "a row of table %s is damaged", table->name);
    if (!stmt_run(loader->insert, err))
        return err_wrap(err, "table %s", table->name);
    return true;
}

bool store_dump_set_last_id(struct tx *tx, const struct dump_table *table, int64_t last_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (!table->gives_ids || last_id < 1)
        return true;
    if (db_is_postgres(tx_db(tx))) {
        q = tx_prepare(tx, "SELECT setval(pg_get_serial_sequence($1, 'id'), $2)");
    } else {
        autofree(stmt) struct stmt *old =
            tx_prepare(tx, "DELETE FROM sqlite_sequence WHERE name = $1");

        stmt_bind_text(old, 1, table->name);
        if (!stmt_run(old, err))
            return false;
        q = tx_prepare(tx, "INSERT INTO sqlite_sequence(name, seq) VALUES ($1, $2)");
    }
    stmt_bind_text(q, 1, table->name);
    stmt_bind_i64(q, 2, last_id);
    while (stmt_next(q))
        ;
    return stmt_end(q, err);
}

bool store_dump_clear(struct tx *tx, const struct dump_schema *schema, struct err *err)
{
    for (size_t i = schema->n_tables; i-- > 0;) {
        autodone(sql) struct sql sql = SQL_INIT;

        sql_add(&sql, "DELETE FROM ");
        buf_add_text(&sql.text, schema->tables[i].name);
        autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

        if (!stmt_run(q, err))
            return false;
    }
    return true;
}

bool store_dump_is_empty(struct tx *tx, const struct dump_table *table, bool *ret, struct err *err)
{
    autodone(sql) struct sql sql = SQL_INIT;

    sql_add(&sql, "SELECT 1 FROM ");
    buf_add_text(&sql.text, table->name);
    sql_add(&sql, " LIMIT 1");
    autofree(stmt) struct stmt *q = tx_prepare_sql(tx, &sql);

    *ret = true;
    while (stmt_next(q))
        *ret = false;
    return stmt_end(q, err);
}
