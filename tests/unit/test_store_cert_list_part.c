/* store/cert_list, for who sees a part of the records. F9, F35. */
#include "testing_cert_list.h"

#include "base/alloc.h"
#include "store/cert_page.h"
#include "store/cert_people.h"

/* F9, F35 */
static void a_list_holds_only_what_the_viewer_may_see(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const struct store_viewer stranger = { .account_id = an_account(world.tx, "stranger") };
    const struct cert_share share = { .account_id = stranger.account_id };
    const struct cert_people people = { world.owners[0], world.owners[1], &share, 1 };

    assert_works(store_cert_set_people(world.tx, world.ids[1], &people, 0, NOW, &err), &err);
    for (size_t j = 0; j < countof(limits) * N_CERT_SORT; j++) {
        const struct cert_filter filter = { 0 };
        const struct cert_page_request request = { .filter = &filter,
            .limit = 4,
            .now = NOW,
            .rule = three_months,
            .sort = (enum cert_sort)(j % N_CERT_SORT),
            .drive_max = limits[j / N_CERT_SORT].drive_max,
            .set_max = limits[j / N_CERT_SORT].set_max,
            .is_common = limits[j / N_CERT_SORT].is_common,
            .walk_steps = limits[j / N_CERT_SORT].walk_steps };
        autodone(id_list) struct id_list his = { 0 };
        autodone(id_list) struct id_list theirs = { 0 };

        walk(world.tx, &bob, &request, &his);
        assert_int_equal(his.n, N_RECORDS / 4 + 1);
        assert_true(id_list_has(&his, world.ids[1]));
        walk(world.tx, &stranger, &request, &theirs);
        assert_int_equal(theirs.n, 1);
        assert_int_equal(theirs.items[0], world.ids[1]);
    }
    tx_free(world.tx);
}

/* F35: a part, by whichever way it is found, is what the whole has of it. */
static void a_part_is_what_the_whole_list_has_of_it(void **state)
{
    const size_t step = test_db_is_postgres(*state) ? 5 : 1;
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer carol = { .account_id = a_busy_account(&world) };

    for (size_t j = 0; j < countof(cases) * 4 * countof(limits); j += step) {
        const struct cert_page_request request = { .filter = &cases[j / 4 / countof(limits)].filter,
            .limit = 4,
            .now = NOW,
            .rule = three_months,
            .wants_total = true,
            .sort = j % 2 ? (enum cert_sort)((j / 2 + j / 24) % N_CERT_SORT) : CERT_BY_EXPIRY,
            .is_descending = j / 2 % 2,
            .drive_max = limits[j / 4 % countof(limits)].drive_max,
            .set_max = limits[j / 4 % countof(limits)].set_max,
            .is_common = limits[j / 4 % countof(limits)].is_common,
            .walk_steps = limits[j / 4 % countof(limits)].walk_steps };
        autodone(id_list) struct id_list all = { 0 };
        autodone(id_list) struct id_list seen = { 0 };
        autodone(id_list) struct id_list part = { 0 };

        walk(world.tx, &everybody, &request, &all);
        assert_works(store_cert_ids_visible(world.tx, &carol, all.items, all.n, &seen, &err), &err);
        walk(world.tx, &carol, &request, &part);
        assert_int_equal(part.n, seen.n);
        for (size_t i = 0; i < part.n; i++)
            assert_int_equal(part.items[i], seen.items[i]);
    }
    tx_free(world.tx);
}

/* A made-up plan in a cursor finds nothing that its carrier may not see. */
static void no_plan_shows_what_may_not_be_seen(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer stranger = { .account_id = an_account(world.tx, "stranger") };

    for (int64_t n = 0; n < 1400 + 60; n += n % 100 < N_DRIVES || n >= 1400 ? 1 : 100 - N_DRIVES) {
        /* From 1400 on: of what each two conditions have in common; the last are impossible. */
        const int64_t plan = n < 1400 ? n : (3LL << (n - 1400) / 2) * 10000 + (n % 2 + 1) * 100;
        struct cursor cursor = { .order = "c0a", .number = 1, .plan = plan };
        autofree(str) char *text = cursor_write(&cursor);
        const struct cert_filter filter = { .tag = "even" };
        const struct cert_page_request request = { .filter = &filter,
            .limit = 5,
            .now = NOW,
            .rule = three_months,
            .cursor = text };
        autodone(cert_page) struct cert_page page = { 0 };

        assert_works(store_cert_page(world.tx, &stranger, &request, &page, &err), &err);
        assert_int_equal(page.rows.n, 0);
    }
    tx_free(world.tx);
}

static void of_selected_ids_the_visible_are_left(void **state)
{
    struct world world;
    autodone(id_list) struct id_list ids = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const int64_t wanted[] = { world.ids[4], world.ids[1], 4711, world.ids[0] };

    assert_works(store_cert_ids_visible(world.tx, &bob, wanted, 4, &ids, &err), &err);
    assert_int_equal(ids.n, 2);
    assert_int_equal(ids.items[0], world.ids[4]);
    assert_int_equal(ids.items[1], world.ids[0]);
    tx_free(world.tx);
}

/* How much somebody may see is remembered, to choose the way; not what. */
static void what_is_remembered_of_a_part_shows_nothing(void **state)
{
    const struct cert_filter filters[] = { { 0 }, { .tag = "even" }, { .q = "gamma" } };
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer carol = { .account_id = a_busy_account(&world) };

    for (size_t i = 0; i < 2 * countof(filters); i++) {
        const struct cert_page_request request = { .filter = &filters[i % countof(filters)],
            .limit = 4,
            .now = NOW,
            .rule = three_months,
            .wants_total = true };
        struct cert_page page;

        assert_works(store_cert_page(world.tx, &carol, &request, &page, &err), &err);
        assert_int_equal(page.rows.n > 0, i < countof(filters));
        assert_int_equal(page.total > 0, i < countof(filters));
        cert_page_done(&page);
        if (i + 1 == countof(filters)) {
            autofree(stmt) struct stmt *q = tx_prepare(world.tx,
                "DELETE FROM certificate_access WHERE account_id = $1 OR group_id IN"
                " (SELECT group_id FROM group_member WHERE account_id = $1)");

            stmt_bind_i64(q, 1, carol.account_id);
            assert_works(stmt_run(q, &err), &err);
        }
    }
    tx_free(world.tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_list_holds_only_what_the_viewer_may_see),
        T(a_part_is_what_the_whole_list_has_of_it),
        T(what_is_remembered_of_a_part_shows_nothing),
        T(no_plan_shows_what_may_not_be_seen),
        T(of_selected_ids_the_visible_are_left),
    };
    return cmocka_run_group_tests_name("store/cert_list, in part", tests, NULL, NULL);
}
