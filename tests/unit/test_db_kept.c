/* db/kept: what a connection has read is found again until anything changes, and not a moment
 * longer. On PostgreSQL it is read each time. */
#include "testing_db.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/kept.h"

static const char key;
static const char other_key;
static int n_released;

static void release(void *value)
{
    n_released++;
    free(value);
}

static struct tx *begin(struct db *db, enum tx_mode mode)
{
    struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(db, mode, &tx, &err), &err);
    return tx;
}

/* What is kept in this transaction; 0: nothing. */
static int64_t find(struct tx *tx, const void *what)
{
    void *value = NULL;
    struct err err = { 0 };

    assert_works(kept_find(tx, what, &value, &err), &err);
    return value ? *(int64_t *)value : 0;
}

static void keep(struct tx *tx, const void *what, int64_t number)
{
    int64_t *value = xmalloc(sizeof *value);

    *value = number;
    assert_int_equal(find(tx, what), 0);
    kept_add(tx, what, value, release);
}

static void keep_once(struct db *db, int64_t number)
{
    autofree(tx) struct tx *tx = begin(db, TX_READ);

    keep(tx, &key, number);
}

static int64_t look(struct db *db)
{
    autofree(tx) struct tx *tx = begin(db, TX_READ_FEW);

    return find(tx, &key);
}

static void add_thing(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_WRITE);
    struct err err = { 0 };

    assert_works(test_add_thing(tx, id, id == 1 ? "one" : "another", &err), &err);
    test_commit(tx);
}

static void what_is_kept_is_found_until_anybody_commits(void **state)
{
    struct test_db *test = *state;
    struct db *other = test_db_open_again(test);
    const bool is_found = !test_db_is_postgres(test);

    test_make_things(test);
    keep_once(other, 7);
    assert_int_equal(look(other), is_found ? 7 : 0);
    assert_int_equal(look(other), is_found ? 7 : 0);
    assert_int_equal(look(test->db), 0); /* each connection has its own */
    add_thing(test, 1);
    assert_int_equal(look(other), 0);
    keep_once(other, 8);
    assert_int_equal(look(other), is_found ? 8 : 0);
    add_thing(&(struct test_db){ .db = other }, 2); /* it may be the one that reads */
    assert_int_equal(look(other), 0);
    db_close(other);
}

/* It sees what was there as it began, and so does what is kept. */
static void a_commit_beside_a_transaction_changes_nothing_in_it(void **state)
{
    struct test_db *test = *state;
    struct db *other = test_db_open_again(test);
    const bool is_found = !test_db_is_postgres(test);

    test_make_things(test);
    struct tx *tx = begin(other, TX_READ);

    keep(tx, &key, 7);
    add_thing(test, 1);
    assert_int_equal(find(tx, &key), is_found ? 7 : 0);
    tx_free(tx);
    assert_int_equal(look(other), 0);
    db_close(other);
}

static void who_writes_reads_for_himself(void **state)
{
    struct test_db *test = *state;

    test_make_things(test);
    keep_once(test->db, 7);
    struct tx *tx = begin(test->db, TX_WRITE);

    keep(tx, &key, 8);
    assert_int_equal(find(tx, &key), 0);
    tx_free(tx);
    assert_int_equal(look(test->db), 0); /* what was found there might never have been */
}

static void all_that_was_kept_is_released_once(void **state)
{
    struct test_db *test = *state;
    struct db *other = test_db_open_again(test);
    struct tx *tx = begin(other, TX_READ);

    n_released = 0;
    keep(tx, &key, 1);
    keep(tx, &other_key, 2);
    tx_free(tx);
    test_make_things(test);
    keep_once(other, 3);
    assert_int_equal(n_released, 1);
    db_close(other);
    assert_int_equal(n_released, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_kept_is_found_until_anybody_commits),
        CASE(a_commit_beside_a_transaction_changes_nothing_in_it),
        CASE(who_writes_reads_for_himself),
        CASE(all_that_was_kept_is_released_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
