/* store/ticket, ticket_edit, ticket_talk, notice: F6. */
#include <pthread.h>

#include "testing_store.h"

#include "store/notice.h"
#include "store/ticket.h"
#include "store/ticket_event.h"
#include "store/ticket_talk.h"

static struct ticket_new expiry(int64_t record, int64_t version)
{
    return (struct ticket_new){
        .type = "certificate_expiry",
        .status = "open",
        .summary = "x ends in 30 days",
        .certificate_id = record,
        .version_id = version,
    };
}

static int64_t a_ticket(struct tx *tx, const char *summary, int64_t reporter)
{
    const struct ticket_new new = {
        .type = "certificate",
        .status = "certificate_request",
        .summary = summary,
        .reporter_id = reporter,
    };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_ticket_add(tx, &new, NOW, &id, &err), &err);
    return id;
}

static void keys_count_up_and_are_found_in_any_case(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    int64_t first = a_ticket(tx, "one", alice);
    autofree(ticket_row) struct ticket_row *row = NULL;
    autofree(ticket_row) struct ticket_row *second = NULL;
    struct err err = { 0 };

    (void)a_ticket(tx, "two", alice);
    assert_works(store_ticket_get_by_key(tx, &everybody, "cert-2", &second, &err), &err);
    assert_string_equal(second->key, "CERT-2");
    assert_works(store_ticket_get_by_key(tx, &everybody, "CERT-1", &row, &err), &err);
    assert_int_equal(row->id, first);
    assert_string_equal(row->reporter, "alice");
    assert_string_equal(row->priority, "medium");
    ticket_row_free(take(&row));
    static const char *const wrong[] = { "CERT-3", "CERT", "CERT-", "-1", "", "CERT-x",
        "CERTCERTCERTCERTCERT-1", "CERT-1-1", "CERT-0" };
    for (size_t i = 0; i < countof(wrong); i++)
        assert_fails(store_ticket_get_by_key(tx, &everybody, wrong[i], &row, &err), &err,
            ERR_NOT_FOUND);
    test_commit(tx);
}

/* F6: one open ticket for each record and version. */
static void there_is_one_open_expiry_ticket(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    struct ticket_new new = expiry(record, a_version(tx, 1, NOW, NOW + DAY));
    const struct ticket_edit resolve = { .status = "done", .resolution = "renewed" };
    const struct ticket_edit reopen = { .resolution = "" };
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(ticket_row) struct ticket_row *row = NULL;
    autodone(ticket_rows) struct ticket_rows rows = { 0 };
    struct err err = { 0 };
    struct ticket_placed first;
    struct ticket_placed second;

    assert_works(store_ticket_put_expiry(tx, &new, NOW, &first, &err), &err);
    assert_true(first.is_new);
    assert_string_equal(first.key, "CERT-1");
    assert_works(store_ticket_put_expiry(tx, &new, NOW, &second, &err), &err);
    assert_false(second.is_new);
    assert_int_equal(first.id, second.id);
    assert_works(store_cert_get(tx, &everybody, record, &cert, &err), &err);
    assert_string_equal(cert->ticket_key, "CERT-1");

    assert_works(store_ticket_edit(tx, first.id, &resolve, NOW + 5, &err), &err);
    assert_works(store_ticket_get(tx, &everybody, first.id, &row, &err), &err);
    assert_int_equal(row->resolved_at, NOW + 5);
    assert_string_equal(row->certificate, "x");
    assert_works(store_ticket_put_expiry(tx, &new, NOW, &second, &err), &err);
    assert_true(second.is_new);
    assert_int_not_equal(first.id, second.id);
    assert_works(store_tickets_open_of(tx, record, "certificate_expiry", &rows, &err), &err);
    assert_int_equal(rows.n, 1);
    test_commit(tx);

    /* The other one is open: this cannot be again. */
    tx = test_tx(*state, TX_WRITE);
    assert_fails(store_ticket_edit(tx, first.id, &reopen, NOW, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

/* F6: neither do two nodes make two: the index refuses the second, and its transaction goes on. */
static void a_second_open_expiry_ticket_is_refused(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = test_tx(test, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    struct ticket_new new = expiry(record, a_version(tx, 1, NOW, NOW + DAY));
    const struct ticket_new twin = {
        .type = "certificate_expiry",
        .status = "open",
        .summary = "racer",
        .certificate_id = record,
        .version_id = new.version_id,
    };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_ticket_add(tx, &new, NOW, &id, &err), &err);
    assert_fails(store_ticket_add(tx, &twin, NOW, &id, &err), &err, ERR_CONFLICT);
    /* On PostgreSQL a broken statement would have ended the transaction. */
    (void)a_ticket(tx, "after", 0);
    test_commit(tx);
}

/* Another node, with a connection of its own. */
struct racer {
    struct test_db *test;
    struct ticket_new ticket;
    struct ticket_placed placed;
    bool has_succeeded;
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    struct db *db = test_db_open_again(racer->test);
    struct err err = { .kind = ERR_UNAVAILABLE };

    while (!racer->has_succeeded && err.kind == ERR_UNAVAILABLE) {
        struct tx *tx = NULL;

        err_clear(&err);
        if (!tx_begin(db, TX_WRITE, &tx, &err))
            continue;
        if (store_ticket_put_expiry(tx, &racer->ticket, NOW, &racer->placed, &err))
            racer->has_succeeded = tx_commit(tx, &err);
        else
            tx_free(tx);
    }
    db_close(db);
    return NULL;
}

/* F6: two nodes at once make one ticket, and both get to know it. */
static void of_two_racers_one_makes_the_ticket(void **state)
{
    struct racer racer = { .test = *state };
    struct tx *tx = test_tx(racer.test, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    struct err err = { 0 };
    pthread_t thread;
    struct ticket_placed placed;

    racer.ticket = expiry(record, a_version(tx, 1, NOW, NOW + DAY));
    test_commit(tx);
    tx = test_tx(racer.test, TX_WRITE);
    assert_works(store_ticket_put_expiry(tx, &racer.ticket, NOW, &placed, &err), &err);
    assert_true(placed.is_new);
    assert_int_equal(pthread_create(&thread, NULL, race, &racer), 0);
    test_commit(tx);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(racer.has_succeeded);
    assert_false(racer.placed.is_new);
    assert_int_equal(racer.placed.id, placed.id);
}

static void an_edit_leaves_history(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    int64_t bob = an_account(tx, "bob");
    int64_t id = a_ticket(tx, "one", alice);
    const int64_t snoozed = NOW + DAY;
    const bool yes = true;
    const struct ticket_edit edit = {
        .expected_row_version = 1,
        .actor_id = alice,
        .summary = "two",
        .priority = "medium",
        .assignee_id = &bob,
        .snoozed_until = &snoozed,
        .is_acknowledged = &yes,
    };
    const struct ticket_edit nothing = { .summary = "two" };
    autofree(ticket_row) struct ticket_row *row = NULL;
    autodone(change_rows) struct change_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_ticket_edit(tx, id, &edit, NOW + 1, &err), &err);
    assert_fails(store_ticket_edit(tx, id, &edit, NOW + 2, &err), &err, ERR_CONFLICT);
    assert_true(store_is_stale(&err));
    assert_works(store_ticket_edit(tx, id, &nothing, NOW + 3, &err), &err);
    assert_works(store_ticket_get(tx, &everybody, id, &row, &err), &err);
    assert_int_equal(row->row_version, 2);
    assert_int_equal(row->updated_at, NOW + 1);
    assert_string_equal(row->assignee, "bob");
    assert_string_equal(row->acknowledged_by, "alice");
    assert_int_equal(row->acknowledged_at, NOW + 1);
    assert_int_equal(row->snoozed_until, snoozed);

    assert_works(store_changes(tx, id, 0, 100, &rows, &err), &err);
    assert_int_equal(rows.n, 4);
    assert_string_equal(rows.items[0].field, "summary");
    assert_string_equal(rows.items[0].old_value, "one");
    assert_string_equal(rows.items[0].actor, "alice");
    assert_string_equal(rows.items[1].field, "assignee");
    assert_string_equal(rows.items[1].new_value, "bob");
    assert_string_equal(rows.items[2].new_value, "2026-11-22T05:30:00Z");
    test_commit(tx);
}

static void a_ticket_is_seen_with_its_record_or_ones_part_in_it(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer owner = { .account_id = an_account(tx, "owner") };
    const struct store_viewer reporter = { .account_id = an_account(tx, "reporter") };
    const struct store_viewer assignee = { .account_id = an_account(tx, "assignee") };
    const struct store_viewer stranger = { .account_id = an_account(tx, "stranger") };
    int64_t record = a_record(tx, "x", owner.account_id);
    struct ticket_new new = expiry(record, a_version(tx, 1, NOW, NOW + DAY));
    const struct store_viewer *const see[] = { &owner, &reporter, &assignee, &everybody };
    autofree(ticket_row) struct ticket_row *row = NULL;
    struct err err = { 0 };
    int64_t id = 0;

    new.reporter_id = reporter.account_id;
    new.assignee_id = assignee.account_id;
    assert_works(store_ticket_add(tx, &new, NOW, &id, &err), &err);
    for (size_t i = 0; i < countof(see); i++) {
        assert_works(store_ticket_get(tx, see[i], id, &row, &err), &err);
        ticket_row_free(take(&row));
    }
    assert_fails(store_ticket_get(tx, &stranger, id, &row, &err), &err, ERR_NOT_FOUND);
    assert_works(store_cert_delete(tx, record, 0, &err), &err);
    assert_fails(store_ticket_get(tx, &owner, id, &row, &err), &err, ERR_NOT_FOUND);
    assert_works(store_ticket_get(tx, &assignee, id, &row, &err), &err);
    assert_int_equal(row->certificate_id, 0);
    test_commit(tx);
}

static void comments_are_kept_edited_and_deleted(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t alice = an_account(tx, "alice");
    int64_t id = a_ticket(tx, "one", alice);
    int64_t other = a_ticket(tx, "two", alice);
    autofree(comment_row) struct comment_row *row = NULL;
    autodone(comment_rows) struct comment_rows rows = { 0 };
    struct err err = { 0 };
    int64_t first = 0;
    int64_t second = 0;

    assert_works(store_comment_add(tx, id, alice, "hello", NOW, &first, &err), &err);
    assert_works(store_comment_add(tx, id, 0, "by itself", NOW + 1, &second, &err), &err);
    assert_fails(store_comment_add(tx, id, alice, " \n", NOW, &first, &err), &err, ERR_INVALID);
    assert_fails(store_comment_add(tx, 4711, alice, "x", NOW, &first, &err), &err, ERR_NOT_FOUND);
    assert_works(store_comment_edit(tx, id, first, "bye", NOW + 2, &err), &err);
    assert_fails(store_comment_edit(tx, other, first, "x", NOW, &err), &err, ERR_NOT_FOUND);
    assert_fails(store_comment_get(tx, other, first, &row, &err), &err, ERR_NOT_FOUND);
    assert_works(store_comment_get(tx, id, first, &row, &err), &err);
    assert_string_equal(row->body, "bye");
    assert_int_equal(row->updated_at, NOW + 2);
    assert_works(store_comments(tx, id, 0, 10, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_string_equal(rows.items[0].author, "alice");
    assert_null(rows.items[1].author);
    assert_works(store_comment_delete(tx, id, first, &err), &err);
    assert_fails(store_comment_delete(tx, id, first, &err), &err, ERR_NOT_FOUND);
    test_commit(tx);
}

/* F6: nobody is told twice. */
static void a_notice_is_given_once(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "x", an_account(tx, "alice"));
    int64_t version = a_version(tx, 1, NOW, NOW + DAY);
    autodone(notice_rows) struct notice_rows rows = { 0 };
    struct notice_new notice = { .certificate_id = record,
        .version_id = version,
        .period_days = 30,
        .channel = "ticket" };
    struct err err = { 0 };
    bool is_new = false;

    assert_works(store_notice_add(tx, &notice, NOW, &is_new, &err), &err);
    assert_true(is_new);
    assert_works(store_notice_add(tx, &notice, NOW, &is_new, &err), &err);
    assert_false(is_new);
    notice.period_days = -1;
    assert_works(store_notice_add(tx, &notice, NOW, &is_new, &err), &err);
    assert_true(is_new);
    assert_works(store_notices(tx, record, version, &rows, &err), &err);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.items[0].period_days, -1);
    test_commit(tx);
}

static void events_are_told_of_while_there_are_some(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ticket = a_ticket(tx, "one", an_account(tx, "alice"));
    autodone(ticket_event_rows) struct ticket_event_rows rows = { 0 };
    const struct ticket_event_new event = { .ticket_id = ticket,
        .kind = TICKET_UPDATED_EVENT,
        .at = NOW };
    struct err err = { 0 };

    assert_works(store_ticket_events_wake(tx, NOW, &err), &err);
    assert_works(ticket_events_write(tx, &event, 1, &err), &err);
    assert_works(store_ticket_events_wake(tx, NOW, &err), &err);
    assert_works(store_ticket_events(tx, 10, &rows, &err), &err);
    for (size_t i = 0; i < rows.n; i++)
        assert_works(store_ticket_event_delete(tx, rows.items[i].id, &err), &err);
    test_commit(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(keys_count_up_and_are_found_in_any_case),
        T(there_is_one_open_expiry_ticket),
        T(a_second_open_expiry_ticket_is_refused),
        T(of_two_racers_one_makes_the_ticket),
        T(an_edit_leaves_history),
        T(a_ticket_is_seen_with_its_record_or_ones_part_in_it),
        T(comments_are_kept_edited_and_deleted),
        T(a_notice_is_given_once),
        T(events_are_told_of_while_there_are_some),
    };
    return cmocka_run_group_tests_name("store/ticket", tests, NULL, NULL);
}
