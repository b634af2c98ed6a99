/* db/: transactions: what is in them, who sees it, and who waits. */
#include "testing_db.h"

#include <pthread.h>

#include "base/alloc.h"
#include "db/driver.h"

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

#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_db_setup_empty, what_was_rolled_back_is_gone),
        WITH(test_db_setup_empty, a_reading_transaction_cannot_write),
        WITH(test_db_setup_empty, after_a_failure_nothing_more_is_run_or_committed),
        WITH(test_db_setup_empty, a_reference_may_be_asked_for_at_the_commit),
        WITH(test_db_setup_empty, a_transaction_says_when_it_is_large),
        WITH(test_db_setup_empty, rows_left_unread_hinder_no_commit),
        WITH(test_db_setup_empty, a_reader_sees_one_state),
        WITH(test_db_setup_empty, an_id_is_returned),
        WITH(test_db_setup_empty, writers_all_come_round),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
