/*
 * life/: F11 to F17 with CAs of the test's own: slow ones, ones that are away, ones that refuse,
 * ones that lie. What the built-in CA does is in tests/scenario/test_lifecycle.py.
 */
#include "testing_store.h"
#include <openssl/pem.h>

#include "testing_x509.h"

#include "base/alloc.h"
#include "life/life.h"
#include "store/attachment.h"
#include "store/ca.h"
#include "store/ca_certificate.h"
#include "store/life.h"
#include "store/order.h"
#include "store/profile.h"
#include "store/request.h"
#include "store/sealed_key.h"
#include "store/ticket_talk.h"

#define LIFETIME (90 * DAY)

enum mood {
    ISSUES,
    PENDS,
    REFUSES,
    IS_AWAY,
    OTHER_KEY,
    OTHER_NAME,
    MORE_NAMES,
    EXPIRED,
    FORGED,
    A_CA,
    NONSENSE
};

/* A CA that does as it is told, and counts. */
struct fake_ca {
    struct ca base;
};

static enum mood mood;
static enum mood revoke_mood;
static int n_submitted;
static int n_polled;
static int n_issued;
static int n_revoked;
static int64_t last_order;
static struct made root;

static int64_t clock_at;

static struct made issue(const struct ca_order *order, const struct made *issuer)
{
    autodone(made) struct made subject = made_for_request(order->csr);
    const bool is_expired = mood == EXPIRED;

    return make((struct order){ .cn = "www.example.org",
        .sans = mood == OTHER_NAME   ? "DNS:evil.example.org"
                : mood == MORE_NAMES ? "DNS:www.example.org,DNS:evil.example.org"
                                     : "DNS:www.example.org",
        .constraints = mood == A_CA ? "critical,CA:TRUE" : NULL,
        .not_before = clock_at - DAY,
        .not_after = is_expired ? clock_at - 60 : clock_at + LIFETIME,
        .issuer = issuer,
        .same_key = mood == OTHER_KEY ? NULL : &subject });
}

static void add_pem(struct buf *out, X509 *x509)
{
    BIO *const bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;

    PEM_write_bio_X509(bio, x509);
    const long n = BIO_get_mem_data(bio, &bytes);

    buf_add(out, bytes, (size_t)n);
    BIO_free(bio);
}

static bool answer_now(const struct ca_order *order, struct ca_answer *answer)
{
    autodone(made) struct made other =
        make((struct order){ .cn = "Test Root", .constraints = "critical,CA:TRUE" });
    autodone(made) struct made leaf = issue(order, mood == FORGED ? &other : &root);

    answer->verdict = CA_ISSUED;
    if (mood == NONSENSE) {
        buf_add_text(&answer->chain_pem, "-----BEGIN CERTIFICATE-----\nQUJD\n");
        return true;
    }
    add_pem(&answer->chain_pem, leaf.x509);
    add_pem(&answer->chain_pem, root.x509);
    (void)snprintf(answer->number, sizeof answer->number, "N-%d", ++n_issued);
    (void)snprintf(answer->link, sizeof answer->link, "https://ca.example.org/%d", n_issued);
    return true;
}

static bool fake_submit(struct ca *ca, const struct ca_order *order, struct ca_answer *answer,
    struct err *err)
{
    (void)ca;
    n_submitted++;
    last_order = order->id;
    if (mood == IS_AWAY)
        return fail(err, ERR_UNAVAILABLE, "connection refused");
    if (mood == REFUSES) {
        answer->verdict = CA_REJECTED;
        (void)snprintf(answer->reason, sizeof answer->reason, "we do not like this name");
        return true;
    }
    if (mood == PENDS) {
        answer->verdict = CA_PENDING;
        answer->retry_at = clock_at + 600;
        buf_add_text(&answer->remote_id, "remote-7");
        return true;
    }
    return answer_now(order, answer);
}

static bool fake_poll(struct ca *ca, const struct ca_order *order, struct ca_answer *answer,
    struct err *err)
{
    n_polled++;
    assert_string_equal(order->remote_id, "remote-7");
    if (mood == PENDS || mood == IS_AWAY || mood == REFUSES) {
        const bool ok = fake_submit(ca, order, answer, err);

        n_submitted--;
        return ok;
    }
    return answer_now(order, answer);
}

static bool fake_revoke(struct ca *ca, const struct ca_cert *cert, enum ca_reason reason,
    const char *comment, struct err *err)
{
    (void)ca;
    (void)comment;
    assert_int_equal(reason, CA_REASON_KEY_COMPROMISE);
    assert_true(cert->der.size > 0);
    if (revoke_mood == IS_AWAY)
        return fail(err, ERR_UNAVAILABLE, "connection refused");
    if (revoke_mood == REFUSES)
        return fail(err, ERR_UPSTREAM, "no such certificate");
    n_revoked++;
    return true;
}

static void fake_close(struct ca *ca)
{
    free(ca);
}

static const struct ca_ops fake_ops = { .type = "fake",
    .close = fake_close,
    .submit = fake_submit,
    .poll = fake_poll,
    .revoke = fake_revoke };

static const struct ca_ops forgetful_ops = { .type = "fake",
    .forgets = true,
    .close = fake_close,
    .submit = fake_submit,
    .revoke = fake_revoke };

static const struct ca_ops *ops;

static bool open_fake(struct db *db, const struct ca_row *row, const struct ca_services *services,
    struct ca **ret, struct err *err)
{
    struct fake_ca *const fake = xcalloc(1, sizeof *fake);

    (void)db;
    (void)services;
    (void)err;
    fake->base = (struct ca){ .ops = ops, .id = row->id };
    *ret = &fake->base;
    return true;
}

/* ---- a desk with one profile, and people ---- */

static struct principal alice, certdesk, admin;
static int64_t profile_id;

static struct life life_of(const struct test_db *test, const struct principal *who)
{
    static const struct ca_services none = { 0 };

    return (struct life){ .db = test->db,
        .cas = &none,
        .who = who,
        .address = "192.0.2.1",
        .now = clock_at,
        .patience_ms = who == &certdesk ? 0 : 1,
        .open_ca = open_fake };
}

static void a_profile(struct tx *tx, int64_t ca_id)
{
    autofree(profile_row) struct profile_row *row = xcalloc(1, sizeof *row);
    struct err err = { 0 };

    row->name = xstrdup("web");
    row->description = xstrdup("");
    row->ca_id = ca_id;
    row->rules = xstrdup("{\"names\": {\"domains\": [\"*.example.org\"]}}");
    row->lifetime_seconds = LIFETIME;
    row->window_seconds = 30 * DAY;
    row->renews_itself = true;
    assert_works(store_profile_add(tx, row, NOW, &err), &err);
    profile_id = row->id;
}

static int setup(void **state)
{
    const int result = test_db_setup(state);
    struct tx *tx = test_tx(*state, TX_WRITE);
    autofree(ca_row) struct ca_row *ca = xcalloc(1, sizeof *ca);
    struct err err = { 0 };
    int64_t ca_id;

    clock_at = NOW;
    ops = &fake_ops;
    mood = revoke_mood = ISSUES;
    n_submitted = n_polled = n_issued = n_revoked = 0;
    root = make((struct order){ .cn = "Test Root", .constraints = "critical,CA:TRUE" });
    alice = (struct principal){ .account_id = an_account(tx, "alice"),
        .name = "alice",
        .role = ROLE_USER,
        .scopes = SCOPE_ALL };
    admin = (struct principal){ .account_id = an_account(tx, "root"),
        .name = "root",
        .role = ROLE_ADMIN,
        .scopes = SCOPE_ALL };
    certdesk = (struct principal){ .name = "certdesk", .role = ROLE_ADMIN, .scopes = SCOPE_ALL };
    ca->name = xstrdup("fake");
    ca->description = xstrdup("");
    ca->type = xstrdup("fake");
    ca->settings = xstrdup("{}");
    assert_works(store_ca_add(tx, ca, NOW, &ca_id, &err), &err);
    a_profile(tx, ca_id);
    test_commit(tx);
    return result;
}

static int teardown(void **state)
{
    made_done(&root);
    return test_db_teardown(state);
}

static int64_t a_request_ticket(const struct test_db *test)
{
    autodone(buf) struct buf csr = request_for("www.example.org", "DNS:www.example.org");
    struct life life = life_of(test, &alice);
    const struct life_wish wish = { .type = TICKET_CERTIFICATE,
        .summary = "Web shop",
        .profile = "web",
        .reporter_id = alice.account_id,
        .csr = buf_span(&csr) };
    autofree(life_made) struct life_made *made = NULL;
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(life_prepare(&life, &wish, &made, &err), &err);
    struct tx *tx = test_tx(test, TX_WRITE);

    assert_works(life_create(&life, tx, made, &id, &err), &err);
    test_commit(tx);
    return id;
}

static bool try(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition, struct err *err)
{
    struct life life = life_of(test, who);
    const struct life_ask ask = { .transition = transition, .reason = CA_REASON_KEY_COMPROMISE };

    return life_do(&life, id, &ask, err);
}

static void must(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition)
{
    struct err err = { 0 };

    assert_works(try(test, who, id, transition, &err), &err);
}

static struct ticket_row *ticket(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct ticket_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_ticket_get(tx, &everybody, id, &row, &err), &err);
    tx_free(tx);
    return row;
}

static void assert_status(const struct test_db *test, int64_t id, const char *status)
{
    autofree(ticket_row) struct ticket_row *row = ticket(test, id);

    assert_string_equal(row->status, status);
    assert_int_equal(row->resolved_at != 0, strcmp(status, "certificate_enrolled") == 0 ||
                                                strcmp(status, "certificate_renewed") == 0 ||
                                                strcmp(status, "certificate_revoked") == 0);
}

static struct order_row *last_order_of(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct order_row *order = NULL;
    struct err err = { 0 };

    assert_works(store_order_last(tx, id, &order, &err), &err);
    tx_free(tx);
    assert_non_null(order);
    return order;
}

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

/* ---- files ---- */

/* "attachment named ../../x" */
static void attachments_have_harmless_names(void **state)
{
    static const struct {
        const char *given;
        const char *name;
    } names[] = {
        { "www.example.org.pem", "www.example.org.pem" },
        { "../../x", "x" },
        { "/etc/passwd", "passwd" },
        { "..\\..\\boot.ini", "boot.ini" },
        { "..", "file" },
        { "", "file" },
        { "a/", "file" },
        { ".htaccess", "htaccess" },
        { "a\r\nSet-Cookie: x", "a__Set-Cookie_ x" },
        { "a\"b", "a_b" },
        { "\xff\xfe", "file" },
        { "gr\xc3\xbc\xc3\x9f"
          "e.txt",
            "gr\xc3\xbc\xc3\x9f"
            "e.txt" },
    };
    char name[ATTACHMENT_NAME_MAX + 1];
    char long_name[1000];

    (void)state;
    for (size_t i = 0; i < countof(names); i++) {
        attachment_name(names[i].given, name);
        assert_string_equal(name, names[i].name);
    }
    memset(long_name, 'x', sizeof long_name);
    memcpy(long_name + ATTACHMENT_NAME_MAX - 1, "\xc3\xbc", 2);
    long_name[sizeof long_name - 1] = '\0';
    attachment_name(long_name, name);
    assert_int_equal(strlen(name), ATTACHMENT_NAME_MAX - 1);
}

/* ---- keys ---- */

/* As the vault would have sealed it: the key that has signed the request. */
static int64_t a_key_of(struct tx *tx, struct span csr, const char *name)
{
    static const char blob[] = "CDS\1"
                               "12345678"
                               "012345678901234567890123456789012345678901234567890123456789"
                               "012345678901234567890123456789012345678901234567890123456789";
    const unsigned char *der = csr.data;
    X509_REQ *const request = d2i_X509_REQ(NULL, &der, (long)csr.size);
    unsigned char *spki = NULL;
    const int n = i2d_PUBKEY(X509_REQ_get0_pubkey(request), &spki);
    const struct sealed_key_new key = { .purpose = VAULT_TLS,
        .bound_to = name,
        .algorithm = "ec-p256",
        .public_key = span_of(spki, (size_t)n),
        .blob = span_text(blob) };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_sealed_key_add(tx, &key, NOW, &id, &err), &err);
    OPENSSL_free(spki);
    X509_REQ_free(request);
    return id;
}

static int64_t misfit(struct tx *tx)
{
    struct err err = { 0 };
    int64_t id = -1;

    assert_works(store_sealed_key_find_misfit(tx, &id, &err), &err);
    return id;
}

static void set_csr(struct tx *tx, int64_t ticket_id, struct span der, int64_t sealed_key_id)
{
    const struct request_csr csr = { .der = der,
        .domain = "www.example.org",
        .names = "www.example.org",
        .sealed_key_id = sealed_key_id };
    struct err err = { 0 };

    assert_works(store_request_set_csr(tx, ticket_id, &csr, &err), &err);
}

/* F42: what a restore asks of each key, those of requests and orders, too. */
static void keys_of_requests_and_orders_must_fit(void **state)
{
    autodone(buf) struct buf one = request_for("www.example.org", "DNS:www.example.org");
    autodone(buf) struct buf two = request_for("www.example.org", "DNS:www.example.org");
    const int64_t id = a_request_ticket(*state);
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t key = a_key_of(tx, buf_span(&one), "key/1");
    const int64_t other = a_key_of(tx, buf_span(&two), "key/2");
    struct err err = { 0 };

    assert_int_equal(misfit(tx), 0);
    set_csr(tx, id, buf_span(&one), other);
    assert_int_equal(misfit(tx), other);
    set_csr(tx, id, buf_span(&one), key);
    assert_int_equal(misfit(tx), 0);
    test_commit(tx);

    mood = PENDS;
    must(*state, &alice, id, "enroll");
    autofree(order_row) struct order_row *order = last_order_of(*state, id);
    struct tx *again = test_tx(*state, TX_WRITE);

    assert_int_equal(order->sealed_key_id, key);
    assert_int_equal(misfit(again), 0);
    set_csr(again, id, buf_span(&two), other);
    assert_int_equal(misfit(again), 0);
    autofree(stmt) struct stmt *move =
        tx_prepare(again, "UPDATE ca_order SET sealed_key_id = $1 WHERE id = $2");

    stmt_bind_i64(move, 1, other);
    stmt_bind_i64(move, 2, order->id);
    assert_works(stmt_run(move, &err), &err);
    assert_int_equal(misfit(again), other);
    tx_free(again);
}

/* ---- years in seconds ---- */

#define N_HOUSE 8
#define LOOK_EVERY (6 * INT64_C(3600))

static bool is_ca_up(int64_t at)
{
    static int64_t turns_at;
    static uint64_t random;
    static bool is_up;

    if (at == NOW) {
        turns_at = NOW;
        random = 1;
        is_up = false;
    }
    for (; turns_at <= at; turns_at += (int64_t)(random >> 33) % (is_up ? 2 * DAY : 6 * DAY)) {
        is_up = !is_up;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    }
    return is_up;
}

/* What the renewal scan does: everything that is due, each by itself. */
static void scan_house(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    autodone(life_rows) struct life_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_life_due(tx, clock_at, NULL, 100, &rows, &err), &err);
    tx_free(tx);
    for (size_t i = 0; i < rows.n; i++)
        (void)try(test, &certdesk, rows.items[i].ticket_id, "renew", &err);
}

/* F16: the plan, as the store keeps it, carries a house through two years with a CA that is mostly
 * away: everything is renewed in its window, nothing twice, and no failure is left over. */
static void a_house_lives_through_two_years(void **state)
{
    int64_t tickets[N_HOUSE];
    int n_failed = 0;

    ops = &forgetful_ops;
    for (size_t i = 0; i < N_HOUSE; i++) {
        tickets[i] = a_request_ticket(*state);
        must(*state, &alice, tickets[i], "enroll");
        clock_at += DAY;
    }
    for (clock_at = NOW; clock_at < NOW + 2 * 365 * DAY; clock_at += LOOK_EVERY) {
        const int before = n_issued;
        const int asked = n_submitted;

        mood = is_ca_up(clock_at) ? ISSUES : IS_AWAY;
        scan_house(*state);
        n_failed += n_submitted - asked - (n_issued - before);
    }
    assert_in_range(n_failed, 10, 10000);
    /* The window is the last third: not before 60 days, and not after 90. */
    assert_in_range(n_issued, N_HOUSE * (1 + 2 * 365 / 90), N_HOUSE * (1 + 2 * 365 / 59));
    for (size_t i = 0; i < N_HOUSE; i++) {
        autofree(ticket_row) struct ticket_row *row = ticket(*state, tickets[i]);
        autodone(life_facts) struct life_facts facts = { 0 };
        struct tx *tx;
        struct err err = { 0 };

        assert_status(*state, tickets[i], "certificate_renewed");
        tx = test_tx(*state, TX_READ);
        assert_works(store_life_facts(tx, row->certificate_id, clock_at, &facts, &err), &err);
        tx_free(tx);
        assert_true(facts.input.not_after > clock_at);
    }
}

static int64_t next_renewal(const struct test_db *test, int64_t ticket_id)
{
    autofree(ticket_row) struct ticket_row *row = ticket(test, ticket_id);
    autodone(life_facts) struct life_facts facts = { 0 };
    struct tx *tx = test_tx(test, TX_READ);
    struct renewal_plan plan;
    struct err err = { 0 };

    assert_works(store_life_facts(tx, row->certificate_id, clock_at, &facts, &err), &err);
    tx_free(tx);
    renewal_plan(&facts.input, &plan);
    assert_int_equal(plan.why, RENEWAL_PLANNED);
    return plan.renew_at;
}

static int64_t next_due(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct err err = { 0 };
    int64_t at = 0;

    assert_works(store_life_next_due(tx, clock_at, &at, &err), &err);
    tx_free(tx);
    return at;
}

/* F16, F43: "when will this renew" is when it does, to the second. */
static void what_is_planned_is_what_happens(void **state)
{
    int64_t tickets[N_HOUSE];
    int64_t told[N_HOUSE];
    int n_told = 0;

    ops = &forgetful_ops;
    for (size_t i = 0; i < N_HOUSE; i++) {
        tickets[i] = a_request_ticket(*state);
        must(*state, &alice, tickets[i], "enroll");
        told[i] = next_renewal(*state, tickets[i]);
        clock_at += DAY;
    }
    const int before = n_issued;

    while ((clock_at = next_due(*state)) < NOW + 400 * DAY) {
        scan_house(*state);
        for (size_t i = 0; i < N_HOUSE; i++) {
            const int64_t next = next_renewal(*state, tickets[i]);

            assert_true(next > clock_at);
            assert_true(next == told[i] || told[i] == clock_at);
            n_told += next != told[i];
            told[i] = next;
        }
    }
    assert_int_equal(n_issued - before, n_told);
    assert_in_range(n_told, N_HOUSE * (400 / 90), N_HOUSE * (400 / 59));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_certificate_that_comes_at_once_is_there_at_once),
        TEST(a_ca_that_takes_its_time_is_asked_again),
        TEST(a_ca_that_is_away_gets_the_same_order_again),
        TEST(an_order_that_was_being_submitted_is_submitted_again),
        TEST(a_refusal_restores_the_stage_and_says_why),
        TEST(lies_are_not_believed),
        TEST(a_ca_that_forgets_leaves_all_or_nothing),
        TEST(renewals_change_the_number_and_keep_the_predecessor),
        TEST(a_renewal_that_fails_restores_the_stage_and_backs_off),
        TEST(revoking_is_done_once),
        TEST(a_revocation_waits_for_its_ca),
        TEST(a_revocation_that_is_refused_restores_the_stage),
        TEST(a_transition_is_for_the_version_that_was_seen),
        TEST(keys_of_requests_and_orders_must_fit),
        TEST(what_is_planned_is_what_happens),
        TEST(a_house_lives_through_two_years),
        cmocka_unit_test(attachments_have_harmless_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
