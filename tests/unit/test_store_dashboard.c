/* store/dashboard and store/ticket_list: F39, F35. */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/cert_people.h"
#include "store/dashboard.h"
#include "store/endpoint.h"
#include "store/ticket.h"
#include "store/ticket_list.h"

static int64_t ending(struct tx *tx, uint8_t seed, const char *issuer, int64_t owner, int64_t at)
{
    int64_t id = a_record(tx, "x", owner);
    int64_t version = a_version_of(tx, seed, "x", issuer, NOW - DAY, at);

    (void)make_current(tx, id, version, SLOT_RSA, at);
    return id;
}

static void the_timeline_counts_ends_by_week(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    int64_t bob = an_account(tx, "bob");
    int64_t weeks[3] = { 9, 9, 9 };
    struct err err = { 0 };
    int64_t revoked = ending(tx, 5, "a", alice.account_id, NOW + 2 * DAY);

    (void)ending(tx, 1, "a", alice.account_id, NOW - DAY);
    (void)ending(tx, 2, "a", alice.account_id, NOW + DAY);
    (void)ending(tx, 3, "a", bob, NOW + 6 * DAY);
    (void)ending(tx, 4, "a", bob, NOW + 14 * DAY);
    (void)ending(tx, 6, "a", bob, NOW + 21 * DAY);
    assert_works(store_cert_set_revoked(tx, revoked, NOW, NOW, &err), &err);
    assert_works(store_dashboard_timeline(tx, &everybody, NOW, 3, weeks, &err), &err);
    assert_int_equal(weeks[0], 2);
    assert_int_equal(weeks[1], 0);
    assert_int_equal(weeks[2], 1);
    assert_works(store_dashboard_timeline(tx, &alice, NOW, 3, weeks, &err), &err);
    assert_int_equal(weeks[0], 1);
    assert_int_equal(weeks[1], 0);
    assert_int_equal(weeks[2], 0);
    test_commit(tx);
}

static void issuers_and_keys_are_ranked(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    const struct store_viewer bob = { .account_id = an_account(tx, "bob") };
    autodone(top_rows) struct top_rows rows = { 0 };
    autodone(top_rows) struct top_rows keys = { 0 };
    autodone(top_rows) struct top_rows hers = { 0 };
    struct err err = { 0 };

    (void)a_record(tx, "unseen", alice.account_id);
    (void)ending(tx, 1, "CN=A", alice.account_id, NOW);
    (void)ending(tx, 2, "CN=B", bob.account_id, NOW);
    (void)ending(tx, 3, "CN=B", alice.account_id, NOW);
    assert_works(store_dashboard_top(tx, &everybody, TOP_BY_ISSUER, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_string_equal(rows.items[0].name, "CN=B");
    assert_int_equal(rows.items[0].n, 2);
    assert_works(store_dashboard_top(tx, &everybody, TOP_BY_KEY_TYPE, &keys, &err), &err);
    assert_int_equal(keys.n, 1);
    assert_string_equal(keys.items[0].name, "rsa 2048");
    assert_int_equal(keys.items[0].n, 3);
    assert_works(store_dashboard_top(tx, &alice, TOP_BY_ISSUER, &hers, &err), &err);
    assert_int_equal(hers.n, 2);
    assert_int_equal(hers.items[0].n, 1);
    test_commit(tx);
}

static void failing_endpoints_are_shown_to_those_concerned(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    const struct store_viewer bob = { .account_id = an_account(tx, "bob") };
    const struct endpoint_outcome failure = { false, "refused", "connection refused" };
    int64_t record = a_record(tx, "x", alice.account_id);
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    autodone(endpoint_rows) struct endpoint_rows none = { 0 };
    struct err err = { 0 };
    int64_t n = 0;

    for (int64_t port = 1; port <= 3; port++) {
        const struct endpoint_key key = { "a.example", port, "", "tls", "" };
        int64_t id = 0;

        assert_works(store_endpoint_put(tx, &key, NOW, &id, NULL, &err), &err);
        assert_works(store_endpoint_attach(tx, record, id, &err), &err);
        if (port < 3)
            assert_works(store_endpoint_checked(tx, id, &failure, NOW - port, NULL, &err), &err);
    }
    assert_works(store_dashboard_failing(tx, &alice, 1, &rows, &n, &err), &err);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.items[0].port, 2);
    assert_int_equal(n, 2);
    assert_works(store_dashboard_failing(tx, &bob, 10, &none, &n, &err), &err);
    assert_int_equal(none.n, 0);
    assert_int_equal(n, 0);
    test_commit(tx);
}

static int64_t a_ticket(struct tx *tx, const char *summary, int64_t record, int64_t assignee)
{
    const struct ticket_new new = {
        .type = "certificate",
        .status = "open",
        .summary = summary,
        .certificate_id = record,
        .assignee_id = assignee,
    };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_ticket_add(tx, &new, NOW, &id, &err), &err);
    return id;
}

static void what_needs_me_is_mine_or_nobodys(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    int64_t bob = an_account(tx, "bob");
    int64_t hers = a_record(tx, "hers", alice.account_id);
    int64_t his = a_record(tx, "his", bob);
    const int64_t later = NOW + DAY;
    const struct ticket_edit snooze = { .snoozed_until = &later };
    const struct ticket_edit resolve = { .resolution = "done" };
    autodone(ticket_rows) struct ticket_rows rows = { 0 };
    struct err err = { 0 };
    int64_t n = 0;
    int64_t assigned = a_ticket(tx, "his, assigned to her", his, alice.account_id);
    int64_t free = a_ticket(tx, "hers, nobody's", hers, 0);

    (void)a_ticket(tx, "his, nobody's", his, 0);
    (void)a_ticket(tx, "hers, assigned to him", hers, bob);
    assert_works(store_ticket_edit(tx, a_ticket(tx, "snoozed", hers, 0), &snooze, NOW, &err), &err);
    assert_works(store_ticket_edit(tx, a_ticket(tx, "resolved", hers, 0), &resolve, NOW, &err),
        &err);
    assert_works(store_dashboard_needs_me(tx, alice.account_id, NOW, 10, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.items[0].id, free);
    assert_int_equal(rows.items[1].id, assigned);
    assert_works(store_dashboard_open_tickets(tx, &alice, &n, &err), &err);
    assert_int_equal(n, 4);
    assert_works(store_dashboard_open_tickets(tx, &everybody, &n, &err), &err);
    assert_int_equal(n, 5);
    test_commit(tx);
}

/* All pages of a filter, as summaries in the order they came: "c b a". */
static char *pages(struct tx *tx, const struct store_viewer *viewer,
    const struct ticket_filter *filter, int64_t limit)
{
    autodone(buf) struct buf summaries = BUF_INIT(4096);
    autofree(str) char *cursor = NULL;
    struct err err = { 0 };

    do {
        autodone(ticket_page) struct ticket_page page = { 0 };

        assert_works(store_ticket_page(tx, viewer, filter, cursor, limit, &page, &err), &err);
        for (size_t i = 0; i < page.rows.n; i++)
            buf_addf(&summaries, "%s%s", summaries.size ? " " : "", page.rows.items[i].summary);
        str_set(&cursor, page.next_cursor);
    } while (cursor);
    return xstrdup(buf_text(&summaries));
}

static void tickets_are_paged_and_filtered(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer alice = { .account_id = an_account(tx, "alice") };
    const struct store_viewer bob = { .account_id = an_account(tx, "bob") };
    int64_t hers = a_record(tx, "hers", alice.account_id);
    const struct ticket_edit resolve = { .status = "done", .resolution = "done" };
    const int64_t later = NOW + DAY;
    const struct ticket_edit snooze = { .snoozed_until = &later };
    static const char *const summaries[] = { "aa", "bb%", "cc", "dd", "ee" };
    int64_t ids[5];
    struct err err = { 0 };

    for (size_t i = 0; i < 5; i++)
        ids[i] = a_ticket(tx, summaries[i], i == 1 ? hers : 0, i == 2 ? bob.account_id : 0);
    assert_works(store_ticket_edit(tx, ids[0], &resolve, NOW + 5, &err), &err);
    assert_works(store_ticket_edit(tx, ids[3], &snooze, NOW - 5, &err), &err);

    const struct {
        struct ticket_filter filter;
        const struct store_viewer *viewer;
        const char *expected;
    } lists[] = {
        { { 0 }, &everybody, "aa ee cc bb% dd" },
        { { .is_open = true }, &everybody, "ee cc bb% dd" },
        { { .is_resolved = true }, &everybody, "aa" },
        { { .status = "done" }, &everybody, "aa" },
        { { .status = "open", .type = "certificate" }, &everybody, "ee cc bb% dd" },
        { { .type = "certificate_expiry" }, &everybody, "" },
        { { .hides_snoozed = true, .now = NOW }, &everybody, "aa ee cc bb%" },
        { { .certificate_id = hers }, &everybody, "bb%" },
        { { .assignee = "bob" }, &everybody, "cc" },
        { { .assignee = "" }, &everybody, "aa ee bb% dd" },
        { { .reporter = "bob" }, &everybody, "" },
        { { .q = "B%" }, &everybody, "bb%" },
        { { .q = "cert-3" }, &everybody, "cc" },
        { { .q = "%" }, &everybody, "bb%" },
        { { 0 }, &alice, "bb%" },
        { { 0 }, &bob, "cc" },
    };
    for (size_t i = 0; i < countof(lists); i++) {
        for (int64_t limit = 1; limit <= 6; limit++) {
            autofree(str) char *found = pages(tx, lists[i].viewer, &lists[i].filter, limit);

            assert_string_equal(found, lists[i].expected);
        }
    }
    {
        const struct ticket_filter filter = { 0 };
        autodone(ticket_page) struct ticket_page page = { 0 };

        assert_works(store_ticket_page(tx, &bob, &filter, NULL, 1, &page, &err), &err);
        assert_int_equal(page.total, 1);
        assert_fails(store_ticket_page(tx, &bob, &filter, "x", 1, &page, &err), &err, ERR_INVALID);
        assert_fails(store_ticket_page(tx, &bob, &filter, "", 0, &page, &err), &err, ERR_INVALID);
    }
    test_commit(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_timeline_counts_ends_by_week),
        T(issuers_and_keys_are_ranked),
        T(failing_endpoints_are_shown_to_those_concerned),
        T(what_needs_me_is_mine_or_nobodys),
        T(tickets_are_paged_and_filtered),
    };
    return cmocka_run_group_tests_name("store/dashboard", tests, NULL, NULL);
}
