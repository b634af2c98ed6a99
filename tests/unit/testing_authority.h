/*
 * testing_authority: authorities in a real vault, strangers' requests, and OpenSSL's own verifier.
 */
#pragma once

#include "testing_vault.h"

#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "vault/client_ca.h"

#define DAY INT64_C(86400)

static const struct vault_binding authority = { VAULT_CA, "ca/1" };
static const uint8_t serial[16] = { 0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* An authority in its seal. */
struct made {
    struct buf sealed;
    struct buf spki;
    struct buf der;
    int64_t now;
};

static inline void made_done(struct made *made)
{
    buf_done(&made->sealed);
    buf_done(&made->spki);
    buf_done(&made->der);
}
DEFINE_AUTODONE(made);

static const struct vault_csr nobody;
static const struct vault_csr example = { .common_name = "Example Root",
    .organization = "Example" };

static inline bool make(struct bench *bench, struct vault_ca_new new, struct made *ret,
    struct err *err)
{
    *ret =
        (struct made){ BUF_INIT(VAULT_SEALED_MAX), BUF_INIT(8192), BUF_INIT(65536), clock_now() };
    if (!new.subject)
        new.subject = &example;
    new.serial = span_of(serial, sizeof serial);
    new.not_before = ret->now - DAY;
    new.not_after = ret->now + 365 * DAY;
    return vault_ca_make(bench->client, &new, &authority, &ret->sealed, &ret->spki, &ret->der, err);
}

/* A request as a stranger would write it. */
struct wish {
    const char *common_name;
    const char *sans; /* as OpenSSL's configuration has them */
    const char *key;  /* "P-256" */
    size_t rsa_bits;  /* instead */
    bool wants_ca;
    bool is_forged; /* signed by another key */
    bool has_nul;   /* in its CN */
};

static inline void add_wish(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
    if (value)
        sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
}

static inline void write_request(const struct wish *wish, struct buf *der)
{
    EVP_PKEY *key = wish->rsa_bits
                        ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", wish->rsa_bits)
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", wish->key ? wish->key : "P-256");
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509_REQ *request = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    uint8_t *bytes = NULL;

    if (wish->common_name)
        assert_int_equal(X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request),
                             NID_commonName, MBSTRING_UTF8,
                             (const unsigned char *)wish->common_name,
                             wish->has_nul ? (int)strlen(wish->common_name) + 6 : -1, -1, 0),
            1);
    add_wish(list, NID_subject_alt_name, wish->sans);
    add_wish(list, NID_basic_constraints, wish->wants_ca ? "critical,CA:TRUE" : NULL);
    add_wish(list, NID_key_usage, "keyCertSign"); /* has no effect */
    assert_int_equal(X509_REQ_add_extensions(request, list), 1);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, wish->is_forged ? other : key, EVP_sha256()) > 0);
    int size = i2d_X509_REQ(request, &bytes);

    assert_true(size > 0);
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static inline struct vault_ca_leaf leaf_of(const struct made *made, struct span csr)
{
    return (struct vault_ca_leaf){ .csr = csr,
        .serial = span_of(serial, sizeof serial),
        .not_before = made->now - 300,
        .not_after = made->now + 90 * DAY,
        .usage = VAULT_USE_SERVER,
        .crl_url = "http://pki.example.org/pki/house.crl",
        .ocsp_url = "http://pki.example.org/ocsp/house",
        .issuer_url = "http://pki.example.org/pki/house.crt" };
}

static inline bool sign(struct bench *bench, const struct made *made,
    const struct vault_ca_leaf *leaf, struct buf *der, struct err *err)
{
    return vault_ca_sign(bench->client, buf_span(&made->sealed), &authority, leaf, der, err);
}

static inline X509 *cert_of(const struct buf *der)
{
    const uint8_t *at = der->data;
    X509 *cert = d2i_X509(NULL, &at, (long)der->size);

    assert_non_null(cert);
    return cert;
}

static inline int verify_strictly(X509 *cert, X509 *root, X509_CRL *crl)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    X509_STORE_add_cert(store, root);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT | (crl ? X509_V_FLAG_CRL_CHECK : 0));
    if (crl)
        X509_STORE_add_crl(store, crl);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    (void)X509_verify_cert(ctx);
    int verdict = X509_STORE_CTX_get_error(ctx);

    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return verdict;
}

static const struct wish ordinary = { .common_name = "www.example.org",
    .sans = "DNS:www.example.org,IP:192.0.2.1" };

/* What a root, made just now by a vault just unlocked, is to sign first: a request in `csr`. */
static inline struct vault_ca_leaf first_leaf(struct bench *bench, struct buf *csr,
    struct made *made)
{
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&ordinary, csr);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                     made, &err),
        &err);
    return leaf_of(made, buf_span(csr));
}

/* Somebody else's root signs the request; *ret_root may be NULL. */
static inline void sign_elsewhere(struct span request_der, bool is_ca, X509 **ret_root,
    struct buf *der)
{
    const uint8_t *at = request_der.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)request_der.size);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *root = X509_new(), *cert = X509_new();
    STACK_OF(X509_EXTENSION) *wanted = X509_REQ_get_extensions(request);
    X509 *both[] = { root, cert };
    uint8_t *bytes = NULL;

    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(root), NID_commonName, MBSTRING_UTF8,
        (const unsigned char *)"Outside Root", -1, -1, 0);
    X509_set_pubkey(root, key);
    X509_set_subject_name(cert, X509_REQ_get_subject_name(request));
    X509_set_pubkey(cert, X509_REQ_get0_pubkey(request));
    for (size_t i = 0; i < countof(both); i++) {
        X509V3_CTX ctx;

        X509_set_version(both[i], X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(both[i]), (long)i + 1);
        X509_gmtime_adj(X509_getm_notBefore(both[i]), -7200);
        X509_gmtime_adj(X509_getm_notAfter(both[i]), 30 * 86400);
        X509_set_issuer_name(both[i], X509_get_subject_name(root));
        X509V3_set_ctx(&ctx, root, both[i], NULL, NULL, 0);
        X509_EXTENSION *id = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");

        X509_add_ext(both[i], id, -1);
        X509_EXTENSION_free(id);
        if (i == 0) {
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:TRUE");
            X509_add_ext(root, id, -1);
            X509_EXTENSION_free(id);
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_key_usage, "critical,keyCertSign");
        } else {
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
        }
        X509_add_ext(both[i], id, -1);
        X509_EXTENSION_free(id);
    }
    assert_int_equal(sk_X509_EXTENSION_num(wanted), 3); /* basic constraints, key usage, names */
    for (int i = 0; is_ca && i < sk_X509_EXTENSION_num(wanted); i++)
        X509_add_ext(cert, sk_X509_EXTENSION_value(wanted, i), -1);
    assert_true(X509_sign(root, key, EVP_sha256()) > 0 && X509_sign(cert, key, EVP_sha256()) > 0);
    int size = i2d_X509(cert, &bytes);

    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    sk_X509_EXTENSION_pop_free(wanted, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    X509_free(cert);
    if (ret_root)
        *ret_root = root;
    else
        X509_free(root);
}
