/*
 * vault/keys: see the header. OpenSSL's objects live inside one function each; its secure heap
 * holds the private numbers.
 */
#include "vault/keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "vault/checkpoint.h"
#include "vault/csr.h"
#include "vault/hsm.h"

/* What may be brought along; new ones are made by the recipes below. */
#define RSA_BITS_MIN 512
#define RSA_BITS_MAX 16384

static const struct {
    const char *type;
    size_t bits;       /* RSA */
    const char *curve; /* EC */
} recipes[] = {
    [VAULT_RSA_2048] = { "RSA", 2048, NULL },
    [VAULT_RSA_3072] = { "RSA", 3072, NULL },
    [VAULT_RSA_4096] = { "RSA", 4096, NULL },
    [VAULT_P256] = { "EC", 0, "P-256" },
    [VAULT_P384] = { "EC", 0, "P-384" },
    [VAULT_P521] = { "EC", 0, "P-521" },
    [VAULT_ED25519] = { "ED25519", 0, NULL },
};

static EVP_PKEY *generate(enum vault_algorithm algorithm)
{
    const char *type = recipes[algorithm].type;

    if (recipes[algorithm].bits)
        return EVP_PKEY_Q_keygen(NULL, NULL, type, recipes[algorithm].bits);
    if (recipes[algorithm].curve)
        return EVP_PKEY_Q_keygen(NULL, NULL, type, recipes[algorithm].curve);
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

bool keys_put_public(EVP_PKEY *key, struct buf *spki, struct err *err)
{
    uint8_t *der = NULL;
    int size = i2d_PUBKEY(key, &der);

    if (size <= 0)
        return fail(err, ERR_INTERNAL, "could not encode a public key");
    buf_add(spki, der, (size_t)size);
    OPENSSL_free(der);
    return buf_check(spki, "a public key", err);
}

/* PKCS#8, straight into memory of the secret's own. */
static bool encode_private(EVP_PKEY *key, struct secret **ret, struct err *err)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;

    if (size > 0) {
        struct secret *secret = secret_new_zeroed((size_t)size);
        uint8_t *at = secret_bytes(secret);

        size = i2d_PKCS8_PRIV_KEY_INFO(info, &at);
        *ret = secret;
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return size > 0 || fail(err, ERR_INTERNAL, "could not encode a private key");
}

bool keys_make(enum vault_algorithm algorithm, struct secret **ret, struct buf *spki,
    struct err *err)
{
    EVP_PKEY *key = generate(algorithm);

    if (!key)
        return fail(err, ERR_INTERNAL, "could not make a key");
    bool ok = keys_put_public(key, spki, err) && encode_private(key, ret, err);

    EVP_PKEY_free(key);
    return ok;
}

static bool has_named_curve(const EVP_PKEY *key)
{
    char name[64];
    size_t n;

    return EVP_PKEY_get_group_name(key, name, sizeof name, &n) == 1;
}

static bool check_kind(const EVP_PKEY *key, struct err *err)
{
    int bits = EVP_PKEY_get_bits(key);

    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) ||
               fail(err, ERR_INVALID, "an RSA key of %d bits is not between %d and %d", bits,
                   RSA_BITS_MIN, RSA_BITS_MAX);
    if (EVP_PKEY_is_a(key, "EC"))
        return has_named_curve(key) || fail(err, ERR_INVALID, "the key's curve has no name");
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ||
           EVP_PKEY_is_a(key, "DSA") ||
           fail(err, ERR_INVALID, "the key is none of RSA, ECDSA, EdDSA and DSA");
}

EVP_PKEY *keys_decode(struct span pkcs8, struct err *err)
{
    const uint8_t *at = pkcs8.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8.size);
    EVP_PKEY *key = info && at == pkcs8.data + pkcs8.size ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    if (!key)
        (void)fail(err, ERR_INVALID, "this is no private key in PKCS#8 form");
    if (key && !check_kind(key, err)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* Do the private numbers belong to the public ones, and are they sound? */
static bool is_sound(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx && EVP_PKEY_pairwise_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

bool keys_check(struct span pkcs8, struct buf *spki, struct err *err)
{
    EVP_PKEY *key = keys_decode(pkcs8, err);

    if (!key)
        return false;
    bool ok = is_sound(key)
                  ? keys_put_public(key, spki, err)
                  : fail(err, ERR_INVALID, "the private key does not fit its public half");

    EVP_PKEY_free(key);
    return ok;
}

const EVP_MD *keys_digest(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
        return NULL;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
        return EVP_sha256();
    return EVP_PKEY_get_bits(key) > 384 ? EVP_sha512() : EVP_sha384();
}

bool keys_fail_to_sign(const EVP_PKEY *key, const char *what, struct err *err)
{
    return hsm_key_explain(key, err) ? err_wrap(err, "could not sign %s", what)
                                     : fail(err, ERR_INTERNAL, "could not sign %s", what);
}

bool keys_is_a(const EVP_PKEY *key, enum vault_algorithm algorithm)
{
    char curve[64] = "";
    size_t n = 0;

    if (!EVP_PKEY_is_a(key, recipes[algorithm].type))
        return false;
    if (recipes[algorithm].bits)
        return (size_t)EVP_PKEY_get_bits(key) == recipes[algorithm].bits;
    if (!recipes[algorithm].curve)
        return true;
    if (EVP_PKEY_get_group_name(key, curve, sizeof curve, &n) != 1)
        return false;
    /* One curve has several names. */
    int nid = EC_curve_nist2nid(curve);

    return (nid ? nid : OBJ_txt2nid(curve)) == EC_curve_nist2nid(recipes[algorithm].curve);
}

bool keys_check_cert(struct span pkcs8, struct span cert, struct err *err)
{
    const uint8_t *at = cert.data;
    EVP_PKEY *key = keys_decode(pkcs8, err);

    if (!key)
        return false;
    X509 *parsed = cert.size > 0 ? d2i_X509(NULL, &at, (long)cert.size) : NULL;
    EVP_PKEY *public_key = parsed ? X509_get0_pubkey(parsed) : NULL;
    bool ok = public_key && EVP_PKEY_eq(public_key, key) == 1;

    X509_free(parsed);
    EVP_PKEY_free(key);
    return ok || fail(err, ERR_CONFLICT, "this is not the key of that certificate");
}

bool keys_build_csr(struct span pkcs8, const struct vault_csr *csr, struct buf *der,
    struct err *err)
{
    EVP_PKEY *key = keys_decode(pkcs8, err);

    if (!key)
        return false;
    bool ok = csr_build(key, csr, der, err);

    EVP_PKEY_free(key);
    return ok;
}

static bool sign(EVP_PKEY *key, const uint8_t message[static CHECKPOINT_MESSAGE_SIZE],
    struct vault_checkpoint *ret)
{
    size_t signature_size = sizeof ret->signature;
    size_t public_size = sizeof ret->public_key;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        ctx && EVP_PKEY_is_a(key, "ED25519") &&
        EVP_PKEY_get_raw_public_key(key, ret->public_key, &public_size) == 1 &&
        EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(ctx, ret->signature, &signature_size, message, CHECKPOINT_MESSAGE_SIZE) == 1;

    EVP_MD_CTX_free(ctx);
    return ok && signature_size == sizeof ret->signature;
}

static bool sign_message(struct span pkcs8, const uint8_t message[static CHECKPOINT_MESSAGE_SIZE],
    struct vault_checkpoint *ret, struct err *err)
{
    EVP_PKEY *key = keys_decode(pkcs8, err);

    if (!key)
        return false;
    bool ok = sign(key, message, ret);

    EVP_PKEY_free(key);
    return ok || fail(err, ERR_INTERNAL, "could not sign");
}

bool keys_sign_checkpoint(struct span pkcs8, struct vault_checkpoint *checkpoint, struct err *err)
{
    uint8_t message[CHECKPOINT_MESSAGE_SIZE];

    checkpoint_message(checkpoint, message);
    return sign_message(pkcs8, message, checkpoint, err);
}

bool keys_sign_backup(struct span pkcs8, struct vault_checkpoint *backup, struct err *err)
{
    uint8_t message[CHECKPOINT_MESSAGE_SIZE];

    checkpoint_backup_message(backup->hash, message);
    return sign_message(pkcs8, message, backup, err);
}
