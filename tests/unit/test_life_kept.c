/* life/: what a ticket keeps: files under harmless names, keys that fit requests and orders. */
#include "testing_life.h"

#include "testing_x509.h"

#include "base/alloc.h"
#include "store/attachment.h"
#include "store/request.h"
#include "store/sealed_key.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attachments_have_harmless_names),
        LIFE_TEST(keys_of_requests_and_orders_must_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
