/* F12, F16: profiles, and the lives of the records that they renew, on both databases. */
#include "testing_store.h"

#include "base/alloc.h"
#include "core/policy.h"
#include "db/db.h"
#include "store/ca.h"
#include "store/group.h"
#include "store/life.h"
#include "store/profile.h"
#include "store/ticket.h"

#define ANY "{\"names\":{\"domains\":[\"*\"]}}"

static int64_t a_ca(struct tx *tx, const char *name)
{
    const struct ca_row row = { .name = (char *)(uintptr_t)name,
        .description = (char[]){ "" },
        .type = (char[]){ "local" },
        .settings = (char[]){ "{}" } };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_ca_add(tx, &row, NOW, &id, &err), &err);
    return id;
}

static struct profile_row a_profile(struct tx *tx, const char *name, int64_t ca_id)
{
    struct profile_row row = { .name = xstrdup(name),
        .description = xstrdup("d"),
        .ca_id = ca_id,
        .rules = xstrdup(ANY),
        .lifetime_seconds = 90 * DAY,
        .window_seconds = 30 * DAY,
        .renews_itself = true,
        .renewal_key = RENEWAL_NEW_KEY };
    struct err err = { 0 };

    assert_works(store_profile_add(tx, &row, NOW, &err), &err);
    return row;
}

/* A record of that profile, the certificate of which is `age` days old. */
static int64_t a_life(struct tx *tx, int64_t owner, int64_t profile_id, uint8_t seed, int64_t age)
{
    const int64_t id = a_record(tx, "r", owner);
    const int64_t version =
        a_version_of(tx, seed, "r", "CN=i", NOW - age * DAY, NOW - age * DAY + 90 * DAY);
    const struct life_row life = { .certificate_id = id, .profile_id = profile_id };
    struct err err = { 0 };

    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET version_id = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, version);
    assert_works(stmt_run(q, &err), &err);
    assert_works(store_life_put(tx, &life, &err), &err);
    assert_works(store_life_replan(tx, id, NOW, NULL, &err), &err);
    return id;
}

static void a_profile_is_kept_whole(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ca = a_ca(tx, "internal");
    autodone(profile_row) struct profile_row row = a_profile(tx, "Web", ca);
    autofree(profile_row) struct profile_row *back = NULL;
    autofree(profile_row) struct profile_row *found = NULL;
    autofree(profile_row) struct profile_row *none = NULL;
    struct err err = { 0 };
    int64_t group = 0;

    assert_works(store_group_add(tx, "ops", "", NOW, &group, &err), &err);
    row.scan_seconds = 300;
    row.n_approvals = 2;
    row.approver_group_id = group;
    row.window_seconds = 0;
    row.window_percent = 40;
    row.is_restricted = row.is_disabled = true;
    assert_works(store_profile_save(tx, &row, NOW + 1, &err), &err);
    assert_works(store_profile_get(tx, row.id, &back, &err), &err);
    assert_string_equal(back->name, "Web");
    assert_string_equal(back->ca, "internal");
    assert_string_equal(back->rules, ANY);
    assert_string_equal(back->approver_group, "ops");
    assert_int_equal(back->lifetime_seconds, 90 * DAY);
    assert_int_equal(back->window_seconds, 0);
    assert_int_equal(back->window_percent, 40);
    assert_int_equal(back->scan_seconds, 300);
    assert_int_equal(back->renewal_key, RENEWAL_NEW_KEY);
    assert_int_equal(back->n_approvals, 2);
    assert_true(back->renews_itself && back->is_restricted && back->is_disabled);
    assert_int_equal(back->row_version, 2);
    assert_int_equal(back->updated_at, NOW + 1);

    assert_works(store_profile_find(tx, "wEB", &found, &err), &err);
    assert_int_equal(found->id, row.id);
    assert_works(store_profile_find(tx, "web2", &none, &err), &err);
    assert_null(none);
    assert_fails(store_profile_get(tx, row.id + 1, &none, &err), &err, ERR_NOT_FOUND);
    found->row_version = 1;
    assert_fails(store_profile_save(tx, found, NOW, &err), &err, ERR_CONFLICT);
    assert_true(store_is_stale(&err));
    assert_fails(store_group_delete(tx, group, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "\"Web\"");
    test_commit(tx);
}

static void names_are_taken_in_any_case(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ca = a_ca(tx, "internal");
    autodone(profile_row) struct profile_row row = a_profile(tx,
        "Stra\xc3\x9f"
        "e",
        ca);
    autodone(profile_row) struct profile_row again = { .name = xstrdup("STRASSE"),
        .description = xstrdup(""),
        .ca_id = ca,
        .rules = xstrdup(ANY) };
    struct err err = { 0 };

    assert_true(row.id > 0);
    assert_fails(store_profile_add(tx, &again, NOW, &err), &err, ERR_CONFLICT);
    str_set(&again.name, " ");
    assert_fails(store_profile_add(tx, &again, NOW, &err), &err, ERR_INVALID);
    tx_free(tx);
}

static void lists_show_what_one_may_use(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ca = a_ca(tx, "internal");
    const int64_t ann = an_account(tx, "ann");
    const int64_t bob = an_account(tx, "bob");
    const int64_t eve = an_account(tx, "eve");
    autodone(profile_row) struct profile_row open = a_profile(tx, "open", ca);
    autodone(profile_row) struct profile_row closed = a_profile(tx, "closed", ca);
    struct err err = { 0 };
    int64_t group = 0;
    const struct {
        int64_t account_id;
        size_t n;
        bool is_listed;
    } rows[] = { { ann, 2, true }, { bob, 2, true }, { eve, 1, false } };

    assert_works(store_group_add(tx, "ops", "", NOW, &group, &err), &err);
    assert_works(store_group_add_member(tx, group, bob, &err), &err);
    closed.is_restricted = true;
    assert_works(store_profile_save(tx, &closed, NOW, &err), &err);
    const struct id_list accounts = { .items = (int64_t[]){ ann, ann }, .n = 2 };
    const struct id_list groups = { .items = &group, .n = 1 };

    assert_works(store_profile_set_users(tx, closed.id, &accounts, &groups, &err), &err);
    for (size_t i = 0; i < countof(rows); i++) {
        const struct store_viewer viewer = { .account_id = rows[i].account_id };
        autodone(profile_rows) struct profile_rows list = { 0 };
        struct policy_use use = { 0 };

        assert_works(store_profiles(tx, &viewer, &list, &err), &err);
        assert_int_equal(list.n, rows[i].n);
        assert_int_equal(list.items[list.n - 1].id, open.id); /* by name: closed, open */
        assert_works(store_profile_use(tx, closed.id, rows[i].account_id, &use, &err), &err);
        assert_true(use.is_restricted);
        assert_int_equal(use.is_listed, rows[i].is_listed);
    }
    test_commit(tx);
}

static bool due_ids(struct tx *tx, int64_t now, struct life_rows *rows)
{
    struct err err = { 0 };

    assert_works(store_life_due(tx, now, NULL, 100, rows, &err), &err);
    return rows->n > 0;
}

static bool is_due(struct tx *tx, int64_t now, int64_t id)
{
    autodone(life_rows) struct life_rows rows = { 0 };

    (void)due_ids(tx, now, &rows);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.items[i].certificate_id == id)
            return true;
    return false;
}

static void what_is_due_is_found(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ca = a_ca(tx, "internal");
    const int64_t ann = an_account(tx, "ann");
    autodone(profile_row) struct profile_row web = a_profile(tx, "web", ca);
    autodone(profile_row) struct profile_row hasty = a_profile(tx, "hasty", ca);
    struct err err = { 0 };

    hasty.scan_seconds = 600;
    assert_works(store_profile_save(tx, &hasty, NOW, &err), &err);
    const int64_t fresh = a_life(tx, ann, web.id, 1, 10);
    const int64_t late = a_life(tx, ann, web.id, 2, 70);
    const int64_t over = a_life(tx, ann, web.id, 3, 100);
    const int64_t quick = a_life(tx, ann, hasty.id, 4, 70);
    autodone(life_rows) struct life_rows rows = { 0 };
    autodone(life_rows) struct life_rows rest = { 0 };

    assert_true(due_ids(tx, NOW, &rows));
    assert_int_equal(rows.n, 3);
    assert_int_equal(rows.items[0].certificate_id, over);
    assert_works(store_life_due(tx, NOW, &rows.items[0], 1, &rest, &err), &err);
    assert_int_equal(rest.n, 1);
    assert_int_equal(rest.items[0].certificate_id, rows.items[1].certificate_id);
    assert_false(is_due(tx, NOW, fresh));
    assert_true(is_due(tx, NOW + 52 * DAY, fresh));

    /* A profile's own scan comes every ten minutes. */
    autofree(life_row) struct life_row *own = NULL;

    assert_works(store_life_find(tx, quick, &own, &err), &err);
    assert_int_equal(own->renew_at % 600, 0);
    assert_true(is_due(tx, own->renew_at, quick));
    assert_false(is_due(tx, own->renew_at - 1, quick));
    assert_true(is_due(tx, NOW, late));

    /* A failure is tried again, and not before its time. */
    assert_works(store_life_failed(tx, late, ERR_UNAVAILABLE, "no route", NOW, &err), &err);
    assert_false(is_due(tx, NOW, late));
    assert_true(is_due(tx, NOW + 4000, late));
    autofree(life_row) struct life_row *life = NULL;

    assert_works(store_life_find(tx, late, &life, &err), &err);
    assert_int_equal(life->n_failures, 1);
    assert_string_equal(life->last_error, "no route");
    assert_int_equal(life->renew_at, life->retry_at);
    assert_true(life->retry_at > NOW);
    test_commit(tx);
}

static void what_is_off_or_ordered_is_not_due(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    const int64_t ca = a_ca(tx, "internal");
    autodone(profile_row) struct profile_row web = a_profile(tx, "web", ca);
    const int64_t id = a_life(tx, ann, web.id, 1, 70);
    const struct ticket_new ticket = { .type = "certificate",
        .status = "certificate_enrolled",
        .summary = "s",
        .certificate_id = id };
    autofree(ca_row) struct ca_row *row = NULL;
    struct renewal_plan plan;
    struct err err = { 0 };
    int64_t ticket_id = 0;

    assert_true(is_due(tx, NOW, id));
    web.is_disabled = true;
    assert_works(store_profile_save(tx, &web, NOW, &err), &err);
    assert_false(is_due(tx, NOW, id));
    web.is_disabled = false;
    assert_works(store_profile_save(tx, &web, NOW, &err), &err);
    assert_works(store_ca_get(tx, ca, &row, &err), &err);
    row->is_disabled = true;
    assert_works(store_ca_save(tx, row, NOW, &err), &err);
    assert_false(is_due(tx, NOW, id));
    assert_works(store_life_replan(tx, id, NOW, &plan, &err), &err);
    assert_int_equal(plan.why, RENEWAL_CA_OFF);
    row->is_disabled = false;
    assert_works(store_ca_save(tx, row, NOW, &err), &err);
    assert_true(is_due(tx, NOW, id));

    assert_works(store_ticket_add(tx, &ticket, NOW, &ticket_id, &err), &err);
    const struct life_row life = { .certificate_id = id,
        .profile_id = web.id,
        .ticket_id = ticket_id };
    autofree(stmt) struct stmt *order = tx_prepare(tx,
        "INSERT INTO ca_order(ticket_id, certificate_id, profile_id, ca_id, kind, reason, csr,"
        " state, back_to, created_at)"
        " VALUES ($1, $2, $3, $4, 'renew', 'window', $5, 'ready', 'certificate_enrolled', 1)");

    assert_works(store_life_put(tx, &life, &err), &err);
    stmt_bind_i64(order, 1, ticket_id);
    stmt_bind_i64(order, 2, id);
    stmt_bind_i64(order, 3, web.id);
    stmt_bind_i64(order, 4, ca);
    stmt_bind_blob(order, 5, SPAN_LITERAL("x"));
    assert_works(stmt_run(order, &err), &err);
    assert_works(store_life_replan(tx, id, NOW, &plan, &err), &err);
    assert_int_equal(plan.why, RENEWAL_ORDERED);
    assert_false(is_due(tx, NOW, id));
    assert_fails(store_profile_delete(tx, &web, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "certificates live by the profile");
    assert_works(store_life_delete(tx, id, &err), &err);
    assert_fails(store_profile_delete(tx, &web, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "CERT-1");
    test_commit(tx);
}

static void forcing_ends_when_all_are_renewed(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    autodone(profile_row) struct profile_row web = a_profile(tx, "web", a_ca(tx, "internal"));
    const int64_t ids[] = { a_life(tx, ann, web.id, 1, 10), a_life(tx, ann, web.id, 2, 20),
        a_life(tx, ann, web.id, 3, 30) };
    const int64_t bare = a_record(tx, "never issued", ann);
    const struct life_row life = { .certificate_id = bare, .profile_id = web.id };
    struct err err = { 0 };
    int64_t last = 0;

    assert_works(store_life_put(tx, &life, &err), &err);
    assert_works(store_profile_force(tx, web.id, true, NOW, &err), &err);
    assert_works(store_life_replan_profile(tx, web.id, 0, 2, NOW, &last, &err), &err);
    assert_int_equal(last, ids[1]);
    assert_works(store_life_replan_profile(tx, web.id, last, 100, NOW, &last, &err), &err);
    assert_int_equal(last, bare);
    assert_works(store_life_replan_profile(tx, web.id, last, 100, NOW, &last, &err), &err);
    assert_int_equal(last, 0);
    assert_works(store_cert_set_revoked(tx, ids[2], NOW, NOW, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        autofree(profile_row) struct profile_row *now = NULL;

        assert_true(is_due(tx, NOW, ids[i]));
        assert_works(store_profile_get(tx, web.id, &now, &err), &err);
        assert_true(now->is_forcing);
        assert_works(store_life_issued(tx, ids[i], NOW, &err), &err);
        assert_false(is_due(tx, NOW, ids[i]));
    }
    autofree(profile_row) struct profile_row *after = NULL;

    assert_works(store_profile_get(tx, web.id, &after, &err), &err);
    assert_false(after->is_forcing);
    assert_int_equal(after->force_serial, 1);
    test_commit(tx);
}

/* Somebody brought another certificate, which ends sooner than the one that was planned for. */
static void another_version_is_planned_for(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ann = an_account(tx, "ann");
    autodone(profile_row) struct profile_row web = a_profile(tx, "web", a_ca(tx, "internal"));
    const bool is_managed = true;
    const struct cert_edit edit = { .is_managed = &is_managed };
    const int64_t id = a_record(tx, "r", ann);
    const struct life_row row = { .certificate_id = id, .profile_id = web.id };
    autofree(life_row) struct life_row *before = NULL;
    autofree(life_row) struct life_row *after = NULL;
    struct err err = { 0 };

    assert_works(store_cert_edit(tx, id, &edit, NOW, &err), &err);
    assert_works(store_life_put(tx, &row, &err), &err);
    make_current(tx, id, a_version(tx, 1, NOW, NOW + 90 * DAY), "rsa", NOW + 90 * DAY);
    assert_works(store_life_find(tx, id, &before, &err), &err);
    assert_in_range(before->renew_at, NOW + 60 * DAY, NOW + 62 * DAY);
    make_current(tx, id, a_version(tx, 2, NOW, NOW + 45 * DAY), "rsa", NOW + 45 * DAY);
    assert_works(store_life_find(tx, id, &after, &err), &err);
    assert_in_range(after->renew_at, NOW + 15 * DAY, NOW + 17 * DAY);
    test_commit(tx);
}

static void a_record_without_a_life_has_a_plan(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t id = a_record(tx, "r", an_account(tx, "ann"));
    autofree(life_row) struct life_row *life = NULL;
    struct renewal_plan plan;
    struct err err = { 0 };

    assert_works(store_life_replan(tx, id, NOW, &plan, &err), &err);
    assert_int_equal(plan.why, RENEWAL_NOT_MANAGED);
    assert_works(store_life_failed(tx, id, ERR_UPSTREAM, "no", NOW, &err), &err);
    assert_works(store_life_issued(tx, id, NOW, &err), &err);
    assert_works(store_life_find(tx, id, &life, &err), &err);
    assert_null(life);
    test_commit(tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_profile_is_kept_whole, test_db_setup, test_db_teardown),
        cmocka_unit_test_setup_teardown(names_are_taken_in_any_case, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(lists_show_what_one_may_use, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(what_is_due_is_found, test_db_setup, test_db_teardown),
        cmocka_unit_test_setup_teardown(what_is_off_or_ordered_is_not_due, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(forcing_ends_when_all_are_renewed, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(another_version_is_planned_for, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(a_record_without_a_life_has_a_plan, test_db_setup,
            test_db_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
