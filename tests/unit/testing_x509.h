/*
 * Certificates made to order, for tests. `autodone(made) struct made leaf = make((struct order){ …
 * })`.
 */
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "testing.h"
#include "x509/csr.h"

struct made {
    X509 *x509;
    EVP_PKEY *key;
};

/* What is left out gets a harmless value. */
struct order {
    const char *cn; /* NULL: an empty subject */
    const char *o;
    const char *sans; /* as in openssl.cnf: "DNS:a.example,IP:192.0.2.1" */
    const char *purposes;
    const char *constraints; /* "critical,CA:TRUE" */
    const char *usage;
    const char *key; /* "EC" (P-256), "ED25519", "RSA1024", "RSA2048" */
    const char *digest;
    int64_t not_before;
    int64_t not_after;
    const struct made *issuer; /* NULL: self-signed */
    const struct made *same_key;
    struct span raw_sans; /* the extension's whole content */
};

static inline void made_done(struct made *made)
{
    X509_free(made->x509);
    EVP_PKEY_free(made->key);
}
DEFINE_AUTODONE(made);

static inline EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *const key = strcmp(kind, "EC") == 0        ? EVP_EC_gen("P-256")
                          : strcmp(kind, "RSA1024") == 0 ? EVP_RSA_gen(1024)
                          : strcmp(kind, "RSA2048") == 0 ? EVP_RSA_gen(2048)
                                                         : EVP_PKEY_Q_keygen(NULL, NULL, kind);

    assert_non_null(key);
    return key;
}

static inline void make_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    if (!value)
        return;
    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void make_raw_sans(X509 *x509, struct span content)
{
    ASN1_OCTET_STRING *const value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    if (content.size > 0) {
        ASN1_OCTET_STRING_set(value, content.data, (int)content.size);
        extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    ASN1_OCTET_STRING_free(value);
}

static inline void make_subject(X509 *x509, const struct order *order)
{
    X509_NAME *const name = X509_get_subject_name(x509);

    if (order->o)
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)order->o, -1,
            -1, 0);
    if (order->cn)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)order->cn, -1,
            -1, 0);
}

static inline struct made make(struct order order)
{
    struct made made = { .x509 = X509_new() };
    uint8_t serial[16] = { 0 };
    BIGNUM *number;

    if (order.same_key) {
        EVP_PKEY_up_ref(order.same_key->key);
        made.key = order.same_key->key;
    } else {
        made.key = make_key(order.key ? order.key : "EC");
    }
    X509 *const issuer = order.issuer ? order.issuer->x509 : made.x509;

    X509_set_version(made.x509, X509_VERSION_3);
    RAND_bytes(serial, sizeof serial);
    serial[0] = 0x42;
    number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.x509));
    BN_free(number);
    ASN1_TIME_set(X509_getm_notBefore(made.x509), order.not_before ? order.not_before : 1700000000);
    ASN1_TIME_set(X509_getm_notAfter(made.x509), order.not_after ? order.not_after : 2000000000);
    make_subject(made.x509, &order);
    X509_set_issuer_name(made.x509, X509_get_subject_name(issuer));
    X509_set_pubkey(made.x509, made.key);
    make_extension(made.x509, issuer, NID_basic_constraints, order.constraints);
    make_extension(made.x509, issuer, NID_key_usage, order.usage);
    make_extension(made.x509, issuer, NID_ext_key_usage, order.purposes);
    make_extension(made.x509, issuer, NID_subject_alt_name, order.sans);
    make_raw_sans(made.x509, order.raw_sans);
    assert_true(X509_sign(made.x509, order.issuer ? order.issuer->key : made.key,
                    strcmp(order.key ? order.key : "EC", "ED25519") == 0 && !order.issuer
                        ? NULL
                        : EVP_get_digestbyname(order.digest ? order.digest : "SHA256")) > 0);
    return made;
}

static inline struct buf made_der(const struct made *made)
{
    struct buf der = BUF_INIT(64U << 20);
    unsigned char *bytes = NULL;
    const int n = i2d_X509(made->x509, &bytes);

    assert_true(n > 0);
    buf_add(&der, bytes, (size_t)n);
    OPENSSL_free(bytes);
    return der;
}

/* A request (PKCS#10, DER) with a new key; `sans` as in openssl.cnf, NULL: none. */
static inline struct buf request_for(const char *cn, const char *sans)
{
    struct buf der = BUF_INIT(CSR_MAX_BYTES);
    X509_REQ *const request = X509_REQ_new();
    EVP_PKEY *const key = make_key("EC");
    unsigned char *bytes = NULL;

    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
        (const unsigned char *)cn, -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    if (sans) {
        X509_EXTENSION *const extension =
            X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, sans);
        STACK_OF(X509_EXTENSION) *const list = sk_X509_EXTENSION_new_null();

        sk_X509_EXTENSION_push(list, extension);
        X509_REQ_add_extensions(request, list);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    }
    assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
    const int n = i2d_X509_REQ(request, &bytes);

    buf_add(&der, bytes, (size_t)n);
    OPENSSL_free(bytes);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return der;
}

/* The key that is in a request, without its private half. */
static inline struct made made_for_request(struct span der)
{
    const unsigned char *at = der.data;
    X509_REQ *const request = d2i_X509_REQ(NULL, &at, (long)der.size);
    struct made made = { .key = X509_REQ_get_pubkey(request) };

    assert_non_null(made.key);
    X509_REQ_free(request);
    return made;
}
