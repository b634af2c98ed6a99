/*
 * vault: keys that it makes, and keys that are brought: what they sign, and how they come in.
 */
#include "testing_vault.h"

#include <openssl/x509v3.h>

#include "vault/parcel.h"

static X509_REQ *check_csr(struct span der, struct span spki)
{
    const uint8_t *at = der.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.size);
    EVP_PKEY *key = public_of(spki);

    assert_non_null(request);
    assert_int_equal(X509_REQ_verify(request, key), 1);
    EVP_PKEY_free(key);
    return request;
}

static void every_kind_of_key_can_be_made_and_signs_its_request(void **state)
{
    struct bench *bench = *state;
    static const char *const sans[] = { "dns:www.example.org", "dns:*.example.org", "ip:192.0.2.1",
        "ip:2001:db8::1", "email:root@example.org", "uri:https://example.org/x" };
    struct vault_csr csr = { .common_name = "www.example.org",
        .organization = "B\xC3\xBCro AG",
        .country = "CH",
        .sans = sans,
        .n_sans = countof(sans) };

    (void)unlock_new(bench);
    for (int a = VAULT_RSA_2048; a <= VAULT_ED25519; a++) {
        autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
        autodone(buf) struct buf spki = BUF_INIT(8192);
        autodone(buf) struct buf der = BUF_INIT(65536);
        struct err err = { 0 };

        if (a == VAULT_RSA_4096 || a == VAULT_RSA_3072)
            continue; /* the same code as 2048, and slow under sanitizers */
        assert_works(vault_make_key(bench->client, (enum vault_algorithm)a, &site, &sealed, &spki,
                         &err),
            &err);
        assert_works(vault_build_csr(bench->client, buf_span(&sealed), &site, &csr, &der, &err),
            &err);
        X509_REQ *request = check_csr(buf_span(&der), buf_span(&spki));
        STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
        GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);

        assert_int_equal(sk_GENERAL_NAME_num(names), (int)countof(sans));
        GENERAL_NAMES_free(names);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        X509_REQ_free(request);
    }
}

static void a_request_that_cannot_be_is_refused(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };
    static const char *const bad[] = { "www.example.org", "dns:", "dns:a b", "ip:1.2.3",
        "ip:", "dns:b\xC3\xBCrrr.example" };
    static const struct vault_csr none = { 0 }, country = { .country = "Schweiz" };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    for (size_t i = 0; i < countof(bad); i++) {
        struct vault_csr csr = { .sans = &bad[i], .n_sans = 1 };

        assert_fails(vault_build_csr(bench->client, buf_span(&sealed), &site, &csr, &der, &err),
            &err, ERR_INVALID);
    }
    assert_fails(vault_build_csr(bench->client, buf_span(&sealed), &site, &none, &der, &err), &err,
        ERR_INVALID);
    assert_fails(vault_build_csr(bench->client, buf_span(&sealed), &site, &country, &der, &err),
        &err, ERR_INVALID);
    assert_int_equal(der.size, 0);
}

static bool bring(struct bench *bench, struct span pkcs8, struct buf *sealed, struct buf *spki,
    struct err *err)
{
    autodone(buf) struct buf half = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf parcel = BUF_INIT(65536);
    uint8_t public_key[VAULT_PARCEL_KEY_SIZE];

    assert_works(vault_make_parcel_key(bench->client, public_key, &half, err), err);
    assert_works(parcel_close(public_key, PARCEL_INFO, SPAN_LITERAL("aad"), pkcs8, &parcel, err),
        err);
    const struct vault_parcel sent = { public_key, buf_span(&half), buf_span(&parcel),
        SPAN_LITERAL("aad") };

    return vault_seal_parcel(bench->client, &sent, &site, sealed, spki, err);
}

static void a_key_that_is_brought_along_is_checked_and_sealed(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    autofree(secret) struct secret *back = NULL;
    struct err err = { 0 };
    uint8_t *der = NULL, *weak_der = NULL, *public_der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key), *weak_info = EVP_PKEY2PKCS8(weak);
    int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    int weak_size = i2d_PKCS8_PRIV_KEY_INFO(weak_info, &weak_der);
    int public_size = i2d_PUBKEY(key, &public_der);

    (void)unlock_new(bench);
    assert_works(bring(bench, span_of(der, (size_t)size), &sealed, &spki, &err), &err);
    assert_true(span_equal(buf_span(&spki), span_of(public_der, (size_t)public_size)));
    assert_works(open_for(bench, buf_span(&sealed), buf_span(&spki), &back, &err), &err);
    assert_true(span_equal(secret_span(back), span_of(der, (size_t)size)));

    assert_fails(bring(bench, span_of(weak_der, (size_t)weak_size), &sealed, &spki, &err), &err,
        ERR_INVALID);
    assert_fails(bring(bench, span_of(der, (size_t)size - 1), &sealed, &spki, &err), &err,
        ERR_INVALID);
    assert_fails(bring(bench, SPAN_LITERAL("rubbish"), &sealed, &spki, &err), &err, ERR_INVALID);
    PKCS8_PRIV_KEY_INFO_free(info);
    PKCS8_PRIV_KEY_INFO_free(weak_info);
    EVP_PKEY_free(key);
    EVP_PKEY_free(weak);
    OPENSSL_free(der);
    OPENSSL_free(weak_der);
    OPENSSL_free(public_der);
}

static void a_key_in_a_parcel_is_sealed_without_being_seen_on_the_way(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf half = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf parcel = BUF_INIT(65536);
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autofree(secret) struct secret *back = NULL;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    uint8_t *der = NULL;
    int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    struct span pkcs8 = span_of(der, (size_t)size);
    uint8_t public_key[VAULT_PARCEL_KEY_SIZE], other[VAULT_PARCEL_KEY_SIZE];
    struct vault_binding audit = { VAULT_AUDIT, "csr/1" };
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_parcel_key(bench->client, public_key, &half, &err), &err);
    assert_works(parcel_close(public_key, PARCEL_INFO, SPAN_LITERAL("aad"), pkcs8, &parcel, &err),
        &err);
    struct vault_parcel sent = { public_key, buf_span(&half), buf_span(&parcel),
        SPAN_LITERAL("aad") };

    assert_works(vault_seal_parcel(bench->client, &sent, &site, &sealed, &spki, &err), &err);
    assert_works(open_for(bench, buf_span(&sealed), buf_span(&spki), &back, &err), &err);
    assert_true(span_equal(secret_span(back), pkcs8));

    /* Not for another upload, not with other words beside it, not for another purpose. */
    sent.aad = SPAN_LITERAL("add");
    assert_fails(vault_seal_parcel(bench->client, &sent, &site, &sealed, &spki, &err), &err,
        ERR_INVALID);
    sent.aad = SPAN_LITERAL("aad");
    assert_fails(vault_seal_parcel(bench->client, &sent, &audit, &sealed, &spki, &err), &err,
        ERR_DENIED);
    memcpy(other, public_key, sizeof other);
    other[0] ^= 1;
    sent.public_key = other;
    assert_fails(vault_seal_parcel(bench->client, &sent, &site, &sealed, &spki, &err), &err,
        ERR_INVALID);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
}

static void the_key_of_an_upload_is_of_no_other_use(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf half = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf unused = BUF_INIT(VAULT_SEALED_MAX);
    uint8_t public_key[VAULT_PARCEL_KEY_SIZE];
    struct vault_binding parcel = { VAULT_PARCEL, "00" };
    struct vault_csr csr = { .common_name = "www.example.org" };
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_parcel_key(bench->client, public_key, &half, &err), &err);
    assert_fails(vault_open_secret(bench->client, buf_span(&half), &parcel, &never, &err), &err,
        ERR_DENIED);
    assert_fails(vault_build_csr(bench->client, buf_span(&half), &parcel, &csr, &unused, &err),
        &err, ERR_DENIED);
    assert_fails(vault_make_key(bench->client, VAULT_P256, &parcel, &unused, &unused, &err), &err,
        ERR_DENIED);
    assert_null(never);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(every_kind_of_key_can_be_made_and_signs_its_request),
        TEST(a_request_that_cannot_be_is_refused),
        TEST(a_key_that_is_brought_along_is_checked_and_sealed),
        TEST(a_key_in_a_parcel_is_sealed_without_being_seen_on_the_way),
        TEST(the_key_of_an_upload_is_of_no_other_use),
    };

    be_a_vault_if_told(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
