/*
 * store/cert_list: F24, F35, F37. Pages, ids and counts are compared with what looking at every
 * record gives, whichever side drives the query.
 */
#include "testing_cert_list.h"

#include "store/cert_page.h"

/*
 * All orders and limits of every filter; on PostgreSQL, where each is another plan, a third of
 * them, and the next third for the next filter.
 */
static void pages_are_what_looking_at_every_record_gives(void **state)
{
    const size_t step = test_db_is_postgres(*state) ? 3 : 1;
    struct world world;

    make_world(*state, &world);
    read_rows(&world);
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t j = i % step; j < N_CERT_SORT * 2 * countof(limits); j += step) {
            const struct cert_page_request request = {
                .filter = &cases[i].filter,
                .sort = (enum cert_sort)(j / 2 % N_CERT_SORT),
                .is_descending = j % 2,
                .limit = 17, /* some pages, not many: each is a round trip or two */
                .now = NOW,
                .rule = three_months,
                .drive_max = limits[j / 2 / N_CERT_SORT].drive_max,
                .set_max = limits[j / 2 / N_CERT_SORT].set_max,
                .is_common = limits[j / 2 / N_CERT_SORT].is_common,
                .walk_steps = limits[j / 2 / N_CERT_SORT].walk_steps,
            };
            autodone(id_list) struct id_list ids = { 0 };

            walk(world.tx, &everybody, &request, &ids);
            assert_int_equal(count_matches(&world, cases[i].matches, &ids), ids.n);
        }
    }
    free_rows(&world);
    tx_free(world.tx);
}

static void ids_and_totals_agree_with_pages(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    read_rows(&world);
    for (size_t i = 0; i < countof(cases); i++) {
        const struct cert_page_request request = { .filter = &cases[i].filter,
            .limit = 3,
            .wants_total = true,
            .now = NOW,
            .rule = three_months };
        autodone(cert_page) struct cert_page page = { 0 };
        autodone(id_list) struct id_list ids = { 0 };
        size_t n_before;

        do {
            const struct cert_ids_request next = { .filter = &cases[i].filter,
                .now = NOW,
                .after_id = ids.n ? ids.items[ids.n - 1] : 0,
                .limit = 9 };

            n_before = ids.n;
            assert_works(store_cert_ids(world.tx, &everybody, &next, &ids, &err), &err);
        } while (ids.n > n_before);
        assert_int_equal(count_matches(&world, cases[i].matches, &ids), ids.n);
        assert_works(store_cert_page(world.tx, &everybody, &request, &page, &err), &err);
        assert_int_equal(page.total, ids.n);
        assert_false(page.is_estimate);
    }
    free_rows(&world);
    tx_free(world.tx);
}

static void counts_by_status_are_what_looking_at_every_record_gives(void **state)
{
    const int64_t times[] = { NOW, NOW - 100 * DAY, NOW + 30 * DAY, NOW + 30 * DAY + 1,
        NOW + 1000 * DAY };
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    for (size_t t = 0; t < countof(times); t++) {
        const struct store_viewer alice = { .account_id = world.owners[0] };
        struct cert_counts expected[2] = { 0 };
        struct cert_counts counts;

        for (size_t i = 0; i < N_RECORDS; i++) {
            autofree(cert_row) struct cert_row *row = NULL;

            assert_works(store_cert_get(world.tx, &everybody, world.ids[i], &row, &err), &err);
            size_t n_views = row->owner_id == alice.account_id ? 2 : 1;

            for (size_t k = 0; k < n_views; k++) {
                expected[k].total++;
                expected[k].of[cert_row_status(row, times[t])]++;
            }
        }
        assert_works(store_cert_counts(world.tx, &everybody, times[t], &counts, &err), &err);
        assert_memory_equal(&counts, &expected[0], sizeof counts);
        assert_works(store_cert_counts(world.tx, &alice, times[t], &counts, &err), &err);
        assert_memory_equal(&counts, &expected[1], sizeof counts);
    }
    tx_free(world.tx);
}

/* Of more records than one statement asks for. */
static void a_page_brings_the_people_of_its_records(void **state)
{
    struct world world;
    const struct cert_filter filter = { 0 };
    struct cert_page_request request = { .filter = &filter,
        .limit = N_RECORDS,
        .wants_people = true,
        .now = NOW,
        .rule = three_months };
    autodone(cert_page) struct cert_page page = { 0 };
    autodone(cert_page) struct cert_page without = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .sees_all = true, .account_id = world.owners[1] };

    assert_works(store_cert_page(world.tx, &bob, &request, &page, &err), &err);
    assert_int_equal(page.rows.n, N_RECORDS);
    for (size_t i = 0; i < page.rows.n; i++) {
        const struct cert_row *row = &page.rows.items[i];
        const bool is_owner = row->owner_id == bob.account_id;

        assert_int_equal(cert_people_relations(&page.people, row->id) & RELATION_OWNER,
            is_owner ? RELATION_OWNER : 0);
    }
    request.wants_people = false;
    assert_works(store_cert_page(world.tx, &bob, &request, &without, &err), &err);
    assert_int_equal(without.people.n, 0);
    tx_free(world.tx);
}

static void what_is_no_cursor_is_refused(void **state)
{
    static const char *const wrong[] = { "x", "%%%%", "Y3x8fHw", "bm90IGEgY3Vyc29y", "AAAA" };
    struct world world;
    const struct cert_filter filter = { 0 };
    struct cert_page_request request = { .filter = &filter,
        .limit = 5,
        .now = NOW,
        .rule = three_months };
    autodone(cert_page) struct cert_page page = { 0 };
    autodone(cert_page) struct cert_page other = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    for (size_t i = 0; i < countof(wrong); i++) {
        request.cursor = wrong[i];
        assert_fails(store_cert_page(world.tx, &everybody, &request, &page, &err), &err,
            ERR_INVALID);
    }
    request.cursor = NULL;
    assert_works(store_cert_page(world.tx, &everybody, &request, &page, &err), &err);
    request.cursor = page.next_cursor;
    request.sort = CERT_BY_NAME;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    request.sort = CERT_BY_EXPIRY;
    request.is_descending = true;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    request.is_descending = false;
    request.limit = 0;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    tx_free(world.tx);
}

/* A fingerprint as tools print it, a name in another's certificate, and a new name after an edit.
 */
static void words_follow_the_record(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_record(tx, "before", an_account(tx, "alice"));
    const struct cert_edit edit = { .name = "Afterwards" };
    static const struct {
        const char *q;
        size_t n;
    } queries[] = { { "AB:AB:AB:AB", 1 }, { "abababab", 1 }, { "ABABABABABABABAB", 1 },
        { "ababababababacab", 0 }, { "afterw", 1 }, { "before", 0 }, { "ww.old", 0 },
        { SHA256_OF("ab"), 1 }, { SHA256_OF("AB:") "AB", 0 }, { SHA256_OF("01"), 0 },
        { SHA256_OF("cd"), 0 }, { "ww.new", 1 }, { "a'b\"c%_*", 0 } };
    struct err err = { 0 };

    (void)make_current(tx, id, a_version_of(tx, 1, "www.old.example", "", NOW, NOW + DAY), SLOT_RSA,
        NOW + DAY);
    (void)make_current(tx, id, a_version_of(tx, 0xab, "WWW.new.example", "", NOW, NOW + DAY),
        SLOT_RSA, NOW + DAY);
    assert_works(store_cert_edit(tx, id, &edit, NOW, &err), &err);
    for (size_t i = 0; i < countof(queries); i++) {
        const struct cert_filter filter = { .q = queries[i].q };
        const struct cert_ids_request all = { .filter = &filter, .now = NOW, .limit = 10 };
        autodone(id_list) struct id_list ids = { 0 };

        assert_works(store_cert_ids(tx, &everybody, &all, &ids, &err), &err);
        assert_int_equal(ids.n, queries[i].n);
    }
    tx_free(tx);
}

static void another_display_rule_moves_the_counts(void **state)
{
    const struct display_rule one_month = { .months = 1 };
    const struct display_rule half = { .lifetime_percent = 50 };
    struct world world;
    struct cert_counts before;
    struct cert_counts after;
    int64_t last = 0;
    int64_t n = 0;
    struct err err = { 0 };

    make_world(*state, &world);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &before, &err), &err);
    do {
        assert_works(store_cert_redisplay(world.tx, &one_month, last, 7, &last, &err), &err);
    } while (last);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &after, &err), &err);
    assert_true(after.of[CERT_EXPIRING_SOON] < before.of[CERT_EXPIRING_SOON]);
    assert_int_equal(after.of[CERT_EXPIRED], before.of[CERT_EXPIRED]);
    for (size_t i = 0; i < N_RECORDS; i++) {
        autofree(cert_row) struct cert_row *row = NULL;

        assert_works(store_cert_get(world.tx, &everybody, world.ids[i], &row, &err), &err);
        n += cert_row_status(row, NOW) == CERT_EXPIRING_SOON;
    }
    assert_int_equal(after.of[CERT_EXPIRING_SOON], n);
    assert_works(store_cert_redisplay(world.tx, &half, 0, 100, &last, &err), &err);
    tx_free(world.tx);
}

static void nothing_is_left_in_the_counts_of_what_is_deleted(void **state)
{
    struct world world;
    struct cert_counts counts;
    const struct cert_counts zero = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    autofree(stmt) struct stmt *q = tx_prepare(world.tx, "DELETE FROM association");

    assert_works(stmt_run(q, &err), &err);
    for (size_t i = 0; i < N_RECORDS; i++)
        assert_works(store_cert_delete(world.tx, world.ids[i], 0, &err), &err);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &counts, &err), &err);
    assert_memory_equal(&counts, &zero, sizeof zero);
    tx_free(world.tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pages_are_what_looking_at_every_record_gives),
        T(ids_and_totals_agree_with_pages),
        T(counts_by_status_are_what_looking_at_every_record_gives),
        T(a_page_brings_the_people_of_its_records),
        T(what_is_no_cursor_is_refused),
        T(words_follow_the_record),
        T(another_display_rule_moves_the_counts),
        T(nothing_is_left_in_the_counts_of_what_is_deleted),
    };
    return cmocka_run_group_tests_name("store/cert_list", tests, NULL, NULL);
}
