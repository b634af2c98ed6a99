/*
 * vault/hsm: keys that OpenSSL takes for its own.
 *
 * OpenSSL asks a method of ours for each signature, so that certificates, lists and answers are put
 * together in the same way whatever the key. Methods of keys are deprecated in favour of providers,
 * of which one for two functions would be ten times this file.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "vault/hsm.h"
#include "vault/hsm_call.h"
#include "vault/hsm_wire.h"

struct hsm_key {
    struct hsm *hsm; /* NULL: none is configured */
    struct hsm_ref ref;
    EVP_PKEY *public_key; /* plain, to verify with */
    struct err failure;   /* of the last signature; its kind is ERR_NONE otherwise */
};

static struct {
    pthread_once_t once;
    RSA_METHOD *rsa;
    EC_KEY_METHOD *ec;
    int rsa_index;
    int ec_index;
} ours = { .once = PTHREAD_ONCE_INIT };

static void hsm_key_free(struct hsm_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->public_key);
    free(key);
}

static void free_ex(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent;
    (void)ad;
    (void)index;
    (void)argl;
    (void)argp;
    hsm_key_free(data);
}

/* ---- signing ---- */

static bool ask(const struct hsm_key *key, bool is_rsa, struct span bytes, struct buf *ret,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(HSM_FRAME_MAX);
    struct frame_reader r;

    hsm_ref_put(&payload, &key->ref);
    frame_put_bool(&payload, is_rsa);
    frame_put_bytes(&payload, bytes);
    if (!hsm_call(key->hsm, HSM_SIGN, &payload, &in, &r, err))
        return false;
    buf_add_span(ret, frame_read_bytes(&r));
    return frame_reader_end(&r, err) && buf_check(ret, "a signature", err);
}

/* A token is believed nothing: that this is the authority's key is seen by its signature. */
static bool is_right(const struct hsm_key *key, const EVP_MD *md, struct span digest,
    struct span signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->public_key, NULL);
    bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
              (!md || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                          EVP_PKEY_CTX_set_signature_md(ctx, md) == 1)) &&
              EVP_PKEY_verify(ctx, signature.data, signature.size, digest.data, digest.size) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool check_right(const struct hsm_key *key, const EVP_MD *md, struct span digest,
    struct span signature, struct err *err)
{
    return is_right(key, md, digest, signature) ||
           fail(err, ERR_CONFLICT,
               "the token's key \"%s\" is another one than the authority's: what it signed does "
               "not verify",
               key->ref.label);
}

/* What RSA with PKCS#1 v1.5 signs (RFC 8017, 9.2). */
static bool put_digest_info(int nid, struct span digest, struct buf *ret)
{
    X509_SIG *info = X509_SIG_new();
    X509_ALGOR *algorithm = NULL;
    ASN1_OCTET_STRING *value = NULL;
    uint8_t *der = NULL;
    int size = -1;

    if (info) {
        X509_SIG_getm(info, &algorithm, &value);
        if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), V_ASN1_NULL, NULL) == 1 &&
            ASN1_OCTET_STRING_set(value, digest.data, (int)digest.size) == 1)
            size = i2d_X509_SIG(info, &der);
    }
    if (size > 0)
        buf_add(ret, der, (size_t)size);
    OPENSSL_free(der);
    X509_SIG_free(info);
    return size > 0;
}

static bool rsa_sign_by_token(struct hsm_key *key, int nid, struct span digest,
    struct buf *signature, struct err *err)
{
    autodone(buf) struct buf info = BUF_INIT(256);

    return (put_digest_info(nid, digest, &info) ||
               fail(err, ERR_INTERNAL, "could not build what is to be signed")) &&
           ask(key, true, buf_span(&info), signature, err) &&
           check_right(key, EVP_get_digestbynid(nid), digest, buf_span(signature), err);
}

/* OpenSSL has made room for RSA_size() bytes. */
static int rsa_sign(int nid, const unsigned char *m, unsigned m_size, unsigned char *ret,
    unsigned *ret_size, const RSA *rsa)
{
    struct hsm_key *key = RSA_get_ex_data(rsa, ours.rsa_index);
    autodone(buf) struct buf signature = BUF_INIT(HSM_FRAME_MAX);

    key->failure = (struct err){ 0 };
    if (!rsa_sign_by_token(key, nid, span_of(m, m_size), &signature, &key->failure) ||
        signature.size > (size_t)RSA_size(rsa))
        return 0;
    memcpy(ret, signature.data, signature.size);
    *ret_size = (unsigned)signature.size;
    return 1;
}

/* A token gives both numbers one behind the other, X.509 wants a SEQUENCE of them. */
static ECDSA_SIG *numbers_of(struct span raw)
{
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    int half = (int)raw.size / 2;
    BIGNUM *r = raw.size > 0 && raw.size % 2 == 0 ? BN_bin2bn(raw.data, half, NULL) : NULL;
    BIGNUM *s = r ? BN_bin2bn(raw.data + half, half, NULL) : NULL;

    if (numbers && s && ECDSA_SIG_set0(numbers, r, s) == 1)
        return numbers;
    ECDSA_SIG_free(numbers);
    BN_free(r);
    BN_free(s);
    return NULL;
}

static ECDSA_SIG *ec_sign_by_token(struct hsm_key *key, struct span digest, struct err *err)
{
    autodone(buf) struct buf raw = BUF_INIT(HSM_FRAME_MAX);
    ECDSA_SIG *numbers = ask(key, false, digest, &raw, err) ? numbers_of(buf_span(&raw)) : NULL;
    uint8_t *der = NULL;
    int size = numbers ? i2d_ECDSA_SIG(numbers, &der) : -1;
    bool ok = false;

    if (size > 0)
        ok = check_right(key, NULL, digest, span_of(der, (size_t)size), err);
    else if (!err->kind)
        (void)fail(err, ERR_CONFLICT, "the token gave no signature that makes sense");
    OPENSSL_free(der);
    if (ok)
        return numbers;
    ECDSA_SIG_free(numbers);
    return NULL;
}

static ECDSA_SIG *ec_sign_numbers(const unsigned char *digest, int size, const BIGNUM *kinv,
    const BIGNUM *r, EC_KEY *ec)
{
    struct hsm_key *key = EC_KEY_get_ex_data(ec, ours.ec_index);

    (void)kinv;
    (void)r;
    key->failure = (struct err){ 0 };
    return ec_sign_by_token(key, span_of(digest, (size_t)size), &key->failure);
}

/* OpenSSL has made room for ECDSA_size() bytes, and says how many parameters there are. */
/* NOLINTNEXTLINE(readability-function-size) */
static int ec_sign(int type, const unsigned char *digest, int size, unsigned char *ret,
    unsigned *ret_size, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
    ECDSA_SIG *numbers = ec_sign_numbers(digest, size, kinv, r, ec);
    int written = numbers && i2d_ECDSA_SIG(numbers, NULL) <= ECDSA_size(ec)
                      ? i2d_ECDSA_SIG(numbers, &ret)
                      : 0;

    (void)type;
    ECDSA_SIG_free(numbers);
    *ret_size = written > 0 ? (unsigned)written : 0;
    return written > 0;
}

/* ---- making one ---- */

static void make_methods(void)
{
    int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;

    ours.rsa_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, free_ex);
    ours.ec_index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, free_ex);
    ours.rsa = RSA_meth_dup(RSA_get_default_method());
    ours.ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (!ours.rsa || !ours.ec)
        return;
    (void)RSA_meth_set_sign(ours.rsa, rsa_sign);
    EC_KEY_METHOD_get_sign(ours.ec, NULL, &setup, NULL);
    EC_KEY_METHOD_set_sign(ours.ec, ec_sign, setup, ec_sign_numbers);
}

static EVP_PKEY *wrap_rsa(struct hsm_key *key)
{
    RSA *rsa = EVP_PKEY_get1_RSA(key->public_key);
    RSA *own = rsa ? RSAPublicKey_dup(rsa) : NULL;
    EVP_PKEY *ret = EVP_PKEY_new();

    RSA_free(rsa);
    if (ret && own && RSA_set_method(own, ours.rsa) == 1 &&
        RSA_set_ex_data(own, ours.rsa_index, key) == 1 && EVP_PKEY_assign_RSA(ret, own) == 1)
        return ret;
    if (own)
        (void)RSA_set_ex_data(own, ours.rsa_index, NULL); /* the caller's to free */
    RSA_free(own);
    EVP_PKEY_free(ret);
    return NULL;
}

static EVP_PKEY *wrap_ec(struct hsm_key *key)
{
    EC_KEY *ec = EVP_PKEY_get1_EC_KEY(key->public_key);
    EC_KEY *own = ec ? EC_KEY_dup(ec) : NULL;
    EVP_PKEY *ret = EVP_PKEY_new();

    EC_KEY_free(ec);
    if (ret && own && EC_KEY_set_method(own, ours.ec) == 1 &&
        EC_KEY_set_ex_data(own, ours.ec_index, key) == 1 && EVP_PKEY_assign_EC_KEY(ret, own) == 1)
        return ret;
    if (own)
        (void)EC_KEY_set_ex_data(own, ours.ec_index, NULL);
    EC_KEY_free(own);
    EVP_PKEY_free(ret);
    return NULL;
}

EVP_PKEY *hsm_key_new(struct hsm *hsm, const struct hsm_ref *ref, struct span spki, struct err *err)
{
    const uint8_t *at = spki.data;
    struct hsm_key *key = xcalloc(1, sizeof *key);
    EVP_PKEY *ret = NULL;

    (void)pthread_once(&ours.once, make_methods);
    key->hsm = hsm;
    key->ref = *ref;
    key->public_key = spki.size > 0 ? d2i_PUBKEY(NULL, &at, (long)spki.size) : NULL;
    bool is_key = key->public_key && at == spki.data + spki.size && ours.rsa && ours.ec;

    if (is_key && EVP_PKEY_is_a(key->public_key, "RSA"))
        ret = wrap_rsa(key);
    else if (is_key && EVP_PKEY_is_a(key->public_key, "EC"))
        ret = wrap_ec(key);
    if (ret)
        return ret;
    hsm_key_free(key);
    (void)fail(err, ERR_INVALID, "the public key of the authority's key is damaged");
    return NULL;
}

bool hsm_key_explain(const EVP_PKEY *key, struct err *err)
{
    const struct hsm_key *own = NULL;

    (void)pthread_once(&ours.once, make_methods);
    if (EVP_PKEY_is_a(key, "RSA"))
        own = RSA_get_ex_data(EVP_PKEY_get0_RSA(key), ours.rsa_index);
    else if (EVP_PKEY_is_a(key, "EC"))
        own = EC_KEY_get_ex_data(EVP_PKEY_get0_EC_KEY(key), ours.ec_index);
    if (!own || !own->failure.kind)
        return false;
    *err = own->failure;
    return true;
}
