/* db/db, stamps and limits: what was read may be kept until what it was read from changes. */
#include "testing_db.h"

#include <stdlib.h>

#include "base/err.h"
#include "db/driver.h"

static struct test_db *sqlite_only(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (test_db_is_postgres(test))
        skip();
    assert_works(test->db->ops->script(test->db,
                     "CREATE TABLE shelf(id INTEGER PRIMARY KEY, name TEXT);"
                     "CREATE TABLE book(id INTEGER PRIMARY KEY, shelf_id INTEGER"
                     " REFERENCES shelf(id) ON DELETE CASCADE, name TEXT, n_read INTEGER);"
                     "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'trigram');"
                     "INSERT INTO shelf VALUES (1, 'left'), (2, 'right');"
                     "INSERT INTO book VALUES (1, 1, 'one', 0), (2, 1, 'two', 0);"
                     "INSERT INTO words(rowid, text) VALUES (1, 'one word')",
                     &err),
        &err);
    return test;
}

static void change(struct db *db, const char *sql)
{
    autofree(tx) struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(db, TX_WRITE, &tx, &err), &err);
    autofree(stmt) struct stmt *q = tx_prepare_text(tx, sql);

    assert_works(stmt_run(q, &err), &err);
    assert_works(tx_commit(take(&tx), &err), &err);
}

/* The commit that a reader's statement stands at; -1: it cannot be said. */
static int64_t stamp_in(struct tx *tx, const char *sql)
{
    autofree(stmt) struct stmt *q = tx_prepare_text(tx, sql);
    struct stmt_stamp stamp = { 0 };

    return stmt_stamp(q, &stamp) ? stamp.commit : -1;
}

static void read_something(struct tx *tx)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM shelf");

    (void)test_one_number(take(&q));
}

static int64_t stamp(struct db *db, const char *sql)
{
    autofree(tx) struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(db, TX_READ, &tx, &err), &err);
    read_something(tx);
    return stamp_in(tx, sql);
}

#define NAMES "SELECT id FROM book WHERE name <> 'x'"
#define MATCHES "SELECT rowid FROM words WHERE words MATCH 'ord'"

static void a_stamp_changes_with_what_is_read_and_with_nothing_else(void **state)
{
    static const struct {
        const char *change;
        const char *query;
        bool is_of_it;
    } cases[] = {
        { "INSERT INTO book VALUES (3, 1, 'three', 0)", NAMES, true },
        { "UPDATE book SET name = 'x' WHERE id = 3", NAMES, true },
        { "UPDATE book SET n_read = 1 WHERE id = 3", NAMES, false },
        { "UPDATE shelf SET name = 'x'", NAMES, false },
        { "DELETE FROM book WHERE id = 3", NAMES, true },
        { "INSERT INTO shelf VALUES (3, 'top')", NAMES, false },
        { "INSERT INTO words(rowid, text) VALUES (2, 'words')", MATCHES, true },
        { "UPDATE words SET text = 'another word' WHERE rowid = 1", MATCHES, true },
        { "DELETE FROM words WHERE rowid = 2", MATCHES, true },
        { "INSERT INTO words(rowid, text) VALUES (2, 'words')", NAMES, false },
        /* What a deletion takes along is deleted, too. */
        { "DELETE FROM shelf WHERE id = 1", NAMES, true },
    };
    const struct test_db *test = sqlite_only(state);
    struct db *reader = test_db_open_again(test);

    for (size_t i = 0; i < countof(cases); i++) {
        const int64_t before = stamp(reader, cases[i].query);

        assert_true(before >= 0);
        assert_int_equal(stamp(test->db, cases[i].query), before);
        change(test->db, cases[i].change);
        assert_int_equal(stamp(reader, cases[i].query) > before, cases[i].is_of_it);
        assert_int_equal(stamp(test->db, cases[i].query) > before, cases[i].is_of_it);
    }
    db_close(reader);
}

static void what_came_later_is_no_stamp_of_what_was_read_before(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db *reader = test_db_open_again(test);
    struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(reader, TX_READ, &tx, &err), &err);
    assert_int_equal(stamp_in(tx, NAMES), -1); /* nothing has been read, so it may see the next */
    read_something(tx);
    assert_true(stamp_in(tx, NAMES) >= 0);
    change(test->db, "DELETE FROM book");
    assert_int_equal(stamp_in(tx, NAMES), -1);
    assert_true(stamp_in(tx, MATCHES) >= 0);
    tx_free(tx);
    assert_true(stamp(reader, NAMES) >= 0);
    db_close(reader);
}

static void who_writes_has_no_stamp_and_who_gives_up_changes_none(void **state)
{
    const struct test_db *test = sqlite_only(state);
    const int64_t before = stamp(test->db, NAMES);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct err err = { 0 };
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM book");

    assert_works(stmt_run(q, &err), &err);
    assert_int_equal(stamp_in(tx, NAMES), -1);
    stmt_free(take(&q));
    tx_free(tx);
    change(test->db, "UPDATE shelf SET name = 'x'");
    assert_true(stamp(test->db, NAMES) >= before);
}

static int64_t count_rows(struct tx *tx, int64_t n_steps, bool *ret_is_cut)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
                       " WHERE n < 10000) SELECT n FROM i");
    struct err err = { 0 };
    int64_t n = 0;

    stmt_limit(q, n_steps);
    while (stmt_next(q))
        n++;
    assert_works(stmt_end(q, &err), &err);
    *ret_is_cut = stmt_is_cut(q);
    return n;
}

static void a_limit_ends_the_rows_of_its_statement_alone(void **state)
{
    struct tx *tx = test_tx(sqlite_only(state), TX_READ);
    bool is_cut = false;

    assert_int_equal(count_rows(tx, 0, &is_cut), 10000);
    assert_false(is_cut);
    assert_in_range(count_rows(tx, 5000, &is_cut), 1, 5000);
    assert_true(is_cut);
    assert_int_equal(count_rows(tx, 10000000, &is_cut), 10000);
    assert_false(is_cut);
    assert_int_equal(count_rows(tx, 0, &is_cut), 10000);
    tx_free(tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stamp_changes_with_what_is_read_and_with_nothing_else,
            test_db_setup_empty, test_db_teardown),
        cmocka_unit_test_setup_teardown(what_came_later_is_no_stamp_of_what_was_read_before,
            test_db_setup_empty, test_db_teardown),
        cmocka_unit_test_setup_teardown(who_writes_has_no_stamp_and_who_gives_up_changes_none,
            test_db_setup_empty, test_db_teardown),
        cmocka_unit_test_setup_teardown(a_limit_ends_the_rows_of_its_statement_alone,
            test_db_setup_empty, test_db_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
