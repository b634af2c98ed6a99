/* store/dump: every row of every table comes back, on either database (F42). */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/dump.h"
#include "store/schema.h"

static struct dump_schema present_schema(void)
{
    struct dump_schema schema = { 0 };
    struct err err = { 0 };

    assert_works(dump_schema_read(schema_steps, n_schema_steps, &schema, &err), &err);
    return schema;
}

/* The database's own list of tables; those of SQLite's search indexes are its own affair. */
static struct stmt *ask_tables(struct tx *tx)
{
    if (db_is_postgres(tx_db(tx)))
        return tx_prepare(tx, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
                              " AND tablename <> 'schema_migration'");
    return tx_prepare(tx,
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%\\_search\\_%' ESCAPE '\\'"
        " AND name <> 'schema_migration'");
}

static void the_schema_is_read_as_the_database_has_it(void **state)
{
    autodone(dump_schema) struct dump_schema schema = present_schema();
    struct tx *tx = test_tx(*state, TX_READ);
    struct stmt *q = ask_tables(tx);
    struct err err = { 0 };
    size_t n = 0;

    for (; stmt_next(q); n++)
        if (!dump_schema_find(&schema, stmt_text(q, 0)))
            fail_msg("table %s would not be dumped", stmt_text(q, 0));
    assert_works(stmt_end(q, &err), &err);
    assert_int_equal(n, schema.n_tables);
    stmt_free(q);
    tx_free(tx);
}

/* A column that the reader overlooks would be lost without a word. */
static void no_column_is_overlooked(void **state)
{
    autodone(dump_schema) struct dump_schema schema = present_schema();
    struct tx *tx = test_tx(*state, TX_READ);
    struct err err = { 0 };

    for (size_t i = 0; i < schema.n_tables; i++) {
        const struct dump_table *table = &schema.tables[i];
        struct stmt *q =
            db_is_postgres(tx_db(tx))
                ? tx_prepare(tx, "SELECT COUNT(*) FROM information_schema.columns"
                                 " WHERE table_schema = current_schema() AND table_name = $1"
                                 " AND is_generated = 'NEVER'")
                : tx_prepare(tx, "SELECT COUNT(*) + ($1 LIKE '%\\_search' ESCAPE '\\')"
                                 " FROM pragma_table_info($1)");
        int64_t n = 0;

        stmt_bind_text(q, 1, table->name);
        while (stmt_next(q))
            n = stmt_i64(q, 0);
        assert_works(stmt_end(q, &err), &err);
        if (n != (int64_t)table->n_columns)
            fail_msg("%s has %d columns, read were %zu", table->name, (int)n, table->n_columns);
        stmt_free(q);
    }
    tx_free(tx);
}

#define ROWS_MAX 2000

struct rows {
    struct buf items[ROWS_MAX];
    size_t n;
};

static bool keep(void *context, struct span row, struct err *err)
{
    struct rows *rows = context;

    (void)err;
    assert_true(rows->n < ROWS_MAX);
    buf_init(&rows->items[rows->n], DUMP_ROW_MAX);
    buf_add_span(&rows->items[rows->n++], row);
    return true;
}

static void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        buf_done(&rows->items[i]);
    free(rows);
}

static struct rows *dump_all(struct tx *tx, const struct dump_table *table)
{
    struct rows *rows = xcalloc(1, sizeof *rows);
    struct err err = { 0 };

    assert_works(store_dump_rows(tx, table, keep, rows, &err), &err);
    return rows;
}

/* More than a page of them, with every type, NULLs, and bytes that are no text. */
static void fill(struct tx *tx)
{
    int64_t ann = an_account(tx, "ann");

    for (int i = 0; i < 600; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "Käse %d; \"x\"\n", i);
        int64_t record = a_record(tx, name, ann);

        if (i < 3)
            make_current(tx, record, a_version(tx, (uint8_t)(i + 1), NOW, NOW + DAY), "rsa",
                NOW + DAY);
    }
}

static void what_was_dumped_is_loaded_again(void **state)
{
    autodone(dump_schema) struct dump_schema schema = present_schema();
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    struct rows *before[128];

    fill(tx);
    assert_true(schema.n_tables <= countof(before));
    for (size_t i = 0; i < schema.n_tables; i++)
        before[i] = dump_all(tx, &schema.tables[i]);
    assert_works(store_dump_clear(tx, &schema, &err), &err);
    for (size_t i = 0; i < schema.n_tables; i++) {
        struct dump_loader *loader = store_dump_loader_new(tx, &schema.tables[i]);

        for (size_t k = 0; k < before[i]->n; k++)
            assert_works(store_dump_load(loader, buf_span(&before[i]->items[k]), &err), &err);
        dump_loader_free(loader);
    }
    for (size_t i = 0; i < schema.n_tables; i++) {
        struct rows *after = dump_all(tx, &schema.tables[i]);

        assert_int_equal(after->n, before[i]->n);
        for (size_t k = 0; k < after->n; k++)
            assert_true(span_equal(buf_span(&after->items[k]), buf_span(&before[i]->items[k])));
        rows_done(after);
        rows_done(before[i]);
    }
    test_commit(tx);
}

/* A number that was given out and whose row is gone is not given out again. */
static void numbers_go_on_where_they_were(void **state)
{
    autodone(dump_schema) struct dump_schema schema = present_schema();
    const struct dump_table *accounts = dump_schema_find(&schema, "account");
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t last = -1;

    assert_works(store_dump_last_id(tx, accounts, &last, &err), &err);
    assert_int_equal(last, 0);
    assert_int_equal(an_account(tx, "ann"), 1);
    assert_works(store_dump_last_id(tx, accounts, &last, &err), &err);
    assert_int_equal(last, 1);
    assert_works(store_dump_set_last_id(tx, accounts, 41, &err), &err);
    assert_int_equal(an_account(tx, "bob"), 42);
    test_commit(tx);
}

static void bytes_that_are_no_row_are_refused(void **state)
{
    autodone(dump_schema) struct dump_schema schema = present_schema();
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct dump_loader *loader =
        store_dump_loader_new(tx, dump_schema_find(&schema, "business_group"));
    struct err err = { 0 };

    assert_fails(store_dump_load(loader, SPAN_EMPTY, &err), &err, ERR_INVALID);
    assert_fails(store_dump_load(loader, SPAN_LITERAL("\1\0\0\0\0\0\0\0\1\1\377\377\377\377x"),
                     &err),
        &err, ERR_INVALID);
    dump_loader_free(loader);
    tx_free(tx);
}

static void a_text_it_does_not_understand_is_an_error(void **state)
{
    static const struct schema_step steps[] = {
        { 1, "one", "CREATE TABLE a (\n    id ID_PRIMARY_KEY,\n    b TEXT -- words\n);\n" },
        { 2, "two", "ALTER TABLE a ADD COLUMN c BOOL NOT NULL DEFAULT FALSE;\n" },
        { 3, "three", "ALTER TABLE z ADD COLUMN c BOOL;\n" },
    };
    autodone(dump_schema) struct dump_schema schema = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_works(dump_schema_read(steps, 2, &schema, &err), &err);
    const struct dump_table *a = dump_schema_find(&schema, "a");

    assert_non_null(a);
    assert_int_equal(a->n_columns, 3);
    assert_true(a->gives_ids);
    assert_string_equal(a->columns[2].name, "c");
    assert_int_equal(a->columns[2].type, DUMP_BOOL);
    dump_schema_done(&schema);
    assert_fails(dump_schema_read(steps, 3, &schema, &err), &err, ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_schema_is_read_as_the_database_has_it, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(no_column_is_overlooked, test_db_setup, test_db_teardown),
        cmocka_unit_test_setup_teardown(what_was_dumped_is_loaded_again, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(numbers_go_on_where_they_were, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_row_are_refused, test_db_setup,
            test_db_teardown),
        cmocka_unit_test(a_text_it_does_not_understand_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
