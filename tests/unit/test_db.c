/* db/: the same statements on both databases, and what happens when they fail. */
#include "testing_db.h"

#include <poll.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "db/cache.h"
#include "db/driver.h"

static void parameters_may_come_in_any_order_and_again(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = test_tx(test, TX_READ);
    struct stmt *q = tx_prepare(tx,
        "SELECT CAST($2 AS BIGINT) * 100 + CAST($1 AS BIGINT) * 10 + CAST($2 AS BIGINT)");

    stmt_bind_i64(q, 1, 5);
    stmt_bind_i64(q, 2, 3);
    assert_int_equal(test_one_number(q), 353);
    tx_free(tx);
}

static void values_come_back_as_they_went(void **state)
{
    static const uint8_t bytes[] = { 0, 1, 0xFF, '\\', '\'', 0 };
    struct test_db *test = *state;
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *make = tx_prepare_text(tx,
        test_db_is_postgres(test)
            ? "CREATE TABLE kinds (b BYTEA, t TEXT, n BIGINT, yes BOOLEAN, no BOOLEAN)"
            : "CREATE TABLE kinds (b BLOB, t TEXT, n INTEGER, yes INTEGER, no INTEGER) STRICT");

    assert_works(stmt_run(make, &err), &err);
    stmt_free(make);
    struct stmt *q = tx_prepare(tx,
        "INSERT INTO kinds(b, t, n, yes, no) VALUES ($1, $2, $3, $4, FALSE) RETURNING b, t, n, yes, no");

    stmt_bind_blob(q, 1, span_of(bytes, sizeof bytes));
    stmt_bind_text(q, 2, "h\xc3\xa9llo '\"\\");
    stmt_bind_i64(q, 3, INT64_MIN);
    stmt_bind_bool(q, 4, true);
    assert_true(stmt_next(q));
    assert_true(span_equal(stmt_blob(q, 0), span_of(bytes, sizeof bytes)));
    assert_string_equal(stmt_text(q, 1), "h\xc3\xa9llo '\"\\");
    assert_true(stmt_i64(q, 2) == INT64_MIN);
    assert_true(stmt_bool(q, 3));
    assert_false(stmt_bool(q, 4));
    assert_false(stmt_next(q));
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    test_commit(tx);
}

static void a_broken_unique_rule_is_a_conflict(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_fails(test_add_thing(tx, 2, "a", &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void text_that_is_no_text_is_refused_before_it_is_sent(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_fails(test_add_thing(tx, 1, "\xff", &err), &err, ERR_INVALID);
    struct stmt *q = tx_prepare(tx, "INSERT INTO thing(id, name) VALUES (1, $1)");

    stmt_bind_span(q, 1, span_of("a\0b", 3));
    assert_fails(stmt_run(q, &err), &err, ERR_INVALID);
    stmt_free(q);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    test_commit(tx);
}

static void the_sql_of_a_failure_is_for_the_log_only(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_READ);
    struct stmt *q = tx_prepare(tx, "SELECT nonsense FROM nowhere");

    assert_fails(stmt_run(q, &err), &err, ERR_INTERNAL);
    assert_null(strstr(err.msg, "nowhere"));
    assert_contains(err.detail, "nowhere");
    stmt_free(q);
    tx_free(tx);
}

static void the_nth_statement_can_be_made_to_fail(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    db_fail_nth(test->db, 2);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_fails(test_add_thing(tx, 2, "b", &err), &err, ERR_UNAVAILABLE);
    tx_free(tx);

    db_fail_nth(test->db, 2);
    tx = test_tx(test, TX_WRITE);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_fails(tx_commit(tx, &err), &err, ERR_UNAVAILABLE);
    assert_int_equal(test_count_things(test), 0);
}

static void what_is_still_referred_to_stays(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q = tx_prepare(tx, "CREATE TABLE part (of BIGINT REFERENCES thing(id))");

    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    q = tx_prepare(tx, "INSERT INTO part(of) VALUES (1)");
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    q = tx_prepare(tx, "DELETE FROM thing");
    assert_fails(stmt_run(q, &err), &err, ERR_CONFLICT);
    stmt_free(q);
    tx_free(tx);
}

static void more_statements_than_are_kept_still_run(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_READ);

    for (int i = 0; i < 2 * STMT_CACHE_SLOTS; i++) {
        autodone(sql) struct sql sql = SQL_INIT;
        int64_t sum = 0;

        sql_add(&sql, "SELECT CAST($1 AS BIGINT)");
        for (int bit = 1; bit <= i; bit *= 2)
            if (i & bit)
                sql_add(&sql, "+ 0");
            else
                sql_add(&sql, "- 0");
        struct stmt *q = tx_prepare_sql(tx, &sql);

        stmt_bind_i64(q, 1, i);
        while (stmt_next(q))
            sum += stmt_i64(q, 0);
        assert_works(stmt_end(q, &err), &err);
        stmt_free(q);
        assert_int_equal(sum, i);
    }
    tx_free(tx);
    if (!test_db_is_postgres(test))
        return;
    /* And there is room again for those that are used now. */
    tx = test_tx(test, TX_READ);
    assert_int_equal(test_one_number(tx_prepare(tx, "SELECT 1")), 1);
    assert_true(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM pg_prepared_statements")) < 5);
    tx_free(tx);
}

static void run_ten_times(struct tx *tx, const struct sql *sql, bool for_values)
{
    for (int64_t i = 0; i < 10; i++) {
        struct stmt *q = for_values ? tx_prepare_for_values(tx, sql) : tx_prepare_sql(tx, sql);

        stmt_bind_i64(q, 1, i);
        assert_int_equal(test_one_number(q), 0);
    }
}

static int64_t count_planned_for_any_value(struct tx *tx)
{
    return test_one_number(
        tx_prepare(tx, "SELECT COUNT(*) FROM pg_prepared_statements WHERE generic_plans > 0"
                       " AND statement LIKE 'SELECT COUNT(*) FROM thing WHERE%'"));
}

static void what_depends_on_values_is_planned_for_them(void **state)
{
    struct test_db *test = *state;
    autodone(sql) struct sql sql = SQL_INIT;

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_READ);

    sql_add(&sql, "SELECT COUNT(*) FROM thing WHERE id > $1");
    run_ten_times(tx, &sql, true);
    if (test_db_is_postgres(test)) {
        assert_int_equal(count_planned_for_any_value(tx), 0);
        run_ten_times(tx, &sql, false);
        assert_int_equal(count_planned_for_any_value(tx), 1);
    }
    tx_free(tx);
}

static void it_fails_where_a_test_wants_it_to(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    assert_works(test_db_answers(test, &err), &err);
    db_fail_nth(test->db, 1);
    assert_fails(test_db_answers(test, &err), &err, ERR_UNAVAILABLE);
    assert_works(test_db_answers(test, &err), &err);
}

static void one_statement_can_be_used_inside_its_own_rows(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_works(test_add_thing(tx, 2, "b", &err), &err);
    struct stmt *outer = tx_prepare(tx, "SELECT id FROM thing ORDER BY id");
    int64_t n = 0;

    while (stmt_next(outer)) {
        struct stmt *inner = tx_prepare(tx, "SELECT id FROM thing ORDER BY id");

        while (stmt_next(inner))
            n += stmt_i64(inner, 0) * stmt_i64(outer, 0);
        stmt_free(inner);
    }
    assert_works(stmt_end(outer, &err), &err);
    stmt_free(outer);
    assert_int_equal(n, 9);
    test_commit(tx);
}

static int64_t size_of_database(const struct test_db *test)
{
    struct stat file;

    assert_int_equal(stat(test->url, &file), 0);
    return file.st_size;
}

static void write_bytes(const struct test_db *test, int64_t id, int64_t size)
{
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q =
        tx_prepare(tx, "INSERT INTO thing(id, name) VALUES ($1, hex(zeroblob($2)) || $1)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, size / 2);
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    test_commit(tx);
}

/* Without anybody's having to wait for it, and while connections are open. */
static void what_is_in_the_log_gets_to_the_file(void **state)
{
    const int64_t size = (int64_t)6 << 20;
    struct test_db *test = *state;

    if (test_db_is_postgres(test))
        return;
    test_make_things(test);
    for (int64_t i = 0; i < 3; i++)
        write_bytes(test, i, size);
    const int64_t deadline = clock_mono_ms() + 20000;

    while (size_of_database(test) < 3 * size && clock_mono_ms() < deadline)
        (void)poll(NULL, 0, 10);
    assert_true(size_of_database(test) >= 3 * size);
}

/* There is always more than what the thread has seen to; and for as long as it lasts, others read.
 */
static void the_log_does_not_grow_for_ever(void **state)
{
    struct test_db *test = *state;
    struct db *other = NULL;
    autofree(str) char *log = xasprintf("%s-wal", test->url);
    struct stat file;

    if (test_db_is_postgres(test))
        return;
    test_make_things(test);
    other = test_db_open_again(test);
    for (int64_t i = 0; i < 60; i++) {
        struct tx *tx = NULL;
        struct err err = { 0 };

        write_bytes(test, i, (int64_t)2 << 20);
        assert_works(tx_begin(other, TX_READ, &tx, &err), &err);
        assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing")), i + 1);
        tx_free(tx);
    }
    assert_int_equal(stat(log, &file), 0);
    assert_true(file.st_size < (int64_t)128 << 20);
    db_close(other);
}

static void a_database_of_another_encoding_is_refused(void **state)
{
    struct test_db *test = *state;
    autofree(str) char *url = xasprintf("%s_latin", test->url);
    autofree(str) char *sql =
        xasprintf("CREATE DATABASE %s ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
                  " TEMPLATE template0",
            strrchr(url, '/') + 1);
    struct db_conf conf = { .url = url };
    struct err err = { 0 };
    struct db *db = NULL;

    if (!test_db_is_postgres(test))
        return;
    assert_works(test->db->ops->script(test->db, sql, &err), &err);
    assert_false(db_open(&conf, &db, &err));
    assert_contains(err.msg, "LATIN1");
}

#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_db_setup_empty, parameters_may_come_in_any_order_and_again),
        WITH(test_db_setup_empty, values_come_back_as_they_went),
        WITH(test_db_setup_empty, a_broken_unique_rule_is_a_conflict),
        WITH(test_db_setup_empty, text_that_is_no_text_is_refused_before_it_is_sent),
        WITH(test_db_setup_empty, the_sql_of_a_failure_is_for_the_log_only),
        WITH(test_db_setup_empty, the_nth_statement_can_be_made_to_fail),
        WITH(test_db_setup_empty, a_database_of_another_encoding_is_refused),
        WITH(test_db_setup_empty, one_statement_can_be_used_inside_its_own_rows),
        WITH(test_db_setup_empty, what_is_still_referred_to_stays),
        WITH(test_db_setup_empty, more_statements_than_are_kept_still_run),
        WITH(test_db_setup_empty, what_depends_on_values_is_planned_for_them),
        WITH(test_db_setup_empty, it_fails_where_a_test_wants_it_to),
        WITH(test_db_setup_empty, what_is_in_the_log_gets_to_the_file),
        WITH(test_db_setup_empty, the_log_does_not_grow_for_ever),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
