/* db/many: many rows at once, on both databases. */
#include "testing_db.h"

#include "base/alloc.h"
#include "db/many.h"

/* PostgreSQL takes no large text into an index. */
static void make_wide_table(struct test_db *test)
{
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q = tx_prepare(tx, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT)");

    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    test_commit(tx);
}

static const struct many_sql things = { "INSERT INTO thing(id, name)", "it", "$1 + 100, $2", "" };

/* Whatever an array's text form would take for its own. */
static void many_rows_come_back_as_they_went(void **state)
{
    static const char *const names[] = { "", "NULL", "{a,\"b\"}", "back\\slash", "two\nlines",
        "äöü", NULL };
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct many *many = tx_prepare_many(tx, &things);

    assert_works(many_run(many, &err), &err);
    for (size_t i = 0; i < countof(names); i++) {
        many_i64(many, (int64_t)i);
        many_text(many, names[i]);
        if (i == 2)
            assert_works(many_run(many, &err), &err);
    }
    assert_works(many_run(many, &err), &err);
    many_free(many);

    struct stmt *q = tx_prepare(tx, "SELECT id, name FROM thing ORDER BY id");

    for (size_t i = 0; i < countof(names); i++) {
        assert_true(stmt_next(q));
        assert_int_equal(stmt_i64(q, 0), 100 + i);
        assert_int_equal(stmt_is_null(q, 1), names[i] == NULL);
        assert_string_equal(stmt_text(q, 1), names[i] ? names[i] : "");
    }
    assert_false(stmt_next(q));
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    test_commit(tx);
}

static const struct many_sql which_are_there = { NULL, "it", "$1",
    " AND $2 IN (SELECT t.name FROM thing t)" };

static void many_rows_are_asked_about_at_once(void **state)
{
    static const char *const names[] = { "two", "none", "one", "", "two" };
    struct test_db *test = *state;
    struct err err = { 0 };
    struct stmt *q;
    int64_t found = 0;

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct many *many = tx_prepare_many(tx, &things);

    many_i64(many, 1);
    many_text(many, "one");
    assert_works(many_run(many, &err), &err);
    many_i64(many, 2);
    many_text(many, "two");
    many_i64(many, 3);
    many_text(many, "three");
    assert_works(many_run(many, &err), &err);
    assert_int_equal(many_n_changed(many), 3);
    many_free(many);
    many = tx_prepare_many(tx, &which_are_there);
    for (size_t i = 0; i < countof(names); i++) {
        many_i64(many, (int64_t)1 << i);
        many_text(many, names[i]);
    }
    assert_works(many_ask(many, &q, &err), &err);
    while (stmt_next(q))
        found += stmt_i64(q, 0);
    assert_works(stmt_end(q, &err), &err);
    assert_int_equal(found, 1 + 4 + 16);
    many_free(many);
    many = tx_prepare_many(tx, &which_are_there);
    many_i64(many, 1);
    many_text(many, "no UTF-8: \xff");
    assert_fails(many_ask(many, &q, &err), &err, ERR_INVALID);
    many_free(many);
    tx_free(tx);
}

static void one_of_many_rows_that_fails_fails_all(void **state)
{
    static const char *const bad[] = { "one", "no UTF-8: \xff" };
    static const enum err_kind kinds[] = { ERR_CONFLICT, ERR_INVALID };
    struct test_db *test = *state;

    test_make_things(test);
    for (size_t i = 0; i < countof(bad); i++) {
        struct tx *tx = test_tx(test, TX_WRITE);
        struct many *many = tx_prepare_many(tx, &things);
        const char *const names[] = { "one", bad[i], "three" };
        struct err err = { 0 };

        for (size_t k = 0; k < countof(names); k++) {
            many_i64(many, (int64_t)k);
            many_text(many, names[k]);
        }
        assert_fails(many_run(many, &err), &err, kinds[i]);
        many_free(many);
        tx_free(tx);
        assert_int_equal(test_count_things(test), 0);
    }
}

static const struct many_sql named_things = { "INSERT INTO thing(id, name)", "itb",
    "$1, CASE WHEN $3 THEN $2 ELSE 'none' END",
    " ON CONFLICT (id) DO UPDATE SET name = excluded.name" };

static void add_thing(struct many *many, int64_t id, const char *name, bool has_name)
{
    many_i64(many, id);
    many_text(many, name);
    many_bool(many, has_name);
}

/* One row and several go different ways, and a conflict is dealt with on each. */
static void many_rows_may_meet_what_is_there(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct many *many = tx_prepare_many(tx, &named_things);

    add_thing(many, 1, "one", true);
    assert_works(many_run(many, &err), &err);
    add_thing(many, 2, "two", true);
    add_thing(many, 3, NULL, false);
    assert_works(many_run(many, &err), &err);
    add_thing(many, 3, "three", true);
    add_thing(many, 2, "", true);
    add_thing(many, 4, NULL, true);
    assert_works(many_run(many, &err), &err);
    add_thing(many, 1, "first", true);
    assert_works(many_run(many, &err), &err);
    many_free(many);
    struct stmt *q = tx_prepare(tx, "SELECT name FROM thing ORDER BY id");
    static const char *const names[] = { "first", "", "three", NULL };

    for (size_t i = 0; i < countof(names); i++) {
        assert_true(stmt_next(q));
        assert_int_equal(stmt_is_null(q, 0), names[i] == NULL);
        assert_string_equal(stmt_text(q, 0), names[i] ? names[i] : "");
    }
    assert_false(stmt_next(q));
    stmt_free(q);
    test_commit(tx);
}

/* Large ones do not wait for each other in memory, and what fails then is still told at the end. */
static void many_large_rows_are_written_as_they_come(void **state)
{
    const size_t size = (size_t)700 * 1024;
    struct test_db *test = *state;
    struct err err = { 0 };
    char *text = xcalloc(size + 1, 1);

    memset(text, 'x', size);
    make_wide_table(test);
    for (int64_t twice = 0; twice < 2; twice++) {
        struct tx *tx = test_tx(test, TX_WRITE);
        struct many *many = tx_prepare_many(tx, &things);

        for (int64_t i = 0; i < 5; i++) {
            text[0] = (char)('a' + i);
            many_i64(many, twice && i == 3 ? 0 : i);
            many_text(many, text);
            if (i == 1)
                assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing")), 2);
        }
        if (twice)
            assert_fails(many_run(many, &err), &err, ERR_CONFLICT);
        else
            assert_works(many_run(many, &err), &err);
        if (!twice)
            assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing"
                                                            " WHERE length(name) = 716800")),
                5);
        many_free(many);
        tx_free(tx);
    }
    free(text);
}

#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_db_setup_empty, many_rows_come_back_as_they_went),
        WITH(test_db_setup_empty, many_rows_are_asked_about_at_once),
        WITH(test_db_setup_empty, one_of_many_rows_that_fails_fails_all),
        WITH(test_db_setup_empty, many_rows_may_meet_what_is_there),
        WITH(test_db_setup_empty, many_large_rows_are_written_as_they_come),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
