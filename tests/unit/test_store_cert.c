/* store/cert, cert_people, cert_refresh, record_version: F9, F24, F31. */
#include "testing_store.h"

#include "store/cert_list.h"
#include "store/cert_match.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/endpoint.h"

static int64_t a_group(struct tx *tx, const char *name, int64_t member)
{
    struct err err = { 0 };
    struct stmt *q =
        tx_prepare(tx, "INSERT INTO user_group(name, created_at) VALUES ($1, 0) RETURNING id");
    int64_t id = 0;

    stmt_bind_text(q, 1, name);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    q = tx_prepare(tx, "INSERT INTO group_member(group_id, account_id) VALUES ($1, $2)");
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, member);
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    return id;
}

static bool sees(struct tx *tx, int64_t account, int64_t id)
{
    const struct store_viewer viewer = { .account_id = account };
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };

    if (store_cert_get(tx, &viewer, id, &row, &err))
        return true;
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    return false;
}

static void a_record_is_read_as_it_was_added(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    const struct cert_new cert = {
        .name = "WWW.Example.org",
        .description = "the shop",
        .owner_id = alice,
        .assignee_id = an_account(tx, "bob"),
        .tags = "Shop; prod;;shop",
        .notify_periods = "[30]",
    };
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_cert_add(tx, &cert, NOW, &id, &err), &err);
    assert_works(store_cert_get(tx, &everybody, id, &row, &err), &err);
    assert_string_equal(row->name, "WWW.Example.org");
    assert_string_equal(row->owner, "alice");
    assert_string_equal(row->assignee, "bob");
    assert_string_equal(row->tags, "prod;shop");
    assert_string_equal(row->notify_periods, "[30]");
    assert_null(row->required_names);
    assert_null(row->business_group);
    assert_null(row->version);
    assert_null(row->ticket_key);
    assert_int_equal(row->row_version, 1);
    assert_int_equal(cert_row_status(row, NOW), CERT_UNKNOWN);
    assert_int_equal(cert_row_source(row), CERT_MONITORED);
    test_commit(tx);
}

static void add_place(struct tx *tx, int64_t certificate, const char *host)
{
    const struct endpoint_key key = { host, 443, host, "tls", "" };
    struct err err = { 0 };
    int64_t id;

    assert_works(store_endpoint_put(tx, &key, NOW, &id, NULL, &err), &err);
    assert_works(store_endpoint_attach(tx, certificate, id, &err), &err);
}

/* F24: what waits for its first check is not offered for clean-up. */
static void a_record_with_places_to_look_at_is_not_unused(void **state)
{
    const struct cert_filter filter = { .is_unused = true };
    const struct cert_ids_request unused = { .filter = &filter, .now = NOW, .limit = 10 };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t owner = an_account(tx, "alice");
    const struct endpoint_key place = { "a.example", 443, "a.example", "tls", "" };
    const struct cert_new watched = { .name = "watched",
        .owner_id = owner,
        .places = &place,
        .n_places = 1 };
    int64_t later = a_record(tx, "watched later", owner);
    int64_t kept = a_record(tx, "kept", owner);
    autodone(id_list) struct id_list ids = { 0 };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_cert_add(tx, &watched, NOW, &id, &err), &err);
    add_place(tx, later, "b.example");
    assert_works(store_cert_ids(tx, &everybody, &unused, &ids, &err), &err);
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.items[0], kept);
    tx_free(tx);
}

static void a_record_needs_a_name_and_an_owner(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    const struct cert_new nameless = { .name = "  ", .owner_id = alice };
    const struct cert_new ownerless = { .name = "x" };
    struct err err = { 0 };
    int64_t id = 0;

    assert_fails(store_cert_add(tx, &nameless, NOW, &id, &err), &err, ERR_INVALID);
    assert_fails(store_cert_add(tx, &ownerless, NOW, &id, &err), &err, ERR_INVALID);
    assert_int_equal(id, 0);
    tx_free(tx);
}

/* F9: owner, assignee and whoever it is shared with see it; to others it is not there. */
static void only_people_around_a_record_see_it(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t owner = an_account(tx, "owner");
    int64_t assignee = an_account(tx, "assignee");
    int64_t friend = an_account(tx, "friend");
    int64_t member = an_account(tx, "member");
    int64_t stranger = an_account(tx, "stranger");
    const struct cert_share shares[] = {
        { .account_id = friend, .may_use_key = true },
        { .group_id = a_group(tx, "ops", member), .is_notified = true },
    };
    const struct cert_people people = { owner, assignee, shares, countof(shares) };
    int64_t id = a_record(tx, "x", owner);
    autodone(access_rows) struct access_rows rows = { 0 };
    struct err err = { 0 };
    unsigned relations = 0;

    assert_false(sees(tx, assignee, id));
    assert_works(store_cert_set_people(tx, id, &people, 1, NOW, &err), &err);
    assert_true(sees(tx, owner, id));
    assert_true(sees(tx, assignee, id));
    assert_true(sees(tx, friend, id));
    assert_true(sees(tx, member, id));
    assert_false(sees(tx, stranger, id));

    assert_works(store_cert_people(tx, id, &rows, &err), &err);
    assert_int_equal(rows.n, 4);
    assert_string_equal(rows.items[0].account, "owner");
    assert_true(rows.items[0].may_use_key);
    assert_int_equal(rows.items[1].relation, RELATION_ASSIGNEE);
    assert_string_equal(rows.items[3].group, "ops");

    assert_works(store_cert_relations(tx, id, friend, &relations, &err), &err);
    assert_int_equal(relations, RELATION_SHARED_USER | RELATION_MAY_USE_KEY);
    assert_works(store_cert_relations(tx, id, member, &relations, &err), &err);
    assert_int_equal(relations, RELATION_SHARED_GROUP);
    assert_works(store_cert_relations(tx, id, stranger, &relations, &err), &err);
    assert_int_equal(relations, 0);
    assert_fails(store_cert_relations(tx, 4711, owner, &relations, &err), &err, ERR_NOT_FOUND);

    test_commit(tx);
}

/* F9: when somebody goes, what they had is handed over in one step. */
static void hand_over_moves_everything(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t from = an_account(tx, "from");
    int64_t to = an_account(tx, "to");
    const struct cert_share shares[] = { { .account_id = to } };
    const struct cert_share to_from[] = { { .account_id = from } };
    const struct cert_people owned = { from, from, shares, 1 };
    const struct cert_people shared = { to, 0, to_from, 1 };
    int64_t mine = a_record(tx, "mine", from);
    int64_t theirs = a_record(tx, "theirs", to);
    autodone(access_rows) struct access_rows rows = { 0 };
    struct err err = { 0 };
    int64_t n = 0;

    assert_works(store_cert_set_people(tx, mine, &owned, 0, NOW, &err), &err);
    assert_works(store_cert_set_people(tx, theirs, &shared, 0, NOW, &err), &err);
    assert_works(store_cert_hand_over(tx, from, to, NOW, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_cert_people(tx, mine, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.items[0].account_id, to);
    assert_int_equal(rows.items[1].account_id, to);
    assert_int_equal(rows.items[1].relation, RELATION_ASSIGNEE);
    assert_false(sees(tx, from, mine));
    assert_false(sees(tx, from, theirs));
    assert_works(store_account_delete(tx, from, NOW, &err), &err);
    test_commit(tx);
}

static void a_stale_edit_is_refused(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_record(tx, "before", an_account(tx, "alice"));
    const struct cert_edit edit = { .expected_row_version = 1, .name = "after", .tags = "a;b" };
    const struct cert_edit clear = { .tags = "", .notify_periods = "[7]" };
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_cert_edit(tx, id, &edit, NOW + 1, &err), &err);
    assert_fails(store_cert_edit(tx, id, &edit, NOW + 2, &err), &err, ERR_CONFLICT);
    assert_true(store_is_stale(&err));
    assert_works(store_cert_edit(tx, id, &clear, NOW + 3, &err), &err);
    assert_works(store_cert_get(tx, &everybody, id, &row, &err), &err);
    assert_string_equal(row->name, "after");
    assert_string_equal(row->tags, "");
    assert_string_equal(row->notify_periods, "[7]");
    assert_int_equal(row->row_version, 3);
    assert_int_equal(row->updated_at, NOW + 3);
    err_clear(&err);
    assert_fails(store_cert_edit(tx, 4711, &edit, NOW, &err), &err, ERR_NOT_FOUND);
    assert_false(store_is_stale(&err));
    test_commit(tx);
}

static void associate(struct tx *tx, const char *resource, int64_t id)
{
    struct stmt *q = tx_prepare(tx,
        "INSERT INTO resource(name, type, created_at) VALUES ($1, 'files', 0) RETURNING id");
    struct err err = { 0 };
    int64_t resource_id = 0;

    stmt_bind_text(q, 1, resource);
    while (stmt_next(q))
        resource_id = stmt_i64(q, 0);
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    q = tx_prepare(tx,
        "INSERT INTO association(resource_id, certificate_id, created_at) VALUES ($1, $2, 0)");
    stmt_bind_i64(q, 1, resource_id);
    stmt_bind_i64(q, 2, id);
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    assert_works(store_cert_use_changed(tx, id, &err), &err);
}

/* F31 */
static void a_record_in_use_is_not_deleted(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    int64_t used = a_record(tx, "used", alice);
    int64_t unused = a_record(tx, "unused", alice);
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };

    associate(tx, "lb-2", used);
    associate(tx, "lb-1", used);
    assert_fails(store_cert_delete(tx, used, 0, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "\"lb-1\", \"lb-2\"");
    assert_false(store_is_stale(&err));
    assert_works(store_cert_get(tx, &everybody, used, &row, &err), &err);
    assert_string_equal(row->resources, "lb-1;lb-2");
    assert_works(store_cert_delete(tx, unused, 0, &err), &err);
    assert_false(sees(tx, alice, unused));
    assert_fails(store_cert_delete(tx, unused, 0, &err), &err, ERR_NOT_FOUND);
    test_commit(tx);
}

/* Of two current versions the one that ends first decides. */
static void the_earliest_end_is_the_records(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_record(tx, "x", an_account(tx, "alice"));
    int64_t rsa = a_version(tx, 1, NOW - 10 * DAY, NOW + 200 * DAY);
    int64_t ecdsa = a_version_of(tx, 2, "e", "CN=Other", NOW - 9 * DAY, NOW + 100 * DAY);
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };
    int64_t first = make_current(tx, id, rsa, SLOT_RSA, NOW + 200 * DAY);
    int64_t second = make_current(tx, id, ecdsa, SLOT_ECDSA, NOW + 90 * DAY);

    assert_true(first != second);
    assert_works(store_cert_get(tx, &everybody, id, &row, &err), &err);
    assert_int_equal(row->version_id, ecdsa);
    assert_int_equal(row->expires_at, NOW + 90 * DAY);
    assert_int_equal(row->begins_at, NOW - 9 * DAY);
    assert_int_equal(row->record_version_id, second);
    assert_int_equal(row->notify_at, NOW);
    assert_string_equal(row->version->issuer, "CN=Other");
    assert_string_equal(row->chain_status, "trusted");
    assert_int_equal(cert_row_status(row, NOW), CERT_EXPIRING_SOON);
    assert_int_equal(cert_row_status(row, NOW + 90 * DAY), CERT_EXPIRING_SOON);
    assert_int_equal(cert_row_status(row, NOW + 90 * DAY + 1), CERT_EXPIRED);
    assert_int_equal(cert_row_status(row, NOW - 10 * DAY), CERT_NOT_YET_VALID);
    test_commit(tx);
}

static void a_new_current_version_supersedes_the_old_in_its_slot(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_record(tx, "x", an_account(tx, "alice"));
    int64_t old = a_version(tx, 1, NOW - 10 * DAY, NOW + 10 * DAY);
    int64_t new = a_version(tx, 2, NOW, NOW + 100 * DAY);
    autodone(record_version_rows) struct record_version_rows rows = { 0 };
    autofree(record_version_row) struct record_version_row *none = NULL;
    autodone(id_list) struct id_list records = { 0 };
    struct err err = { 0 };
    int64_t n;

    (void)make_current(tx, id, old, SLOT_RSA, NOW + 10 * DAY);
    n = make_current(tx, id, new, SLOT_RSA, NOW + 100 * DAY);
    assert_int_equal(make_current(tx, id, new, SLOT_RSA, NOW + 99 * DAY), n);
    assert_works(store_record_versions(tx, id, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.items[0].version_id, new);
    assert_int_equal(rows.items[0].role, VERSION_CURRENT);
    assert_int_equal(rows.items[0].path_expires_at, NOW + 99 * DAY);
    assert_int_equal(rows.items[1].role, VERSION_SUPERSEDED);
    assert_int_equal(rows.items[1].version->id, old);

    assert_works(store_record_version_set_role(tx, rows.items[1].id, VERSION_CURRENT, NOW, &err),
        &err);
    record_version_rows_done(&rows);
    assert_works(store_record_versions(tx, id, &rows, &err), &err);
    assert_int_equal(rows.items[0].version_id, old);
    assert_int_equal(rows.items[1].role, VERSION_SUPERSEDED);
    assert_works(store_record_version_find(tx, id, 4711, &none, &err), &err);
    assert_null(none);
    assert_works(store_version_records(tx, new, &records, &err), &err);
    assert_int_equal(records.n, 1);
    test_commit(tx);
}

/* F10: with all that hangs on them, and a place that two of them share. */
static void records_added_together_are_as_if_added_one_by_one(void **state)
{
    const struct endpoint_key shared = { "shared.example", 443, "shared.example", "tls", "" };
    const struct endpoint_key places[] = { shared, { "own.example", 25, "", "smtp", "" }, shared };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    const int64_t bob = an_account(tx, "bob");
    const struct store_viewer bobs = { .account_id = bob };
    const struct cert_share share = { .account_id = bob };
    const struct cert_new certs[] = {
        { .name = "First", .owner_id = ann, .tags = "b;A", .places = places, .n_places = 3 },
        { .name = "Second", .owner_id = ann, .assignee_id = bob, .places = places, .n_places = 1 },
        { .name = "Third", .owner_id = bob, .shares = &share, .n_shares = 1, .description = "3rd" },
        { .name = "Fourth", .owner_id = ann, .shares = &share, .n_shares = 1 },
    };
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    autofree(cert_row) struct cert_row *first = NULL;
    struct cert_counts seen;
    struct err err = { 0 };
    int64_t ids[countof(certs)];

    assert_works(store_certs_add(tx, certs, countof(certs), NOW, ids, &err), &err);
    assert_works(store_cert_get(tx, &everybody, ids[0], &first, &err), &err);
    assert_string_equal(first->tags, "a;b");
    assert_string_equal(first->owner, "ann");
    assert_works(store_endpoints_of_cert(tx, ids[0], &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    for (size_t i = 0; i < countof(ids); i++) {
        autofree(cert_row) struct cert_row *row = NULL;
        struct err why = { 0 };

        assert_int_equal(store_cert_get(tx, &bobs, ids[i], &row, &why), i > 0);
    }
    assert_works(store_cert_counts(tx, &everybody, NOW, &seen, &err), &err);
    assert_int_equal(seen.total, countof(certs));

    const struct cert_filter filter = { .q = "own.example" };
    const struct cert_ids_request request = { .filter = &filter, .now = NOW, .limit = 10 };
    autodone(id_list) struct id_list found = { 0 };

    assert_works(store_cert_ids(tx, &everybody, &request, &found, &err), &err);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0], ids[0]);
    assert_true(a_record(tx, "one more", ann) > ids[countof(ids) - 1]);
    test_commit(tx);
}

/* F10: none, some and all of their places are there before. */
static void records_are_linked_to_places_old_and_new(void **state)
{
    static const struct endpoint_key places[] = { { "b.example", 443, "b.example", "tls", "" },
        { "a.example", 443, "a.example", "tls", "" },
        { "c.example", 443, "c.example", "tls", "" } };
    static const size_t n_places[] = { 2, 3, 3 };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    int64_t endpoints[countof(places)] = { 0 };
    struct err err = { 0 };

    for (size_t i = 0; i < countof(n_places); i++) {
        const struct cert_new certs[] = {
            { .name = "one", .owner_id = ann, .places = places, .n_places = n_places[i] },
            { .name = "two", .owner_id = ann, .places = places, .n_places = 1 },
        };
        int64_t ids[countof(certs)];
        autodone(endpoint_rows) struct endpoint_rows rows = { 0 };

        assert_works(store_certs_add(tx, certs, countof(certs), NOW, ids, &err), &err);
        assert_works(store_endpoints_of_cert(tx, ids[0], &rows, &err), &err);
        assert_int_equal(rows.n, n_places[i]);
        for (size_t k = 0; k < rows.n; k++) {
            assert_int_equal(rows.items[k].host[0], "abc"[k]);
            assert_true(!endpoints[k] || endpoints[k] == rows.items[k].id);
            endpoints[k] = rows.items[k].id;
        }
        endpoint_rows_done(&rows);
        assert_works(store_endpoints_of_cert(tx, ids[1], &rows, &err), &err);
        assert_int_equal(rows.n, 1);
        assert_int_equal(rows.items[0].id, endpoints[1]);
    }
    test_commit(tx);
}

/* F10: whosever the record is, and however many there are of the name. */
static void names_are_looked_for_together(void **state)
{
    static const char *const names[] = { "one", "none", "straße", "strasse", "one", "" };
    static const bool expected[] = { true, false, false, true, true, false };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    bool is_taken[countof(names)];
    const struct cert_match_names asked = { names, countof(names), is_taken };
    const struct cert_match_names nothing = { 0 };
    struct err err = { 0 };
    int64_t id;
    int64_t n;

    const int64_t one = a_record(tx, "One", ann);

    (void)a_record(tx, "oNE", ann);
    (void)a_record(tx, "Straße", ann);
    assert_works(store_cert_match_names(tx, &asked, &err), &err);
    for (size_t i = 0; i < countof(names); i++)
        assert_int_equal(is_taken[i], expected[i]);
    assert_works(store_cert_match_names(tx, &nothing, &err), &err);
    assert_works(store_cert_match_name(tx, ann, false, "one", &id, &n, &err), &err);
    assert_int_equal(id, one);
    assert_int_equal(n, 2);
    test_commit(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_record_is_read_as_it_was_added),
        T(a_record_with_places_to_look_at_is_not_unused),
        T(a_record_needs_a_name_and_an_owner),
        T(only_people_around_a_record_see_it),
        T(hand_over_moves_everything),
        T(a_stale_edit_is_refused),
        T(a_record_in_use_is_not_deleted),
        T(the_earliest_end_is_the_records),
        T(a_new_current_version_supersedes_the_old_in_its_slot),
        T(records_added_together_are_as_if_added_one_by_one),
        T(records_are_linked_to_places_old_and_new),
        T(names_are_looked_for_together),
    };
    return cmocka_run_group_tests_name("store/cert", tests, NULL, NULL);
}
