/* See the header. */
#include "testing_life.h"

#include <openssl/pem.h>

#include "testing_x509.h"

#include "base/alloc.h"
#include "store/ca.h"
#include "store/profile.h"

/* A CA that does as it is told, and counts. */
struct fake_ca {
    struct ca base;
};

enum mood mood;
enum mood revoke_mood;
int n_submitted;
int n_polled;
int n_issued;
int n_revoked;
int64_t last_order;
static struct made root;

int64_t clock_at;

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

const struct ca_ops fake_ops = { .type = "fake",
    .close = fake_close,
    .submit = fake_submit,
    .poll = fake_poll,
    .revoke = fake_revoke };

const struct ca_ops forgetful_ops = { .type = "fake",
    .forgets = true,
    .close = fake_close,
    .submit = fake_submit,
    .revoke = fake_revoke };

const struct ca_ops *ops;

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

struct principal alice, certdesk;

struct life life_of(const struct test_db *test, const struct principal *who)
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
}

int life_setup(void **state)
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

int life_teardown(void **state)
{
    made_done(&root);
    return test_db_teardown(state);
}

int64_t a_request_ticket(const struct test_db *test)
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

bool try(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition, struct err *err)
{
    struct life life = life_of(test, who);
    const struct life_ask ask = { .transition = transition, .reason = CA_REASON_KEY_COMPROMISE };

    return life_do(&life, id, &ask, err);
}

void must(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition)
{
    struct err err = { 0 };

    assert_works(try(test, who, id, transition, &err), &err);
}

struct ticket_row *ticket(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct ticket_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_ticket_get(tx, &everybody, id, &row, &err), &err);
    tx_free(tx);
    return row;
}

void assert_status(const struct test_db *test, int64_t id, const char *status)
{
    autofree(ticket_row) struct ticket_row *row = ticket(test, id);

    assert_string_equal(row->status, status);
    assert_int_equal(row->resolved_at != 0, strcmp(status, "certificate_enrolled") == 0 ||
                                                strcmp(status, "certificate_renewed") == 0 ||
                                                strcmp(status, "certificate_revoked") == 0);
}

struct order_row *last_order_of(const struct test_db *test, int64_t id)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct order_row *order = NULL;
    struct err err = { 0 };

    assert_works(store_order_last(tx, id, &order, &err), &err);
    tx_free(tx);
    assert_non_null(order);
    return order;
}
