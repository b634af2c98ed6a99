/*
 * store/kept_ids, through lists: F24, F37. What is kept of one page helps the next, and never shows
 * what has changed since, least of all what somebody may no longer see.
 */
#include "testing_store.h"

#include <string.h>

#include "base/alloc.h"
#include "core/rows.h"
#include "store/cert_list.h"
#include "store/kept_ids.h"

/* More than are worth keeping, and than may drive. */
#define N_RECORDS 400
#define DRIVE_FEW 50

struct world {
    int64_t alice;
    int64_t bob;
    int64_t team;
    int64_t first; /* the record; the others follow */
};

static void run(struct tx *tx, const char *sql, int64_t a, int64_t b)
{
    autofree(stmt) struct stmt *q = tx_prepare_text(tx, sql);
    struct err err = { 0 };

    if (strstr(sql, "$1"))
        stmt_bind_i64(q, 1, a);
    if (strstr(sql, "$2"))
        stmt_bind_i64(q, 2, b);
    assert_works(stmt_run(q, &err), &err);
}

/* Every second has the one tag, every third the other; bob sees all but each fifth, by his team. */
static void make_world(struct test_db *test, struct world *world)
{
    struct tx *tx = test_tx(test, TX_WRITE);

    world->alice = an_account(tx, "alice");
    world->bob = an_account(tx, "bob");
    run(tx, "INSERT INTO user_group(id, name, created_at) VALUES ($1, 'team', $2)", 77, NOW);
    run(tx, "INSERT INTO group_member(group_id, account_id) VALUES ($1, $2)", 77, world->bob);
    for (int i = 0; i < N_RECORDS; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "shop-%03d.example", i);
        const int64_t id = a_record(tx, name, world->alice);

        world->first = i ? world->first : id;
        if (i % 2 == 0)
            run(tx, "INSERT INTO certificate_tag(certificate_id, tag) VALUES ($1, 'two')", id, 0);
        if (i % 3 == 0)
            run(tx, "INSERT INTO certificate_tag(certificate_id, tag) VALUES ($1, 'three')", id, 0);
        if (i % 5)
            run(tx,
                "INSERT INTO certificate_access(certificate_id, relation, group_id, may_use_key,"
                " is_notified) VALUES ($1, 'share', $2, FALSE, FALSE)",
                id, 77);
    }
    /* These rows are written past the store: any record may have anything (store/cert_marks). */
    run(tx, "UPDATE certificate SET labels = -1, holders = -1", 0, 0);
    run(tx, "UPDATE certificate_tag SET holders = -1", 0, 0);
    test_commit(tx);
}

static const struct store_viewer admin = { .sees_all = true };

/* All pages of it, each in a transaction of its own, and twice: the second time from memory. */
static int64_t n_listed(struct test_db *test, const struct store_viewer *viewer,
    const struct cert_filter *filter)
{
    size_t n[2] = { 0, 0 };

    for (size_t i = 0; i < countof(n); i++) {
        autofree(str) char *cursor = NULL;

        do {
            const struct cert_page_request request = { .filter = filter,
                .sort = CERT_BY_NAME,
                .cursor = cursor,
                .limit = 30,
                .now = NOW,
                .rule = three_months,
                .drive_max = DRIVE_FEW };
            struct tx *tx = test_tx(test, TX_READ_FEW);
            autodone(cert_page) struct cert_page page = { 0 };
            struct err err = { 0 };

            assert_works(store_cert_page(tx, viewer, &request, &page, &err), &err);
            n[i] += page.rows.n;
            free(cursor);
            cursor = take(&page.next_cursor);
            tx_free(tx);
        } while (cursor);
    }
    assert_int_equal(n[0], n[1]);
    return (int64_t)n[0];
}

static void change(struct test_db *test, const char *sql, int64_t a, int64_t b)
{
    struct tx *tx = test_tx(test, TX_WRITE);

    run(tx, sql, a, b);
    test_commit(tx);
}

static void what_is_kept_is_as_the_last_commit_left_it(void **state)
{
    const struct cert_filter two = { .tag = "two" };
    const struct cert_filter both = { .tag = "two", .q = "shop", .owner = "alice" };
    struct world world = { 0 };

    make_world(*state, &world);
    assert_int_equal(n_listed(*state, &admin, &two), 200);
    assert_int_equal(n_listed(*state, &admin, &both), 200);
    change(*state, "DELETE FROM certificate_tag WHERE tag = 'two' AND certificate_id = $1",
        world.first, 0);
    assert_int_equal(n_listed(*state, &admin, &two), 199);
    assert_int_equal(n_listed(*state, &admin, &both), 199);
    change(*state,
        "UPDATE certificate_tag SET tag = 'two' WHERE tag = 'three'"
        " AND certificate_id = $1",
        world.first + 3, 0);
    assert_int_equal(n_listed(*state, &admin, &both), 200);
    change(*state, "UPDATE certificate SET owner_id = $1 WHERE id = $2", world.bob,
        world.first + 2);
    assert_int_equal(n_listed(*state, &admin, &two), 200);
    assert_int_equal(n_listed(*state, &admin, &both), 199);
    change(*state, "DELETE FROM certificate WHERE id = $1", world.first + 4, 0);
    assert_int_equal(n_listed(*state, &admin, &two), 199);
    assert_int_equal(n_listed(*state, &admin, &both), 198);
}

static void who_may_see_no_more_sees_no_more(void **state)
{
    const struct cert_filter filter = { .tag = "two", .q = "shop" };
    struct world world = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.bob };

    assert_int_equal(n_listed(*state, &bob, &filter), 160);
    change(*state, "DELETE FROM certificate_access WHERE certificate_id = $1 AND group_id = $2",
        world.first + 2, 77);
    assert_int_equal(n_listed(*state, &bob, &filter), 159);
    change(*state, "DELETE FROM group_member WHERE group_id = $1 AND account_id = $2", 77,
        world.bob);
    assert_int_equal(n_listed(*state, &bob, &filter), 0);
    change(*state, "INSERT INTO group_member(group_id, account_id) VALUES ($1, $2)", 77, world.bob);
    assert_int_equal(n_listed(*state, &bob, &filter), 159);
    assert_int_equal(n_listed(*state, &admin, &filter), 200);
}

static void what_nobody_asks_for_is_given_back(void **state)
{
    const struct kept_question question = { .bytes = "a question", .is_there = true };
    autodone(id_list) struct id_list ids = { 0 };
    autodone(id_list) struct id_list found = { 0 };

    (void)state;
    for (int64_t id = 1; id <= N_RECORDS; id++)
        id_list_add(&ids, 2 * id);
    kept_ids_keep(&question, &ids);
    kept_ids_rest(60000);
    assert_int_equal(kept_ids_count(&question), N_RECORDS);
    assert_true(kept_ids_find(&question, &found));
    assert_memory_equal(found.items, ids.items, N_RECORDS * sizeof *ids.items);
    kept_ids_rest(0);
    assert_int_equal(kept_ids_count(&question), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_is_as_the_last_commit_left_it, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(who_may_see_no_more_sees_no_more, test_db_setup,
            test_db_teardown),
        cmocka_unit_test(what_nobody_asks_for_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
