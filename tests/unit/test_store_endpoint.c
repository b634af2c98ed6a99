/* store/endpoint and store/observation: F2, F3. */
#include "testing_store.h"

#include "store/endpoint.h"
#include "store/observation.h"

static int64_t an_endpoint(struct tx *tx, const char *host, bool *ret_new)
{
    const struct endpoint_key key = { host, 443, host, "tls", "" };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_endpoint_put(tx, &key, NOW, &id, ret_new, &err), &err);
    return id;
}

static void attach(struct tx *tx, int64_t record, int64_t endpoint)
{
    struct err err = { 0 };

    assert_works(store_endpoint_attach(tx, record, endpoint, &err), &err);
}

static void an_endpoint_is_one_however_often_it_is_added(void **state)
{
    const struct endpoint_key other = { "a.example", 443, "a.example", "smtp", "" };
    struct tx *tx = test_tx(*state, TX_WRITE);
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    struct err err = { 0 };
    bool is_new = false;
    int64_t id = an_endpoint(tx, "a.example", &is_new);

    assert_true(is_new);
    assert_int_equal(an_endpoint(tx, "a.example", &is_new), id);
    assert_false(is_new);
    assert_works(store_endpoint_find(tx, &other, &row, &err), &err);
    assert_null(row);
    test_commit(tx);
}

static void an_endpoint_goes_with_its_last_record(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    int64_t first = a_record(tx, "first", alice);
    int64_t second = a_record(tx, "second", alice);
    int64_t id = an_endpoint(tx, "a.example", NULL);
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    struct err err = { 0 };

    attach(tx, first, id);
    attach(tx, second, id);
    attach(tx, second, id);
    assert_works(store_endpoint_detach(tx, first, id, &err), &err);
    assert_fails(store_endpoint_detach(tx, first, id, &err), &err, ERR_NOT_FOUND);
    assert_works(store_endpoint_get(tx, &everybody, id, &row, &err), &err);
    assert_works(store_cert_delete(tx, second, 0, &err), &err);
    endpoint_row_free(take(&row));
    assert_fails(store_endpoint_get(tx, &everybody, id, &row, &err), &err, ERR_NOT_FOUND);
    test_commit(tx);
}

/* Who may not see a record is told nothing of it, though they share its endpoint. */
static void of_a_shared_endpoint_one_sees_ones_own_records(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    const struct store_viewer bob = { .account_id = an_account(tx, "bob") };
    const struct store_viewer carol = { .account_id = an_account(tx, "carol") };
    int64_t hers = a_record(tx, "hers", alice.account_id);
    int64_t his = a_record(tx, "his", bob.account_id);
    int64_t id = an_endpoint(tx, "a.example", NULL);
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    autodone(id_list) struct id_list ids = { 0 };
    autodone(id_list) struct id_list all = { 0 };
    struct err err = { 0 };

    attach(tx, hers, id);
    attach(tx, his, id);
    assert_works(store_endpoint_records(tx, &alice, id, &ids, &err), &err);
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.items[0], hers);
    assert_works(store_endpoint_records(tx, &everybody, id, &all, &err), &err);
    assert_int_equal(all.n, 2);
    assert_works(store_endpoint_get(tx, &bob, id, &row, &err), &err);
    endpoint_row_free(take(&row));
    assert_fails(store_endpoint_get(tx, &carol, id, &row, &err), &err, ERR_NOT_FOUND);
    test_commit(tx);
}

static void checked(struct tx *tx, int64_t id, const char *error_class, int64_t at,
    struct endpoint_row **ret)
{
    const struct endpoint_outcome outcome = { !*error_class, error_class, "no route to host" };
    struct err err = { 0 };

    assert_works(store_endpoint_checked(tx, id, &outcome, at, ret, &err), &err);
}

/* F3: failures in a row, since when, and the last success. */
static void failures_are_counted_in_a_row(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    int64_t id = an_endpoint(tx, "a.example", NULL);
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    autofree(cert_row) struct cert_row *cert = NULL;
    autodone(endpoint_rows) struct endpoint_rows due = { 0 };
    autodone(endpoint_rows) struct endpoint_rows to_notice = { 0 };
    struct err err = { 0 };
    int64_t n_checked = 0;
    int64_t n_failed = 0;

    attach(tx, record, id);
    checked(tx, id, "", NOW, NULL);
    checked(tx, id, "refused", NOW + 1, NULL);
    checked(tx, id, "timeout", NOW + 2, &row);
    assert_int_equal(row->n_failures, 2);
    assert_int_equal(row->failing_since_at, NOW + 1);
    assert_int_equal(row->last_success_at, NOW);
    assert_int_equal(row->last_checked_at, NOW + 2);
    assert_string_equal(row->error_class, "timeout");

    assert_works(store_endpoint_window(tx, NOW, &n_checked, &n_failed, &err), &err);
    assert_int_equal(n_checked, 1);
    assert_int_equal(n_failed, 1);
    assert_works(store_endpoints_to_notice(tx, 3, 0, 10, &to_notice, &err), &err);
    assert_int_equal(to_notice.n, 0);
    assert_works(store_endpoints_to_notice(tx, 2, 0, 10, &to_notice, &err), &err);
    assert_int_equal(to_notice.n, 1);

    assert_works(store_cert_refresh(tx, record, "unreachable", &three_months, NOW, NULL, &err),
        &err);
    assert_works(store_cert_get(tx, &everybody, record, &cert, &err), &err);
    assert_string_equal(cert->last_error, "a.example:443: no route to host");
    assert_string_equal(cert->alert, "unreachable");
    assert_int_equal(cert->last_checked_at, NOW + 2);
    assert_int_equal(cert->n_endpoints, 1);

    endpoint_row_free(take(&row));
    checked(tx, id, "", NOW + 3, &row);
    assert_int_equal(row->n_failures, 0);
    assert_int_equal(row->failing_since_at, 0);
    assert_string_equal(row->error, "");

    assert_works(store_endpoints_due(tx, "", NOW + 3, 0, 10, &due, &err), &err);
    assert_int_equal(due.n, 0);
    assert_works(store_endpoints_due(tx, "", NOW + 4, 0, 10, &due, &err), &err);
    assert_int_equal(due.n, 1);
    test_commit(tx);
}

static struct observation_new seen(const char *address, const char *slot, int64_t version)
{
    return (struct observation_new){
        .address = address,
        .slot = slot,
        .version_id = version,
        .chain_status = "trusted",
        .path_expires_at = NOW + 50 * DAY,
        .is_name_ok = true,
        .protocol = "TLSv1.3",
    };
}

static struct observation_new failed(const char *address, const char *slot)
{
    return (struct observation_new){ .address = address,
        .slot = slot,
        .error_class = "timeout",
        .error = "it hangs" };
}

static void put(struct tx *tx, int64_t endpoint, const struct observation_new *news, size_t n,
    int64_t at)
{
    struct err err = { 0 };

    assert_works(store_observations_put(tx, endpoint, news, n, at, &err), &err);
}

static void look(struct tx *tx, int64_t endpoint, struct observation_rows *rows)
{
    struct err err = { 0 };

    observation_rows_done(rows);
    assert_works(store_observations_of_endpoint(tx, endpoint, rows, &err), &err);
}

/* F3: a failed check never erases the last known certificate. */
static void what_was_seen_survives_a_failure(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = an_endpoint(tx, "a.example", NULL);
    int64_t rsa = a_version(tx, 1, NOW, NOW + 50 * DAY);
    int64_t ecdsa = a_version(tx, 2, NOW, NOW + 50 * DAY);
    const struct observation_new first[] = { seen("10.0.0.1", "rsa", rsa),
        seen("10.0.0.1", "ecdsa", ecdsa), failed("10.0.0.2", "") };
    const struct observation_new second[] = { failed("10.0.0.1", ""),
        seen("10.0.0.2", "rsa", rsa) };
    const struct observation_new third[] = { seen("10.0.0.1", "rsa", ecdsa),
        failed("10.0.0.1", "ecdsa"), seen("10.0.0.2", "rsa", rsa) };
    const struct observation_new fourth[] = { seen("10.0.0.1", "rsa", ecdsa),
        seen("10.0.0.2", "rsa", rsa) };
    autodone(observation_rows) struct observation_rows rows = { 0 };

    put(tx, id, first, countof(first), NOW);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 3);
    assert_string_equal(rows.items[2].slot, "");
    assert_int_equal(rows.items[2].version_id, 0);

    put(tx, id, second, countof(second), NOW + 1);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 3);
    assert_string_equal(rows.items[0].slot, "ecdsa");
    assert_int_equal(rows.items[0].version_id, ecdsa);
    assert_string_equal(rows.items[0].error_class, "timeout");
    assert_int_equal(rows.items[0].last_seen_at, NOW);
    assert_int_equal(rows.items[0].checked_at, NOW + 1);
    assert_string_equal(rows.items[2].slot, "rsa");
    assert_string_equal(rows.items[2].error_class, "");

    put(tx, id, third, countof(third), NOW + 2);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 3);
    assert_string_equal(rows.items[0].error_class, "timeout");
    assert_int_equal(rows.items[1].version_id, ecdsa);
    assert_int_equal(rows.items[1].first_seen_at, NOW + 2);
    assert_int_equal(rows.items[2].first_seen_at, NOW + 1);

    /* It answered, and has no ECDSA certificate any more. */
    put(tx, id, fourth, countof(fourth), NOW + 3);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 2);
    put(tx, id, NULL, 0, NOW + 4);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 2);
    assert_true(rows.items[1].is_in_dns);
    test_commit(tx);
}

/* F7: an address blocks until it leaves DNS, and is shown once more as having left. */
static void an_address_that_left_dns_is_forgotten_later(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = an_endpoint(tx, "a.example", NULL);
    int64_t version = a_version(tx, 1, NOW, NOW + 50 * DAY);
    const struct observation_new both[] = { seen("10.0.0.1", "rsa", version),
        seen("10.0.0.2", "rsa", version) };
    const struct observation_new one_fails[] = { failed("10.0.0.2", "") };
    autodone(observation_rows) struct observation_rows rows = { 0 };

    put(tx, id, both, 2, NOW);
    put(tx, id, both + 1, 1, NOW + 1);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 2);
    assert_false(rows.items[0].is_in_dns);
    put(tx, id, one_fails, 1, NOW + 2);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 2);
    put(tx, id, both + 1, 1, NOW + 3);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 1);
    assert_string_equal(rows.items[0].address, "10.0.0.2");
    put(tx, id, both, 2, NOW + 4);
    look(tx, id, &rows);
    assert_int_equal(rows.n, 2);
    test_commit(tx);
}

static void a_waived_address_counts_again_when_it_answers(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = an_endpoint(tx, "a.example", NULL);
    int64_t version = a_version(tx, 1, NOW, NOW + 50 * DAY);
    const struct observation_new dead[] = { failed("10.0.0.1", "") };
    const struct observation_new alive[] = { seen("10.0.0.1", "rsa", version) };
    autodone(observation_rows) struct observation_rows rows = { 0 };
    struct err err = { 0 };

    put(tx, id, alive, 1, NOW);
    put(tx, id, dead, 1, NOW + 1);
    assert_works(store_observation_waive(tx, id, "10.0.0.1", true, &err), &err);
    assert_fails(store_observation_waive(tx, id, "10.9.9.9", true, &err), &err, ERR_NOT_FOUND);
    put(tx, id, dead, 1, NOW + 2);
    look(tx, id, &rows);
    assert_true(rows.items[0].is_waived);
    put(tx, id, alive, 1, NOW + 3);
    look(tx, id, &rows);
    assert_false(rows.items[0].is_waived);
    test_commit(tx);
}

/* While addresses differ, expires_at is the worst of the record's own versions that is served. */
static void a_laggard_decides_on_the_records_end(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    int64_t id = an_endpoint(tx, "a.example", NULL);
    int64_t old = a_version(tx, 1, NOW - DAY, NOW + 5 * DAY);
    int64_t new = a_version(tx, 2, NOW, NOW + 90 * DAY);
    int64_t foreign = a_version(tx, 3, NOW, NOW + DAY);
    struct observation_new news[] = { seen("10.0.0.1", "rsa", old), seen("10.0.0.2", "rsa", new),
        seen("10.0.0.3", "rsa", foreign) };
    autofree(cert_row) struct cert_row *cert = NULL;
    struct err err = { 0 };
    bool has_changed = false;

    news[0].path_expires_at = NOW + 5 * DAY;
    news[1].path_expires_at = NOW + 90 * DAY;
    news[2].path_expires_at = NOW + DAY;
    attach(tx, record, id);
    (void)make_current(tx, record, old, SLOT_RSA, NOW + 5 * DAY);
    (void)make_current(tx, record, new, SLOT_RSA, NOW + 90 * DAY);
    put(tx, id, news, 3, NOW);
    assert_works(store_cert_refresh(tx, record, "mixed", &three_months, NOW, &has_changed, &err),
        &err);
    assert_true(has_changed);
    assert_works(store_cert_get(tx, &everybody, record, &cert, &err), &err);
    assert_int_equal(cert->version_id, new);
    assert_int_equal(cert->expires_at, NOW + 5 * DAY);

    assert_works(store_observation_waive(tx, id, "10.0.0.1", true, &err), &err);
    assert_works(store_cert_refresh(tx, record, "", &three_months, NOW, NULL, &err), &err);
    assert_works(store_cert_refresh(tx, record, "", &three_months, NOW, &has_changed, &err), &err);
    assert_false(has_changed);
    cert_row_free(take(&cert));
    assert_works(store_cert_get(tx, &everybody, record, &cert, &err), &err);
    assert_int_equal(cert->expires_at, NOW + 90 * DAY);
    test_commit(tx);
}

static void chains_are_shared(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t members[] = { a_version(tx, 1, 0, 1), a_version(tx, 2, 0, 1) };
    const int64_t turned[] = { members[1], members[0] };
    const int64_t unknown[] = { 4711 };
    autodone(version_rows) struct version_rows rows = { 0 };
    autodone(buf) struct buf der = BUF_INIT(100);
    struct err err = { 0 };
    int64_t id = 0;
    int64_t other = 0;

    assert_works(store_chain_put(tx, members, 2, NOW, &id, &err), &err);
    assert_works(store_chain_put(tx, members, 2, NOW, &other, &err), &err);
    assert_int_equal(id, other);
    assert_works(store_chain_put(tx, turned, 2, NOW, &other, &err), &err);
    assert_int_not_equal(id, other);
    assert_works(store_chain_put(tx, members, 0, NOW, &other, &err), &err);
    assert_int_equal(other, 0);
    assert_fails(store_chain_put(tx, unknown, 1, NOW, &other, &err), &err, ERR_NOT_FOUND);
    assert_works(store_chain_members(tx, id, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.items[0].sha256[31], 1);
    assert_int_equal(rows.items[1].id, members[1]);
    assert_works(store_version_der(tx, members[0], &der, &err), &err);
    assert_int_equal(der.size, 2);
    test_commit(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_endpoint_is_one_however_often_it_is_added),
        T(an_endpoint_goes_with_its_last_record),
        T(of_a_shared_endpoint_one_sees_ones_own_records),
        T(failures_are_counted_in_a_row),
        T(what_was_seen_survives_a_failure),
        T(an_address_that_left_dns_is_forgotten_later),
        T(a_waived_address_counts_again_when_it_answers),
        T(a_laggard_decides_on_the_records_end),
        T(chains_are_shared),
    };
    return cmocka_run_group_tests_name("store/endpoint", tests, NULL, NULL);
}
