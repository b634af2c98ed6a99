/*
 * life/: F11 to F17 with CAs of the test's own: slow ones, ones that are away, ones that refuse,
 * ones that lie. What the built-in CA does is in tests/scenario/test_lifecycle.py.
 */
#include "testing_life.h"

#include "base/alloc.h"
#include "store/attachment.h"
#include "store/ca_certificate.h"
#include "store/life.h"
#include "store/request.h"
#include "store/ticket_talk.h"

/* Does one of certdesk's comments say that? */
static bool is_said(const struct test_db *test, int64_t id, const char *what)
{
    struct tx *tx = test_tx(test, TX_READ);
    autodone(comment_rows) struct comment_rows rows = { 0 };
    struct err err = { 0 };
    bool is = false;

    assert_works(store_comments(tx, id, 0, 100, &rows, &err), &err);
    tx_free(tx);
    for (size_t i = 0; i < rows.n; i++)
        is |= strstr(rows.items[i].body, what) != NULL;
    return is;
}

static size_t n_files(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_READ);
    autodone(attachment_rows) struct attachment_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_attachments(tx, id, &rows, &err), &err);
    tx_free(tx);
    for (size_t i = 0; i < rows.n; i++)
        assert_string_equal(rows.items[i].name, "www.example.org.pem");
    return rows.n;
}

static int64_t drive(const struct test_db *test, int64_t id)
{
    struct life life = life_of(test, &certdesk);
    autofree(order_row) struct order_row *order = last_order_of(test, id);
    struct err err = { 0 };
    int64_t again_at = 0;

    assert_works(life_drive(&life, order->id, &again_at, &err), &err);
    return again_at;
}

/* ---- enrolment ---- */

/* F13 */
static void a_certificate_that_comes_at_once_is_there_at_once(void **state)
{
    const int64_t id = a_request_ticket(*state);

    must(*state, &alice, id, "enroll");
    autofree(ticket_row) struct ticket_row *row = ticket(*state, id);
    autofree(order_row) struct order_row *order = last_order_of(*state, id);

    assert_string_equal(row->status, "certificate_enrolled");
    assert_string_equal(row->summary, "Certificate enrolled:www.example.org");
    assert_string_equal(row->ca_certificate_id, "N-1");
    assert_int_equal(row->expires_at, clock_at + LIFETIME);
    assert_string_equal(order->state, ORDER_ISSUED);
    assert_string_equal(order->link, "https://ca.example.org/1");
    assert_int_equal(n_files(*state, id), 1);
    assert_true(is_said(*state, id, "Certificate requested from fake with the profile web."));
    assert_true(is_said(*state, id, "Certificate enrolled: serial 42"));
    assert_true(is_said(*state, id, "Attached www.example.org.pem"));
    assert_int_equal(last_order, order->id);
}

static void a_ca_that_takes_its_time_is_asked_again(void **state)
{
    const int64_t id = a_request_ticket(*state);

    mood = PENDS;
    must(*state, &alice, id, "enroll");
    assert_status(*state, id, "certificate_enrolling");
    assert_int_equal(drive(*state, id), clock_at + 600);
    assert_int_equal(n_submitted, 1);
    assert_int_equal(n_polled, 1);
    mood = ISSUES;
    assert_int_equal(drive(*state, id), 0);
    assert_status(*state, id, "certificate_enrolled");
    assert_int_equal(drive(*state, id), 0);
    assert_int_equal(n_issued, 1);
}

/* Nobody knows whether an order arrived: the same one is submitted again. */
static void a_ca_that_is_away_gets_the_same_order_again(void **state)
{
    const int64_t id = a_request_ticket(*state);

    mood = IS_AWAY;
    must(*state, &alice, id, "enroll");
    assert_status(*state, id, "certificate_enrolling");
    autofree(order_row) struct order_row *order = last_order_of(*state, id);

    assert_string_equal(order->state, ORDER_SUBMITTING);
    assert_int_equal(order->n_errors, 1);
    assert_string_equal(order->error, "connection refused");
    assert_true(drive(*state, id) > clock_at);
    mood = ISSUES;
    assert_int_equal(drive(*state, id), 0);
    assert_int_equal(last_order, order->id);
    assert_int_equal(n_submitted, 3);
    assert_status(*state, id, "certificate_enrolled");
    assert_int_equal(n_files(*state, id), 1);
}

/* A server that dies between the answer and the row asks again; the CA issues once for one id. */
static void an_order_that_was_being_submitted_is_submitted_again(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    mood = PENDS;
    must(*state, &alice, id, "enroll");
    autofree(order_row) struct order_row *order = last_order_of(*state, id);
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct order_progress crashed = { .state = ORDER_SUBMITTING };

    assert_works(store_order_progress(tx, order->id, &crashed, &err), &err);
    test_commit(tx);
    mood = ISSUES;
    assert_int_equal(drive(*state, id), 0);
    assert_int_equal(n_submitted, 2);
    assert_int_equal(last_order, order->id);
    assert_int_equal(n_issued, 1);
}

static void a_refusal_restores_the_stage_and_says_why(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    mood = REFUSES;
    assert_fails(try(*state, &alice, id, "enroll", &err), &err, ERR_UPSTREAM);
    assert_status(*state, id, "certificate_request");
    assert_true(is_said(*state, id, "we do not like this name"));
    mood = ISSUES;
    must(*state, &alice, id, "enroll");
    assert_status(*state, id, "certificate_enrolled");
}

/* reliability.md: what a CA says is verified before it is believed. */
static void lies_are_not_believed(void **state)
{
    static const struct {
        enum mood mood;
        const char *says;
    } lies[] = {
        { OTHER_KEY, "the certificate is for another key" },
        { OTHER_NAME, "the certificate lacks the name www.example.org" },
        { MORE_NAMES, "a name that was not asked for: evil.example.org" },
        { EXPIRED, "the certificate has expired" },
        { FORGED, "nothing is known of whoever signed the certificate" },
        { A_CA, "one of a certificate authority" },
        { NONSENSE, "no usable certificate came" },
    };

    for (size_t i = 0; i < countof(lies); i++) {
        const int64_t id = a_request_ticket(*state);
        struct err err = { 0 };

        mood = lies[i].mood;
        if (try(*state, &alice, id, "enroll", &err))
            fail_msg("believed: %s", lies[i].says);
        assert_int_equal(err.kind, ERR_UPSTREAM);
        if (!is_said(*state, id, lies[i].says))
            fail_msg("not said: %s, but %s", lies[i].says, err.msg);
        assert_status(*state, id, "certificate_request");
        assert_int_equal(n_files(*state, id), 0);
    }
}

/* The same with a CA that is one transaction with the order. */
static void a_ca_that_forgets_leaves_all_or_nothing(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    ops = &forgetful_ops;
    mood = OTHER_KEY;
    assert_fails(try(*state, &alice, id, "enroll", &err), &err, ERR_UPSTREAM);
    assert_status(*state, id, "certificate_request");
    assert_true(is_said(*state, id, "for another key"));
    mood = ISSUES;
    must(*state, &alice, id, "enroll");
    assert_status(*state, id, "certificate_enrolled");
    assert_fails(try(*state, &alice, id, "enroll", &err), &err, ERR_CONFLICT);
    assert_int_equal(n_files(*state, id), 1);
}

/* ---- renewal ---- */

/* F15 */
static void renewals_change_the_number_and_keep_the_predecessor(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    must(*state, &alice, id, "enroll");
    assert_fails(try(*state, &alice, id, "renew", &err), &err, ERR_CONFLICT);
    assert_string_equal(err.msg, RENEWAL_OUTSIDE_WINDOW);
    clock_at += 70 * DAY;
    must(*state, &alice, id, "renew");
    autofree(ticket_row) struct ticket_row *row = ticket(*state, id);

    assert_string_equal(row->ca_certificate_id, "N-2");
    assert_string_equal(row->status, "certificate_renewed");
    assert_string_equal(row->summary, "Certificate enrolled:www.example.org");
    assert_int_equal(n_files(*state, id), 2);
    clock_at += 70 * DAY;
    must(*state, &alice, id, "renew");
    struct tx *tx = test_tx(*state, TX_READ);
    autodone(record_version_rows) struct record_version_rows versions = { 0 };

    assert_works(store_record_versions(tx, row->certificate_id, &versions, &err), &err);
    tx_free(tx);
    assert_int_equal(versions.n, 3);
    assert_int_equal(versions.items[0].role, VERSION_CURRENT);
    assert_int_equal(versions.items[0].origin, VERSION_ISSUED);
    assert_int_equal(versions.items[1].role, VERSION_SUPERSEDED);
    assert_int_equal(versions.items[2].role, VERSION_SUPERSEDED);
}

/* F16 */
static void a_renewal_that_fails_restores_the_stage_and_backs_off(void **state)
{
    const int64_t id = a_request_ticket(*state);
    autofree(life_row) struct life_row *row = NULL;
    struct err err = { 0 };

    must(*state, &alice, id, "enroll");
    assert_fails(try(*state, &certdesk, id, "renew", &err), &err, ERR_CONFLICT);
    clock_at += 65 * DAY;
    mood = REFUSES;
    must(*state, &certdesk, id, "renew");
    assert_status(*state, id, "certificate_renew");
    assert_int_equal(drive(*state, id), 0);
    assert_status(*state, id, "certificate_enrolled");
    assert_true(is_said(*state, id, "The certificate could not be renewed: fake refused: we do"));
    autofree(ticket_row) struct ticket_row *ticket_now = ticket(*state, id);
    struct tx *tx = test_tx(*state, TX_READ);

    assert_works(store_life_find(tx, ticket_now->certificate_id, &row, &err), &err);
    tx_free(tx);
    assert_int_equal(row->n_failures, 1);
    assert_true(row->retry_at > clock_at);
    assert_fails(try(*state, &certdesk, id, "renew", &err), &err, ERR_CONFLICT);
    clock_at = row->retry_at;
    mood = ISSUES;
    must(*state, &certdesk, id, "renew");
    assert_int_equal(drive(*state, id), 0);
    assert_status(*state, id, "certificate_renewed");
}

/* ---- revocation ---- */

/* F17 */
static void revoking_is_done_once(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    must(*state, &alice, id, "enroll");
    must(*state, &alice, id, "revoke");
    assert_status(*state, id, "certificate_revoked");
    must(*state, &alice, id, "revoke");
    assert_int_equal(n_revoked, 1);
    assert_true(is_said(*state, id, "reason keyCompromise"));
    assert_fails(try(*state, &alice, id, "renew", &err), &err, ERR_CONFLICT);
}

static void a_revocation_waits_for_its_ca(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct life life = life_of(*state, &certdesk);
    const struct life_ask ask = { .transition = "revoke", .reason = CA_REASON_KEY_COMPROMISE };
    struct err err = { 0 };

    must(*state, &alice, id, "enroll");
    revoke_mood = IS_AWAY;
    must(*state, &alice, id, "revoke");
    assert_status(*state, id, "certificate_revoking");
    assert_fails(life_revoke_again(&life, id, &ask, "certificate_enrolled", &err), &err,
        ERR_UNAVAILABLE);
    revoke_mood = ISSUES;
    assert_works(life_revoke_again(&life, id, &ask, "certificate_enrolled", &err), &err);
    assert_status(*state, id, "certificate_revoked");
}

static void a_revocation_that_is_refused_restores_the_stage(void **state)
{
    const int64_t id = a_request_ticket(*state);
    struct err err = { 0 };

    must(*state, &alice, id, "enroll");
    revoke_mood = REFUSES;
    assert_fails(try(*state, &alice, id, "revoke", &err), &err, ERR_UPSTREAM);
    assert_status(*state, id, "certificate_enrolled");
    assert_true(is_said(*state, id, "could not be revoked: no such certificate"));
}

/* ---- who asks ---- */

static bool count_note(void *arg, struct tx *tx, struct err *err)
{
    int *const n = arg;

    (void)tx;
    (void)err;
    (*n)++;
    return true;
}

/* What was looked at is what is changed, and whoever asked learns of it in the transaction that
 * counts: once, whether the CA takes its time or not. */
static void a_transition_is_for_the_version_that_was_seen(void **state)
{
    static const char *const transitions[] = { "enroll", "revoke", "cancel" };

    for (size_t i = 0; i < 2 * countof(transitions); i++) {
        const char *const transition = transitions[i / 2];
        const int64_t id = a_request_ticket(*state);
        struct life life = life_of(*state, &alice);
        struct life_ask ask = { .transition = transition, .reason = CA_REASON_KEY_COMPROMISE };
        struct err err = { 0 };
        int n_notes = 0;

        ops = i % 2 ? &forgetful_ops : &fake_ops;
        if (strcmp(transition, "revoke") == 0)
            must(*state, &alice, id, "enroll");
        autofree(ticket_row) struct ticket_row *row = ticket(*state, id);

        life.note = count_note;
        life.note_arg = &n_notes;
        ask.expected_row_version = row->row_version + 1;
        assert_fails(life_do(&life, id, &ask, &err), &err, ERR_CONFLICT);
        assert_true(store_is_stale(&err));
        assert_int_equal(n_notes, 0);
        ask.expected_row_version = row->row_version;
        assert_works(life_do(&life, id, &ask, &err), &err);
        assert_int_equal(n_notes, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE_TEST(a_certificate_that_comes_at_once_is_there_at_once),
        LIFE_TEST(a_ca_that_takes_its_time_is_asked_again),
        LIFE_TEST(a_ca_that_is_away_gets_the_same_order_again),
        LIFE_TEST(an_order_that_was_being_submitted_is_submitted_again),
        LIFE_TEST(a_refusal_restores_the_stage_and_says_why),
        LIFE_TEST(lies_are_not_believed),
        LIFE_TEST(a_ca_that_forgets_leaves_all_or_nothing),
        LIFE_TEST(renewals_change_the_number_and_keep_the_predecessor),
        LIFE_TEST(a_renewal_that_fails_restores_the_stage_and_backs_off),
        LIFE_TEST(revoking_is_done_once),
        LIFE_TEST(a_revocation_waits_for_its_ca),
        LIFE_TEST(a_revocation_that_is_refused_restores_the_stage),
        LIFE_TEST(a_transition_is_for_the_version_that_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
