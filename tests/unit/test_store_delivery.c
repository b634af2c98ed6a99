/* store/delivery and store/delivery_item: F8, the invariant that nobody is told twice. */
#include "testing_store.h"

#include "store/delivery.h"
#include "store/delivery_item.h"

static const struct delivery_lane mail = { CHANNEL_EMAIL, 0 };

static int64_t a_message(struct tx *tx, int64_t account_id)
{
    const struct delivery_new delivery = { .lane = mail,
        .account_id = account_id,
        .recipient = "Ann@people.example",
        .event = EVENT_EXPIRY };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_delivery_add(tx, &delivery, NOW, &id, &err), &err);
    return id;
}

static struct delivery_row *claimed(struct tx *tx, int64_t now)
{
    struct delivery_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_delivery_claim(tx, &mail, now, now + 60, &row, &err), &err);
    return row;
}

static enum delivery_state state_of(struct tx *tx, int64_t id)
{
    autofree(delivery_row) struct delivery_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_delivery_get(tx, &everybody, id, &row, &err), &err);
    return row->state;
}

static void a_message_is_one_senders_at_a_time(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_message(tx, an_account(tx, "ann"));
    autofree(delivery_row) struct delivery_row *first = claimed(tx, NOW);
    autofree(delivery_row) struct delivery_row *nothing = claimed(tx, NOW);
    struct err err = { 0 };

    assert_int_equal(first->id, id);
    assert_int_equal(first->attempts, 1);
    assert_null(nothing);
    /* The first sender is believed dead, and another begins. */
    assert_works(store_delivery_recover(tx, &mail, NOW + 61, &err), &err);
    autofree(delivery_row) struct delivery_row *second = claimed(tx, NOW + 61);

    assert_int_equal(second->attempts, 2);
    assert_string_equal(second->uid, first->uid);
    assert_fails(store_delivery_hand_over(tx, first, &err), &err, ERR_CONFLICT);
    err_clear(&err);
    assert_fails(store_delivery_sent(tx, first, "", NOW, &err), &err, ERR_CONFLICT);
    err_clear(&err);
    assert_fails(store_delivery_again(tx, first, NOW, "x", &err), &err, ERR_CONFLICT);
    err_clear(&err);
    assert_works(store_delivery_hand_over(tx, second, &err), &err);
    assert_works(store_delivery_sent(tx, second, "", NOW + 62, &err), &err);
    assert_int_equal(state_of(tx, id), DELIVERY_SENT);
    assert_fails(store_delivery_retry(tx, id, NOW, &err), &err, ERR_CONFLICT);
    test_commit(tx);
}

static void what_a_dead_sender_left_is_sent_only_if_it_was_not(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ann = an_account(tx, "ann");
    int64_t before = a_message(tx, ann);
    int64_t after = a_message(tx, ann);
    autofree(delivery_row) struct delivery_row *first = claimed(tx, NOW);
    autofree(delivery_row) struct delivery_row *second = claimed(tx, NOW);
    autofree(delivery_row) struct delivery_row *shown = NULL;
    struct err err = { 0 };

    assert_int_equal(first->id, before);
    assert_works(store_delivery_hand_over(tx, second, &err), &err);
    assert_works(store_delivery_recover(tx, &mail, NOW + 59, &err), &err);
    assert_int_equal(state_of(tx, before), DELIVERY_SENDING);
    assert_works(store_delivery_recover(tx, &mail, NOW + 61, &err), &err);
    assert_int_equal(state_of(tx, before), DELIVERY_QUEUED);
    assert_works(store_delivery_get(tx, &everybody, after, &shown, &err), &err);
    assert_int_equal(shown->state, DELIVERY_FAILED);
    assert_contains(shown->error, "probably delivered");
    assert_works(store_delivery_retry(tx, after, NOW, &err), &err);
    assert_int_equal(state_of(tx, after), DELIVERY_QUEUED);
    test_commit(tx);
}

/* Whoever serves the lane comes back when the lease ends, or at once when all senders are dead. */
static void a_lane_waits_for_a_lease_too(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_message(tx, an_account(tx, "ann"));
    struct err err = { 0 };
    int64_t next = -1;

    assert_works(store_delivery_next_due(tx, &mail, &next, &err), &err);
    assert_int_equal(next, NOW);
    autofree(delivery_row) struct delivery_row *row = claimed(tx, NOW);
    assert_int_equal(row->id, id);
    assert_works(store_delivery_next_due(tx, &mail, &next, &err), &err);
    assert_int_equal(next, NOW + 61);
    assert_works(store_delivery_end_leases(tx, &err), &err);
    assert_works(store_delivery_recover(tx, &mail, NOW, &err), &err);
    assert_int_equal(state_of(tx, id), DELIVERY_QUEUED);
    autofree(delivery_row) struct delivery_row *again = claimed(tx, NOW);
    assert_works(store_delivery_sent(tx, again, "", NOW, &err), &err);
    assert_works(store_delivery_next_due(tx, &mail, &next, &err), &err);
    assert_int_equal(next, 0);
    test_commit(tx);
}

/* F42 */
static void what_a_backup_had_queued_is_shelved(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ann = an_account(tx, "ann");
    int64_t record = a_record(tx, "x", ann);
    const struct item_new item = { .event = EVENT_EXPIRY,
        .certificate_id = record,
        .period_days = 7,
        .expires_at = NOW };
    int64_t queued = a_message(tx, ann);
    int64_t sending = a_message(tx, ann);
    autofree(delivery_row) struct delivery_row *row = claimed(tx, NOW);
    struct item_target targets[4];
    struct err err = { 0 };
    size_t n = 0;

    assert_int_equal(row->id, queued);
    assert_works(store_item_add_mails(tx, &item, "", NOW, &err), &err);
    assert_works(store_items_waiting(tx, EVENT_EXPIRY, targets, 4, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_delivery_shelve(tx, &err), &err);
    assert_int_equal(state_of(tx, queued), DELIVERY_FAILED);
    assert_int_equal(state_of(tx, sending), DELIVERY_FAILED);
    assert_works(store_items_waiting(tx, EVENT_EXPIRY, targets, 4, &n, &err), &err);
    assert_int_equal(n, 0);
    test_commit(tx);
}

/* F35: who does not see all sees the mails to themselves. */
static void the_log_is_narrowed(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer ann = { .account_id = an_account(tx, "ann") };
    const struct store_viewer bob = { .account_id = an_account(tx, "bob") };
    const struct delivery_filter all = { .state = -1 };
    const struct delivery_filter hers = { .state = -1, .recipient = "ann@PEOPLE.example" };
    autofree(delivery_row) struct delivery_row *row = NULL;
    int64_t id = a_message(tx, ann.account_id);
    struct err err = { 0 };
    int64_t n = 9;

    assert_works(store_delivery_count(tx, &ann, &all, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_delivery_count(tx, &ann, &hers, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_delivery_count(tx, &bob, &all, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_fails(store_delivery_get(tx, &bob, id, &row, &err), &err, ERR_NOT_FOUND);
    test_commit(tx);
}

/* A scan that is killed and begins again says the same thing once. */
static void an_item_is_in_one_message(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ann = an_account(tx, "ann");
    int64_t record = a_record(tx, "x", ann);
    int64_t version = a_version_of(tx, 1, "x", "CN=A", NOW - DAY, NOW + DAY);
    const struct item_new item = { .event = EVENT_EXPIRY,
        .certificate_id = record,
        .version_id = version,
        .period_days = 7,
        .expires_at = NOW + DAY };
    const struct item_target her = { .account_id = ann };
    struct err err = { 0 };
    int64_t n = 0;

    assert_works(store_item_add_mails(tx, &item, "", NOW, &err), &err);
    assert_works(store_item_add_mails(tx, &item, "", NOW, &err), &err);
    assert_works(store_items_bundle(tx, &her, EVENT_EXPIRY, a_message(tx, ann), &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_item_add_mails(tx, &item, "", NOW, &err), &err);
    assert_works(store_items_bundle(tx, &her, EVENT_EXPIRY, a_message(tx, ann), &n, &err), &err);
    assert_int_equal(n, 0);
    test_commit(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_message_is_one_senders_at_a_time),
        T(what_a_dead_sender_left_is_sent_only_if_it_was_not),
        T(a_lane_waits_for_a_lease_too),
        T(what_a_backup_had_queued_is_shelved),
        T(the_log_is_narrowed),
        T(an_item_is_in_one_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
