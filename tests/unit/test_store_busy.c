/* store/cert_list: lists and counts while others write. F24, F39. */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/cert_list.h"

/* Two transactions that move records between the same buckets, in opposite order, do not wait for
 * each other: buckets are written at the commit. */
static void transactions_do_not_wait_for_each_others_buckets(void **state)
{
    struct tx *first = NULL;
    int64_t owner = 0;
    autofree(db) struct db *other = NULL;
    struct tx *second = NULL;
    int64_t ids[4];
    struct err err = { 0 };

    if (!test_db_is_postgres(*state))
        skip(); /* one writer at a time */
    first = test_tx(*state, TX_WRITE);
    for (size_t i = 0; i < 4; i++)
        ids[i] = a_record(first, "r", i ? owner : (owner = an_account(first, "alice")));
    int64_t spring = a_version_of(first, 1, "a", "CN=A", NOW, NOW + 10 * DAY);
    int64_t autumn = a_version_of(first, 2, "b", "CN=A", NOW, NOW + 200 * DAY);

    test_commit(first);
    other = test_db_open_again(*state);
    first = test_tx(*state, TX_WRITE);
    assert_works(tx_begin(other, TX_WRITE, &second, &err), &err);
    make_current(first, ids[0], spring, SLOT_RSA, NOW + 10 * DAY);
    make_current(second, ids[1], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(first, ids[2], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(second, ids[3], spring, SLOT_RSA, NOW + 10 * DAY);
    test_commit(first);
    assert_works(tx_commit(second, &err), &err);

    struct cert_counts counts;

    first = test_tx(*state, TX_READ);
    assert_works(store_cert_counts(first, &everybody, NOW, &counts, &err), &err);
    assert_int_equal(counts.of[CERT_EXPIRING_SOON], 2);
    assert_int_equal(counts.of[CERT_VALID], 2);
    assert_int_equal(counts.of[CERT_UNKNOWN], 0);
    tx_free(first);
}

/* F37: between the pages, records come and go. */
static void a_walk_meets_every_record_once_whatever_comes_and_goes(void **state)
{
    struct test_db *test = *state;
    int64_t ids[40];
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    int64_t owner = an_account(tx, "alice");

    for (size_t i = 0; i < countof(ids); i++) {
        ids[i] = a_record(tx, "r", owner);
        if (i % 4)
            make_current(tx, ids[i],
                a_version_of(tx, (uint8_t)(i + 1), "n", "CN=A", NOW - DAY,
                    NOW + (int64_t)(i % 7) * 40 * DAY),
                SLOT_RSA, NOW + (int64_t)(i % 7) * 40 * DAY);
    }
    test_commit(tx);
    for (size_t j = 0; j < N_CERT_SORT * 2; j++) {
        const struct cert_filter filter = { 0 };
        struct cert_page_request request = { .filter = &filter,
            .sort = (enum cert_sort)(j / 2),
            .is_descending = j % 2,
            .limit = 3,
            .now = NOW,
            .rule = three_months };
        autofree(str) char *cursor = NULL;
        autodone(id_list) struct id_list met = { 0 };
        int64_t passing = 0;

        do {
            autodone(cert_page) struct cert_page page = { 0 };

            request.cursor = cursor;
            tx = test_tx(test, TX_READ);
            assert_works(store_cert_page(tx, &everybody, &request, &page, &err), &err);
            tx_free(tx);
            for (size_t i = 0; i < page.rows.n; i++) {
                assert_false(id_list_has(&met, page.rows.items[i].id));
                id_list_add(&met, page.rows.items[i].id);
            }
            str_set(&cursor, page.next_cursor);
            tx = test_tx(test, TX_WRITE);
            if (passing)
                assert_works(store_cert_delete(tx, passing, 0, &err), &err);
            passing = a_record(tx, "passing", owner);
            test_commit(tx);
        } while (cursor && met.n < 200);
        for (size_t i = 0; i < countof(ids); i++)
            assert_true(id_list_has(&met, ids[i]));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(transactions_do_not_wait_for_each_others_buckets),
        T(a_walk_meets_every_record_once_whatever_comes_and_goes),
    };
    return cmocka_run_group_tests_name("store/cert_list, while others write", tests, NULL, NULL);
}
