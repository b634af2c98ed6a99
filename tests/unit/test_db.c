/* db/: the same statements on both databases, and what happens when they fail. */
#include "testing_db.h"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "db/cache.h"
#include "db/driver.h"
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

static void what_was_rolled_back_is_gone(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    tx_free(tx);
    tx = test_tx(test, TX_READ);
    assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing")), 0);
    tx_free(tx);
}

static void a_reading_transaction_cannot_write(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_READ);

    assert_fails(test_add_thing(tx, 1, "a", &err), &err, ERR_INTERNAL);
    assert_contains(err.msg, "only reads");
    tx_free(tx);
    tx = test_tx(test, TX_WRITE);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    test_commit(tx);
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

static void after_a_failure_nothing_more_is_run_or_committed(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_fails(test_add_thing(tx, 1, "b", &err), &err, ERR_CONFLICT);
    assert_fails(test_add_thing(tx, 2, "b", &err), &err, ERR_INTERNAL);
    assert_fails(tx_commit(tx, &err), &err, ERR_INTERNAL);
    assert_int_equal(test_count_things(test), 0);
    tx = test_tx(test, TX_WRITE);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    test_commit(tx);
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

/* Where a transaction is asked for its references when it ends, it ends without them. */
static void a_reference_may_be_asked_for_at_the_commit(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    assert_works(
        test->db->ops->script(test->db,
            "CREATE TABLE whole (id BIGINT PRIMARY KEY); CREATE TABLE part (whole_id BIGINT"
            " REFERENCES whole(id) DEFERRABLE INITIALLY DEFERRED)",
            &err),
        &err);
    for (int is_there = 0; is_there <= 1; is_there++) {
        struct tx *tx = test_tx(test, TX_WRITE);
        struct stmt *part = tx_prepare(tx, "INSERT INTO part(whole_id) VALUES (7)");
        struct stmt *whole = tx_prepare(tx, "INSERT INTO whole(id) VALUES (7)");

        assert_works(stmt_run(part, &err), &err);
        if (is_there)
            assert_works(stmt_run(whole, &err), &err);
        stmt_free(part);
        stmt_free(whole);
        if (is_there)
            assert_works(tx_commit(tx, &err), &err);
        else
            assert_fails(tx_commit(tx, &err), &err, ERR_CONFLICT);
        tx = test_tx(test, TX_READ);
        assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM part")), is_there);
        tx_free(tx);
    }
}

static bool is_large_after(struct test_db *test, const char *text)
{
    struct tx *tx = test_tx(test, TX_WRITE_LONG);
    struct stmt *q = tx_prepare(tx, "INSERT INTO thing(id, name) VALUES (1, $1)");
    struct err err = { 0 };

    stmt_bind_text(q, 1, text);
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    const bool is_large = tx_is_large(tx);

    tx_free(tx);
    return is_large;
}

/* SQLite keeps what a transaction has changed in memory, up to a size; each begins with nothing. */
static void a_transaction_says_when_it_is_large(void **state)
{
    struct test_db *test = *state;
    const size_t size = (DB_MUCH_KIB << 10) + (4U << 20);
    char *text = xcalloc(size + 1, 1);

    memset(text, 'x', size);
    test_make_things(test);
    db_write_much(test->db, true);
    assert_false(is_large_after(test, "x"));
    if (!test_db_is_postgres(test)) {
        assert_true(is_large_after(test, text));
        assert_false(is_large_after(test, "x"));
        text[size / 4] = '\0'; /* which is in the table, and in its index */
        assert_false(is_large_after(test, text));
    }
    db_write_much(test->db, false);
    free(text);
}

static void rows_left_unread_hinder_no_commit(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    struct stmt *q =
        tx_prepare(tx, "INSERT INTO thing(id, name) VALUES (2, 'b'), (3, 'c') RETURNING id");

    assert_true(stmt_next(q));
    test_commit(tx);
    stmt_free(q);
    assert_int_equal(test_count_things(test), 3);
}

static void a_reader_sees_one_state(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    autofree(db) struct db *other = test_db_open_again(test);
    struct tx *reader = NULL;

    assert_works(tx_begin(other, TX_READ, &reader, &err), &err);
    assert_int_equal(test_one_number(tx_prepare(reader, "SELECT COUNT(*) FROM thing")), 0);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    test_commit(tx);
    assert_int_equal(test_one_number(tx_prepare(reader, "SELECT COUNT(*) FROM thing")), 0);
    tx_free(reader);
    assert_int_equal(test_count_things(test), 1);
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

#define N_THREADS 4
#define N_ROUNDS 25

/* Ask for the present value, write it back one higher: a lost update would show. */
static bool count_up(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_WRITE, &tx, err))
        return false;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "UPDATE thing SET id = id + 1");

    return stmt_run(q, err) && tx_commit(take(&tx), err);
}

static void *count_up_often(void *arg)
{
    struct db *db = test_db_open_again(arg);
    intptr_t n = 0;
    struct err err = { 0 };

    for (int i = 0; i < N_ROUNDS; i++)
        n += count_up(db, &err);
    db_close(db);
    return (void *)n;
}

/* One row, several, and where something stands in the way: SQLite is not asked for the first. */
static void an_id_is_returned(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    assert_works(test->db->ops->script(test->db,
                     test_db_is_postgres(test)
                         ? "CREATE TABLE with_id (id BIGINT GENERATED BY DEFAULT AS IDENTITY"
                           " PRIMARY KEY, name TEXT UNIQUE)"
                         : "CREATE TABLE with_id (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
                     &err),
        &err);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q = tx_prepare(tx, "INSERT INTO with_id(name) VALUES ($1) RETURNING id");

    for (int64_t i = 1; i <= 3; i++) {
        stmt_bind_text(q, 1, i == 1 ? "a" : i == 2 ? "b" : "c");
        assert_true(stmt_next(q));
        assert_false(stmt_is_null(q, 0));
        assert_int_equal(stmt_i64(q, 0), i);
        assert_false(stmt_next(q));
        assert_int_equal(stmt_n_changed(q), 1);
        stmt_reset(q);
    }
    stmt_free(q);
    q = tx_prepare(tx, "INSERT INTO with_id(id, name) VALUES (8, 'd'), (9, 'e') RETURNING id");
    assert_true(stmt_next(q));
    assert_int_equal(stmt_i64(q, 0), 8);
    assert_true(stmt_next(q));
    assert_int_equal(stmt_i64(q, 0), 9);
    assert_false(stmt_next(q));
    stmt_free(q);
    q = tx_prepare(tx,
        "INSERT INTO with_id(name) VALUES ('a') ON CONFLICT DO NOTHING RETURNING id");
    assert_false(stmt_next(q));
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    q = tx_prepare(tx, "INSERT INTO with_id(name) VALUES ('a') RETURNING id");
    assert_false(stmt_next(q));
    assert_fails(stmt_end(q, &err), &err, ERR_CONFLICT);
    stmt_free(q);
    tx_free(tx);
}

static void writers_all_come_round(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };
    pthread_t threads[N_THREADS];

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 0, "a", &err), &err);
    test_commit(tx);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up_often, test), 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *n = NULL;

        (void)pthread_join(threads[i], &n);
        assert_int_equal((intptr_t)n, N_ROUNDS);
    }
    tx = test_tx(test, TX_READ);
    assert_int_equal(test_one_number(tx_prepare(tx, "SELECT id FROM thing")), N_THREADS * N_ROUNDS);
    tx_free(tx);
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

#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_db_setup_empty, parameters_may_come_in_any_order_and_again),
        WITH(test_db_setup_empty, values_come_back_as_they_went),
        WITH(test_db_setup_empty, a_broken_unique_rule_is_a_conflict),
        WITH(test_db_setup_empty, what_was_rolled_back_is_gone),
        WITH(test_db_setup_empty, a_reading_transaction_cannot_write),
        WITH(test_db_setup_empty, text_that_is_no_text_is_refused_before_it_is_sent),
        WITH(test_db_setup_empty, the_sql_of_a_failure_is_for_the_log_only),
        WITH(test_db_setup_empty, the_nth_statement_can_be_made_to_fail),
        WITH(test_db_setup_empty, one_statement_can_be_used_inside_its_own_rows),
        WITH(test_db_setup_empty, after_a_failure_nothing_more_is_run_or_committed),
        WITH(test_db_setup_empty, what_is_still_referred_to_stays),
        WITH(test_db_setup_empty, a_reference_may_be_asked_for_at_the_commit),
        WITH(test_db_setup_empty, a_transaction_says_when_it_is_large),
        WITH(test_db_setup_empty, rows_left_unread_hinder_no_commit),
        WITH(test_db_setup_empty, a_reader_sees_one_state),
        WITH(test_db_setup_empty, more_statements_than_are_kept_still_run),
        WITH(test_db_setup_empty, what_depends_on_values_is_planned_for_them),
        WITH(test_db_setup_empty, it_fails_where_a_test_wants_it_to),
        WITH(test_db_setup_empty, an_id_is_returned),
        WITH(test_db_setup_empty, writers_all_come_round),
        WITH(test_db_setup_empty, many_rows_come_back_as_they_went),
        WITH(test_db_setup_empty, many_rows_are_asked_about_at_once),
        WITH(test_db_setup_empty, one_of_many_rows_that_fails_fails_all),
        WITH(test_db_setup_empty, what_is_in_the_log_gets_to_the_file),
        WITH(test_db_setup_empty, the_log_does_not_grow_for_ever),
        WITH(test_db_setup_empty, many_rows_may_meet_what_is_there),
        WITH(test_db_setup_empty, many_large_rows_are_written_as_they_come),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
