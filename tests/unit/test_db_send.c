/* db/: statements whose answer nobody waits for, and queries that are read later. */
#include "testing_db.h"

#include "db/many.h"

static bool send(struct tx *tx, int64_t id, const char *name, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "INSERT INTO thing(id, name) VALUES ($1, $2)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, name);
    return stmt_send(q, err);
}

static void what_is_sent_is_seen_and_committed_in_its_order(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    for (int64_t id = 1; id <= 200; id++)
        assert_works(send(tx, id, NULL, &err), &err);
    assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing")), 200);
    assert_works(send(tx, 201, NULL, &err), &err);
    assert_works(test_add_thing(tx, 202, NULL, &err), &err);
    assert_works(send(tx, 203, NULL, &err), &err);
    test_commit(tx);
    assert_int_equal(test_count_things(test), 203);
    tx = test_tx(test, TX_WRITE);
    assert_works(send(tx, 204, NULL, &err), &err);
    tx_free(tx);
    assert_int_equal(test_count_things(test), 203);
}

/* At the latest. By whom it is told depends on the database. */
static void what_is_sent_and_fails_is_told_by_the_commit(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    for (int n_more = 0; n_more < 3; n_more++) {
        struct tx *tx = test_tx(test, TX_WRITE);
        bool works = test_add_thing(tx, 1, "a", &err) && send(tx, 2, "a", &err);

        for (int i = 0; works && i < n_more; i++)
            works = send(tx, 3 + i, NULL, &err);
        if (works && test_db_is_postgres(test)) {
            assert_fails(tx_commit(tx, &err), &err, ERR_INTERNAL);
            assert_contains(err.detail, "INSERT INTO thing");
        } else {
            assert_false(works);
            tx_free(tx);
        }
        assert_int_equal(test_count_things(test), 0);
    }
}

/* Who asks next may have a rule of its own that can be broken. */
static void what_is_sent_and_fails_is_no_conflict_of_the_next(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (!test_db_is_postgres(test))
        return;
    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_works(send(tx, 2, "a", &err), &err);
    assert_fails(test_add_thing(tx, 3, "b", &err), &err, ERR_INTERNAL);
    assert_fails(test_add_thing(tx, 4, "c", &err), &err, ERR_INTERNAL);
    tx_free(tx);
    assert_int_equal(test_count_things(test), 0);
    tx = test_tx(test, TX_WRITE);
    assert_works(test_add_thing(tx, 1, "a", &err), &err);
    assert_works(send(tx, 2, "b", &err), &err);
    assert_fails(test_add_thing(tx, 3, "a", &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void many_rows_can_be_sent(void **state)
{
    static const struct many_sql form = { "INSERT INTO thing(id, name)", "it", "$1, $2", "" };
    struct test_db *test = *state;
    struct err err = { 0 };

    test_make_things(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct many *many = tx_prepare_many(tx, &form);

    for (int64_t id = 1; id <= 3; id++) {
        many_i64(many, id);
        many_text(many, NULL);
    }
    assert_works(many_send(many, &err), &err);
    many_free(many);
    test_commit(tx);
    assert_int_equal(test_count_things(test), 3);
}

static struct stmt *ask_name(struct tx *tx, int64_t id)
{
    struct stmt *q = tx_prepare(tx, "SELECT name FROM thing WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_ask(q);
    return q;
}

static void check_name(struct stmt *asked, int64_t id)
{
    autofree(stmt) struct stmt *q = asked;
    struct err err = { 0 };
    char name[32];

    (void)snprintf(name, sizeof name, "thing %" PRId64, id);
    assert_true(stmt_next(q));
    assert_string_equal(stmt_text(q, 0), name);
    assert_false(stmt_next(q));
    assert_works(stmt_end(q, &err), &err);
}

static void add_named_things(struct test_db *test, int64_t n)
{
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);

    for (int64_t id = 1; id <= n; id++) {
        char name[32];

        (void)snprintf(name, sizeof name, "thing %" PRId64, id);
        assert_works(test_add_thing(tx, id, name, &err), &err);
    }
    test_commit(tx);
}

/* In any order, with others between; more than travel together. */
static void what_is_asked_for_is_read_later(void **state)
{
    struct test_db *test = *state;
    struct stmt *asked[100];

    test_make_things(test);
    add_named_things(test, 100);
    struct tx *tx = test_tx(test, TX_READ);

    for (int64_t i = 0; i < 100; i++)
        asked[i] = ask_name(tx, i + 1);
    for (int64_t i = 100; i-- > 50;)
        check_name(asked[i], i + 1);
    assert_int_equal(test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing")), 100);
    stmt_free(ask_name(tx, 1)); /* nobody reads it */
    check_name(ask_name(tx, 7), 7);
    for (int64_t i = 0; i < 50; i++)
        check_name(asked[i], i + 1);
    stmt_reset(asked[0] = ask_name(tx, 3));
    stmt_bind_i64(asked[0], 1, 4);
    stmt_ask(asked[0]);
    check_name(asked[0], 4);
    stmt_free(ask_name(tx, 1));
    tx_free(tx);
    tx = test_tx(test, TX_READ);
    check_name(ask_name(tx, 9), 9);
    tx_free(tx);
}

static struct stmt *ask_badly(struct tx *tx)
{
    struct stmt *q = tx_prepare(tx, "SELECT CAST(name AS BIGINT) / 0 FROM thing");

    stmt_ask(q);
    return q;
}

/* By whoever is read first, and then nothing works any more. */
static void what_is_asked_for_and_fails_is_told(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (!test_db_is_postgres(test))
        return;
    test_make_things(test);
    add_named_things(test, 3);
    for (int reads_it_first = 0; reads_it_first < 2; reads_it_first++) {
        struct tx *tx = test_tx(test, TX_READ);
        struct stmt *before = ask_name(tx, 1);
        struct stmt *bad = ask_badly(tx);
        struct stmt *after = ask_name(tx, 2);

        assert_false(stmt_next(reads_it_first ? bad : after));
        assert_fails(stmt_end(reads_it_first ? bad : after, &err), &err, ERR_INTERNAL);
        assert_contains(err.detail, "/ 0");
        assert_false(stmt_next(reads_it_first ? after : bad));
        assert_fails(stmt_end(reads_it_first ? after : bad, &err), &err, ERR_INTERNAL);
        stmt_free(before);
        stmt_free(bad);
        stmt_free(after);
        assert_fails(tx_commit(tx, &err), &err, ERR_INTERNAL);
    }
    assert_int_equal(test_count_things(test), 3);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(what_is_sent_is_seen_and_committed_in_its_order),
        WITH(what_is_sent_and_fails_is_told_by_the_commit),
        WITH(what_is_sent_and_fails_is_no_conflict_of_the_next),
        WITH(many_rows_can_be_sent),
        WITH(what_is_asked_for_is_read_later),
        WITH(what_is_asked_for_and_fails_is_told),
    };
    return cmocka_run_group_tests_name("db send", tests, NULL, NULL);
}
