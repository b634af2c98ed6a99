/*
 * What is maintained for lists and counts is what a scan would find, whatever was done before: F24,
 * F39. Operations are drawn at random, from a seed that the failure names.
 */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/business_group.h"
#include "store/cert_list.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/endpoint.h"

#define N_RECORDS 12
#define N_OPERATIONS 120
#define N_PLACES 6

struct world {
    struct tx *tx;
    uint64_t random;
    int64_t owners[3];
    int64_t ids[N_RECORDS]; /* 0: deleted */
    int64_t places[N_PLACES];
    int64_t keepers[N_PLACES]; /* endpoints go with their last record: these stay */
    uint8_t n_versions;
    struct err err;
};

static uint64_t draw(struct world *w, uint64_t n)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->random >> 33) % n;
}

static void run_sql(struct world *w, struct stmt *statement, int64_t a, int64_t b)
{
    autofree(stmt) struct stmt *q = statement;

    stmt_bind_i64(q, 1, a);
    stmt_bind_i64(q, 2, b);
    assert_works(stmt_run(q, &w->err), &w->err);
}

static void refresh(struct world *w, int64_t id)
{
    static const char *const alerts[] = { "", "mixed", "unreachable" };

    assert_works(store_cert_refresh(w->tx, id, alerts[draw(w, 3)], &three_months, NOW, NULL,
                     &w->err),
        &w->err);
}

static void renew(struct world *w, int64_t id)
{
    int64_t begins = NOW + ((int64_t)draw(w, 600) - 500) * DAY;
    int64_t ends = begins + (int64_t)draw(w, 400) * DAY + 1;

    if (++w->n_versions == 250)
        w->n_versions = 1;
    make_current(w->tx, id,
        a_version_of(w->tx, w->n_versions, "www.example", draw(w, 2) ? "CN=A" : "CN=B", begins,
            ends),
        draw(w, 2) ? SLOT_RSA : SLOT_ECDSA, ends);
}

static void edit(struct world *w, int64_t id)
{
    static const char *const groups[] = { "", "Ops", "Sales" };
    int64_t group = 0;
    const struct cert_edit change = { .name = draw(w, 2) ? "Renamed" : NULL,
        .business_group_id = &group };

    assert_works(store_business_group_put(w->tx, groups[draw(w, 3)], &group, &w->err), &w->err);
    assert_works(store_cert_edit(w->tx, id, &change, NOW, &w->err), &w->err);
}

static void give(struct world *w, int64_t id)
{
    const struct cert_people people = { .owner_id = w->owners[draw(w, 3)] };

    assert_works(store_cert_set_people(w->tx, id, &people, 0, NOW, &w->err), &w->err);
}

static void hand_over(struct world *w, int64_t id)
{
    int64_t n;

    (void)id;
    assert_works(store_cert_hand_over(w->tx, w->owners[0], w->owners[1], NOW, &n, &w->err),
        &w->err);
}

static void set_revoked(struct world *w, int64_t id)
{
    assert_works(store_cert_set_revoked(w->tx, id, draw(w, 2) ? NOW : 0, NOW, &w->err), &w->err);
}

static void attach(struct world *w, int64_t id)
{
    assert_works(store_endpoint_attach(w->tx, id, w->places[draw(w, N_PLACES)], &w->err), &w->err);
}

static void check_place(struct world *w, int64_t id)
{
    const struct endpoint_outcome outcome = { .is_success = true };
    int64_t place = w->places[draw(w, N_PLACES)];

    assert_works(store_endpoint_checked(w->tx, place, &outcome, NOW, NULL, &w->err), &w->err);
    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO observation(endpoint_id, address, slot, version_id, checked_at)"
            " SELECT CAST($1 AS BIGINT), '192.0.2.1', 'rsa', version_id, 0 FROM certificate"
            "  WHERE id = $2 AND version_id IS NOT NULL"
            " ON CONFLICT (endpoint_id, address, slot) DO UPDATE"
            "  SET version_id = excluded.version_id"),
        place, id);
    /* As monitor/ does: every record of the endpoint. */
    for (size_t i = 0; i < N_RECORDS; i++) {
        if (w->ids[i])
            refresh(w, w->ids[i]);
    }
    for (size_t i = 0; i < N_PLACES; i++)
        refresh(w, w->keepers[i]);
}

static void associate(struct world *w, int64_t id)
{
    int64_t resource = 1 + (int64_t)draw(w, 4);

    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO resource(id, name, type, created_at)"
            " VALUES (CAST($1 AS BIGINT), 'lb-' || CAST($1 AS BIGINT), 'files', $2) ON CONFLICT DO NOTHING"),
        resource, 0);
    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO association(resource_id, certificate_id, slot, created_at)"
            " VALUES ($1, CAST($2 AS BIGINT), 'c' || CAST($2 AS BIGINT), 0) ON CONFLICT DO NOTHING"),
        resource, id);
    assert_works(store_cert_use_changed(w->tx, id, &w->err), &w->err);
}

static void disassociate(struct world *w, int64_t id)
{
    run_sql(w,
        tx_prepare(w->tx,
            "DELETE FROM association WHERE certificate_id = $1 AND CAST($2 AS BIGINT) = 0"),
        id, 0);
    assert_works(store_cert_use_changed(w->tx, id, &w->err), &w->err);
}

static void redisplay(struct world *w, int64_t id)
{
    const struct display_rule rule = { .months = 1 + (int)draw(w, 3) };
    int64_t last;

    (void)id;
    assert_works(store_cert_redisplay(w->tx, &rule, 0, 1000, &last, &w->err), &w->err);
}

static void (*const operations[])(struct world *w, int64_t id) = { refresh, renew, renew, renew,
    edit, give, hand_over, set_revoked, attach, check_place, associate, disassociate, redisplay };

static void delete_or_add(struct world *w, size_t i)
{
    if (!w->ids[i]) {
        w->ids[i] = a_record(w->tx, "New", w->owners[draw(w, 3)]);
        return;
    }
    disassociate(w, w->ids[i]);
    assert_works(store_cert_delete(w->tx, w->ids[i], 0, &w->err), &w->err);
    w->ids[i] = 0;
}

/* No row: the maintained is what the scan finds. */
static void assert_no_rows(struct world *w, struct stmt *statement, const char *what)
{
    autofree(stmt) struct stmt *q = statement;
    bool is_there = stmt_next(q);
    int64_t id = is_there ? stmt_i64(q, 0) : 0;

    if (is_there)
        fail_msg("%s of %" PRId64 " is not what a scan finds", what, id);
    assert_works(stmt_end(q, &w->err), &w->err);
}

static void check_rows(struct world *w)
{
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c JOIN account a ON a.id = c.owner_id"
            " LEFT JOIN business_group g ON g.id = c.business_group_id"
            " WHERE c.owner_name <> a.name OR c.business_group_name IS DISTINCT FROM g.name"),
        "a name");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c WHERE c.n_resources <>"
                          " (SELECT count(DISTINCT s.resource_id) FROM association s"
                          "   WHERE s.certificate_id = c.id)"),
        "the number of resources");
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c WHERE (c.is_unused = TRUE) ="
            " (c.n_resources > 0 OR EXISTS (SELECT 1 FROM certificate_endpoint l"
            "   JOIN endpoint e ON e.id = l.endpoint_id WHERE l.certificate_id = c.id"
            "    AND (e.last_checked_at IS NULL OR EXISTS (SELECT 1 FROM observation b"
            "     JOIN record_version r ON r.version_id = b.version_id"
            "     WHERE b.endpoint_id = e.id AND r.certificate_id = c.id))))"),
        "use");
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c LEFT JOIN certificate_search s ON s.rowid = c.id"
            " WHERE s.words IS NULL OR s.words NOT LIKE '%' || c.name_lower || '%'"
            "  OR EXISTS (SELECT 1 FROM certificate_endpoint l JOIN endpoint e ON e.id = l.endpoint_id"
            "   WHERE l.certificate_id = c.id AND s.words NOT LIKE '%' || e.host || '%')"),
        "words");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT s.rowid FROM certificate_search s"
                          " WHERE NOT EXISTS (SELECT 1 FROM certificate c WHERE c.id = s.rowid)"),
        "words");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c"
                          "  JOIN certificate_access x ON x.certificate_id = c.id"
                          " WHERE x.expires_at IS DISTINCT FROM c.expires_at"),
        "the end that an access entry has");
    assert_no_rows(w, tx_prepare(w->tx, "SELECT day FROM expiry_bucket WHERE n < 0"), "a bucket");
}

static void check_counts(struct world *w, int64_t now)
{
    struct cert_counts counts;
    struct cert_counts scanned = { 0 };

    for (size_t i = 0; i < N_RECORDS; i++) {
        autofree(cert_row) struct cert_row *row = NULL;

        if (!w->ids[i])
            continue;
        assert_works(store_cert_get(w->tx, &everybody, w->ids[i], &row, &w->err), &w->err);
        scanned.of[cert_row_status(row, now)]++;
        scanned.total++;
    }
    assert_works(store_cert_counts(w->tx, &everybody, now, &counts, &w->err), &w->err);
    assert_memory_equal(&counts, &scanned, sizeof scanned);
}

static void make_world(struct world *w)
{
    static const char *const names[] = { "alice", "bob", "carol" };

    for (size_t i = 0; i < countof(w->owners); i++)
        w->owners[i] = an_account(w->tx, names[i]);
    for (size_t i = 0; i < N_PLACES; i++) {
        char host[32];
        const struct endpoint_key key = { host, 443, "", "tls", "" };

        snprintf(host, sizeof host, "host-%zu.example", i);
        assert_works(store_endpoint_put(w->tx, &key, NOW, &w->places[i], NULL, &w->err), &w->err);
        w->keepers[i] = a_record(w->tx, host, w->owners[2]);
        assert_works(store_endpoint_attach(w->tx, w->keepers[i], w->places[i], &w->err), &w->err);
    }
}

static void operate(struct world *w)
{
    size_t i = (size_t)draw(w, N_RECORDS);

    if (!w->ids[i] || draw(w, 10) == 0)
        delete_or_add(w, i);
    else
        operations[draw(w, countof(operations))](w, w->ids[i]);
}

static void what_is_maintained_is_what_a_scan_finds(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world w = { .random = seed };

        print_message("seed %d\n", (int)seed);
        w.tx = test_tx(*state, TX_WRITE);
        make_world(&w);
        for (int i = 0; i < N_OPERATIONS; i++) {
            operate(&w);
            if (i % 30 != 29)
                continue;
            /* Counting writes what was put off; then everything can be looked at. */
            struct cert_counts counts;

            assert_works(store_cert_counts(w.tx, &everybody, NOW, &counts, &w.err), &w.err);
            check_rows(&w);
        }
        tx_free(w.tx);
    }
}

static void counts_are_exact_after_anything(void **state)
{
    for (uint64_t seed = 11; seed <= 16; seed++) {
        struct world w = { .random = seed };

        print_message("seed %d\n", (int)seed);
        w.tx = test_tx(*state, TX_WRITE);
        make_world(&w);
        /* Only what is drawn from is counted. */
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM certificate WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM certificate_endpoint WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        struct cert_counts before;

        assert_works(store_cert_counts(w.tx, &everybody, NOW, &before, &w.err), &w.err);
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM expiry_bucket WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        for (int i = 0; i < N_OPERATIONS; i++) {
            size_t record = (size_t)draw(&w, N_RECORDS);

            if (!w.ids[record] || draw(&w, 10) == 0)
                delete_or_add(&w, record);
            else
                operations[draw(&w, 8)](&w, w.ids[record]);
            if (i % 20 == 19) {
                check_counts(&w, NOW);
                check_counts(&w, NOW + ((int64_t)draw(&w, 400) - 200) * DAY);
            }
        }
        tx_free(w.tx);
    }
}

/* Two transactions that move records between the same buckets, in opposite order, do not wait for
 * each other: buckets are written at the commit. */
static void transactions_do_not_wait_for_each_others_buckets(void **state)
{
    struct world first = { .random = 1 };
    autofree(db) struct db *other = NULL;
    struct tx *second = NULL;
    int64_t ids[4];
    struct err err = { 0 };

    if (!test_db_is_postgres(*state))
        skip(); /* one writer at a time */
    first.tx = test_tx(*state, TX_WRITE);
    for (size_t i = 0; i < 4; i++)
        ids[i] = a_record(first.tx, "r",
            i ? first.owners[0] : (first.owners[0] = an_account(first.tx, "alice")));
    int64_t spring = a_version_of(first.tx, 1, "a", "CN=A", NOW, NOW + 10 * DAY);
    int64_t autumn = a_version_of(first.tx, 2, "b", "CN=A", NOW, NOW + 200 * DAY);

    test_commit(first.tx);
    other = test_db_open_again(*state);
    first.tx = test_tx(*state, TX_WRITE);
    assert_works(tx_begin(other, TX_WRITE, &second, &err), &err);
    make_current(first.tx, ids[0], spring, SLOT_RSA, NOW + 10 * DAY);
    make_current(second, ids[1], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(first.tx, ids[2], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(second, ids[3], spring, SLOT_RSA, NOW + 10 * DAY);
    test_commit(first.tx);
    assert_works(tx_commit(second, &err), &err);

    struct cert_counts counts;

    first.tx = test_tx(*state, TX_READ);
    assert_works(store_cert_counts(first.tx, &everybody, NOW, &counts, &err), &err);
    assert_int_equal(counts.of[CERT_EXPIRING_SOON], 2);
    assert_int_equal(counts.of[CERT_VALID], 2);
    assert_int_equal(counts.of[CERT_UNKNOWN], 0);
    tx_free(first.tx);
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
        T(what_is_maintained_is_what_a_scan_finds),
        T(counts_are_exact_after_anything),
        T(transactions_do_not_wait_for_each_others_buckets),
        T(a_walk_meets_every_record_once_whatever_comes_and_goes),
    };
    return cmocka_run_group_tests_name("store/maintained", tests, NULL, NULL);
}
