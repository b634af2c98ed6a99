/* store/cert_list: how the databases go about it, by their own account. */
#include "testing_cert_list.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/display.h"
#include "store/cert_page.h"
#include "store/read.h"

/* How the database would run the page: its plan, one line a step. */
static char *read_plan(struct tx *tx, const struct select *select)
{
    const int column = db_is_postgres(tx_db(tx)) ? 0 : 3;
    autofree(stmt) struct stmt *q = select_prepare(tx, select);
    autodone(buf) struct buf plan = BUF_INIT(65536);
    struct err err = { 0 };

    while (stmt_next(q))
        buf_addf(&plan, "%s\n", stmt_text(q, column));
    assert_works(stmt_end(q, &err), &err);
    return buf_take_text(&plan);
}

static char *plan_of(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *request)
{
    struct paging paging = { .request = request };
    autodone(select) struct select select = SELECT_INIT;
    struct err err = { 0 };

    cert_where_init(&paging.where, viewer, request->filter, request->sort, request);
    assert_works(cert_where_plan(tx, &paging.where, &err), &err);
    if (db_is_postgres(tx_db(tx))) {
        paging.where.along = ALONG_RECORDS; /* entries are another statement */
        select_add(&select, "EXPLAIN ");
    } else {
        select_add(&select, "EXPLAIN QUERY PLAN ");
    }
    cert_page_select(&paging, false, 51, &select);
    cert_where_done(&paging.where);
    return read_plan(tx, &select);
}

/* Each order upwards and downwards, which nothing drives. */
#define N_ORDERS (N_CERT_SORT * 2)

static struct cert_page_request a_walk(const struct cert_filter *filter, size_t order)
{
    return (struct cert_page_request){
        .filter = filter,
        .sort = (enum cert_sort)(order / 2),
        .is_descending = order % 2,
        .now = NOW,
        .rule = three_months,
        .drive_max = -1,
        .set_max = -1,
    };
}

/* Default lists run along an index: nothing is sorted, no table is read from end to end. */
static void a_walk_neither_scans_nor_sorts(void **state)
{
    struct world world;

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t j = 0; j < N_ORDERS; j++) {
            const struct cert_page_request request = a_walk(&cases[i].filter, j);
            autofree(str) char *plan = plan_of(world.tx, &everybody, &request);

            if (strstr(plan, "TEMP B-TREE FOR ORDER BY"))
                fail_msg("case %zu, sort %zu sorts: %s", i, j, plan);
            if (!strstr(plan, "c USING INDEX") && !strstr(plan, "c USING COVERING INDEX") &&
                !strstr(plan, "h USING COVERING INDEX certificate_check_at"))
                fail_msg("case %zu, sort %zu does not use an index: %s", i, j, plan);
            if (cases[i].filter.issuer && request.sort == CERT_BY_EXPIRY &&
                !strstr(plan, "certificate_issuer_expires"))
                fail_msg("an issuer's records are looked for among all: %s", plan);
        }
    }
    tx_free(world.tx);
}

/* As deep as it may be, a page begins where the cursor is: of one issuer's records, too, nothing is
 * passed over. */
static void a_page_begins_at_its_cursor(void **state)
{
    const struct cert_filter filter = { 0 };
    struct world world;
    struct err err = { 0 };

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    for (size_t j = 0; j < 4 * CERT_BY_STATUS; j++) {
        const struct cert_page_request request = { .filter = &filter,
            .sort = (enum cert_sort)(j / 4),
            .is_descending = j / 2 % 2,
            .now = NOW,
            .rule = three_months };
        struct paging paging = { .request = &request,
            .has_cursor = true,
            .cursor = { .id = 7, .number = 1, .text = "CN=CA 1" },
            .part = j % 2 ? CURSOR_TIES : CURSOR_BEYOND };
        const char *const range = paging.part == CURSOR_TIES ? "=? AND "
                                  : request.is_descending    ? "<?"
                                                             : ">?";
        autodone(select) struct select select = SELECT_INIT;

        cert_where_init(&paging.where, &everybody, &filter, request.sort, &request);
        assert_works(cert_where_plan(world.tx, &paging.where, &err), &err);
        select_add(&select, "EXPLAIN QUERY PLAN ");
        cert_page_select(&paging, false, 51, &select);
        cert_where_done(&paging.where);
        autofree(str) char *plan = read_plan(world.tx, &select);

        assert_contains(plan, range);
        assert_null(strstr(plan, "TEMP B-TREE"));
        if (paging.part == CURSOR_BEYOND && !request.is_descending)
            assert_null(strstr((const char *)select.sql.text.data, " > ''"));
    }
    tx_free(world.tx);
}

/* What is rare comes first: the record is looked up by its id, not searched for. */
static void what_drives_comes_first(void **state)
{
    struct world world;

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const struct cert_filter by_tag = { .tag = "even" };
    const struct cert_filter by_word = { .q = "gamma" };
    const struct cert_filter all = { 0 };
    const struct {
        const struct cert_filter *filter;
        const struct store_viewer *viewer;
        const char *source;
    } driven[] = {
        { &by_tag, &everybody, "certificate_tag USING" },
        { &by_word, &everybody, "certificate_search VIRTUAL TABLE INDEX" },
        { &all, &bob, "certificate_access USING" },
    };

    for (size_t i = 0; i < countof(driven); i++) {
        const struct cert_page_request request = { .filter = driven[i].filter,
            .now = NOW,
            .rule = three_months,
            .drive_max = DRIVE_MAX };
        autofree(str) char *plan = plan_of(world.tx, driven[i].viewer, &request);

        assert_contains(plan, driven[i].source);
        assert_contains(plan, "SEARCH c USING INTEGER PRIMARY KEY");
    }
    tx_free(world.tx);
}

/* F35: who sees a part has it walked in the order of its own index, records looked up by id. */
static void a_part_is_walked_in_order(void **state)
{
    const struct cert_filter filter = { .alert = "mixed" };
    const struct cert_page_request request = { .filter = &filter,
        .now = NOW,
        .rule = three_months,
        .drive_max = -1 };
    struct world world;
    struct err err = { 0 };

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    const struct store_viewer carol = { .account_id = a_busy_account(&world) };
    struct paging paging = { .request = &request };

    cert_where_init(&paging.where, &carol, &filter, CERT_BY_EXPIRY, &request);
    assert_works(cert_where_plan(world.tx, &paging.where, &err), &err);
    assert_true(paging.where.along == ALONG_ACCESS);
    assert_int_equal(paging.where.n_holders, 3);
    for (size_t i = 0; i < paging.where.n_holders; i++) {
        autodone(select) struct select select = SELECT_INIT;

        select_add(&select, "EXPLAIN QUERY PLAN ");
        cert_page_select_entries(&paging, paging.where.holders[i], false, 51, &select);
        autofree(str) char *plan = read_plan(world.tx, &select);

        assert_contains(plan, i ? "COVERING INDEX certificate_access_group_expires"
                                : "COVERING INDEX certificate_access_account_expires");
        assert_contains(plan, "SEARCH c USING INTEGER PRIMARY KEY");
        assert_null(strstr(plan, "TEMP B-TREE"));
    }
    cert_where_done(&paging.where);
    tx_free(world.tx);
}

/* What has a tag, or a field's value, is walked along an index of these. */
static void what_has_a_tag_is_walked_in_order(void **state)
{
    const struct cert_filter by_tag = { .tag = "even" };
    const struct cert_filter by_field = { .fields = { { "tier", "gold" } }, .n_fields = 1 };
    const struct {
        const struct cert_filter *filter;
        enum cert_along along;
        const char *index;
    } walked[] = {
        { &by_tag, ALONG_TAG, "certificate_tag_tag" },
        { &by_field, ALONG_FIELD, "certificate_field_value" },
    };
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    for (size_t i = 0; i < countof(walked); i++) {
        const struct cert_page_request request = { .filter = walked[i].filter,
            .now = NOW,
            .rule = three_months };
        struct paging paging = { .request = &request };
        autodone(select) struct select select = SELECT_INIT;

        cert_where_init(&paging.where, &everybody, request.filter, CERT_BY_EXPIRY, &request);
        assert_works(cert_where_plan(world.tx, &paging.where, &err), &err);
        assert_true(cert_where_is_in_order(&paging.where));
        cert_where_walk_in_order(&paging.where);
        assert_int_equal(paging.where.along, walked[i].along);
        if (!test_db_is_postgres(*state)) {
            select_add(&select, "EXPLAIN QUERY PLAN ");
            cert_page_select_entries(&paging, 0, false, 51, &select);
            autofree(str) char *plan = read_plan(world.tx, &select);

            assert_contains(plan, walked[i].index);
            assert_null(strstr(plan, "TEMP B-TREE"));
        }
        cert_where_done(&paging.where);
    }
    tx_free(world.tx);
}

static int64_t rounded_up(int64_t at, int64_t to)
{
    return at + (to - at % to) % to;
}

/* Where what is valid begins, and what expires soon ends: not a second too late or too early, at
 * the ends of months as well. */
static void the_border_of_expiring_soon_is_exact(void **state)
{
    const struct cert_filter valid = { .statuses = 1u << CERT_VALID };
    const struct cert_filter soon = { .statuses = 1u << CERT_EXPIRING_SOON };
    const int64_t hour = 3600;

    (void)state;
    for (int months = 1; months <= 6; months++) {
        const struct display_rule rule = { .months = months };

        for (int64_t now = NOW; now < NOW + 800 * SECONDS_PER_DAY; now += 7 * hour + 1) {
            const struct cert_page_request request = { .now = now, .rule = rule };
            const int64_t begin = rounded_up(now + (months * 30 - 4) * SECONDS_PER_DAY, hour);
            struct cert_where where;
            struct cert_where other;

            cert_where_init(&where, &everybody, &valid, CERT_BY_EXPIRY, &request);
            cert_where_init(&other, &everybody, &soon, CERT_BY_EXPIRY, &request);
            assert_true(display_expiring_at(&rule, 0, where.from) > now);
            assert_true(display_expiring_at(&rule, 0, other.until) <= now);
            for (int64_t at = begin; at < begin + 12 * SECONDS_PER_DAY; at += hour) {
                if (display_expiring_at(&rule, 0, at) > now)
                    assert_true(at >= where.from);
                else
                    assert_true(at <= other.until);
            }
            cert_where_done(&where);
            cert_where_done(&other);
        }
    }
}

static void run(struct tx *tx, const char *sql)
{
    autofree(stmt) struct stmt *q = tx_prepare_text(tx, sql);
    struct err err = { 0 };

    assert_works(stmt_run(q, &err), &err);
}

/* Is a record read for each entry? Those of c: others, and those of the places, have other names.
 */
static bool has_index_scan_of_c(const char *plan)
{
    const char *scan = plan;

    while ((scan = strstr(scan, "Index Scan"))) {
        const char *const end = strchr(scan, '\n');
        const char *const of = strstr(scan, " on certificate c ");

        if (of && end && of < end)
            return true;
        scan++;
    }
    return false;
}

/* PostgreSQL passes over entries of an index, and reads no record for a column that is not there:
 * what the index cannot tell is asked by the id, of another (r). */
static void a_walk_on_postgresql_reads_only_its_index(void **state)
{
    struct world world;

    if (!test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    run(world.tx, "SET LOCAL enable_seqscan = off");
    run(world.tx, "SET LOCAL enable_sort = off");
    run(world.tx, "SET LOCAL enable_bitmapscan = off");
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t j = 0; j < N_ORDERS; j++) {
            const struct cert_page_request request = a_walk(&cases[i].filter, j);

            /* Checks are another table, statuses several lists, and of a few records PostgreSQL
             * does not take the index of what is unused. */
            if (request.sort == CERT_BY_CHECK || request.sort == CERT_BY_STATUS ||
                (request.sort == CERT_BY_EXPIRY && request.filter->is_unused))
                continue;
            autofree(str) char *plan = plan_of(world.tx, &everybody, &request);

            if (!strstr(plan, "Index Only Scan") || strstr(plan, "Sort") ||
                strstr(plan, "Seq Scan on certificate c ") || has_index_scan_of_c(plan))
                fail_msg("case %zu, sort %zu: %s", i, j, plan);
        }
    }
    tx_free(world.tx);
}

/* Ids have sixteen bits each there. Every other record of bob's, and of the group, goes to a twin.
 */
static void whose_id_has_the_same_bits_is_somebody_else(void **state)
{
    const struct {
        struct cert_filter filter;
        const char *give_away;
        const char *count;
    } whose[] = {
        { { .owner = "bob" },
            "UPDATE certificate SET owner_id = owner_id + 65536"
            " WHERE id % 2 = 0 AND owner_id = (SELECT id FROM account WHERE name = 'bob')",
            "SELECT count(*) FROM certificate c JOIN account a ON a.id = c.owner_id"
            " WHERE a.name = 'bob'" },
        { { .assignee = "bob" },
            "UPDATE certificate SET assignee_id = (SELECT id FROM account WHERE name = 'bob')"
            " + id % 2 * 65536",
            "SELECT count(*) FROM certificate c JOIN account a ON a.id = c.assignee_id"
            " WHERE a.name = 'bob'" },
        { { .business_group = "Sales" },
            "UPDATE certificate SET business_group_id = business_group_id + 65536 WHERE id % 2 = 0"
            " AND business_group_id = (SELECT id FROM business_group WHERE name = 'Sales')",
            "SELECT count(*) FROM certificate c JOIN business_group g"
            " ON g.id = c.business_group_id WHERE g.name = 'Sales'" },
    };
    struct world world;
    struct err err = { 0 };

    if (!test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    run(world.tx, "INSERT INTO account(id, name, role, created_at, updated_at)"
                  " SELECT id + 65536, 'twin', role, 0, 0 FROM account WHERE name = 'bob'");
    run(world.tx, "INSERT INTO business_group(id, name)"
                  " SELECT id + 65536, 'Twins' FROM business_group WHERE name = 'Sales'");
    for (size_t i = 0; i < countof(whose); i++) {
        autodone(id_list) struct id_list ids = { 0 };
        struct cert_page_request request = a_walk(&whose[i].filter, CERT_BY_NAME * 2);
        int64_t n = 0;

        request.limit = 7;
        run(world.tx, whose[i].give_away);
        autofree(stmt) struct stmt *q = tx_prepare_text(world.tx, whose[i].count);

        assert_works(read_number(q, &n, &err), &err);
        assert_true(n > 5);
        walk(world.tx, &everybody, &request, &ids);
        assert_int_equal(ids.n, n);
    }
    tx_free(world.tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_walk_neither_scans_nor_sorts),
        T(a_page_begins_at_its_cursor),
        T(what_drives_comes_first),
        T(what_has_a_tag_is_walked_in_order),
        T(the_border_of_expiring_soon_is_exact),
        T(a_part_is_walked_in_order),
        T(a_walk_on_postgresql_reads_only_its_index),
        T(whose_id_has_the_same_bits_is_somebody_else),
    };
    return cmocka_run_group_tests_name("store/cert_list, its plans", tests, NULL, NULL);
}
