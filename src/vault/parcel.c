/*
 * vault/parcel: see the header. Names in comments are those of RFC 9180.
 *
 * Nothing that is expanded here is longer than one block of HMAC-SHA256, so HKDF is two calls of
 * HMAC.
 */
#include "vault/parcel.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"

#define HASH_SIZE 32
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define LABELED_MAX 1024

/* "KEM", 0x0020; "HPKE", 0x0020 0x0001 0x0002 (section 4.1 and 5.1). */
#define KEM_SUITE ((struct span){ (const uint8_t *)"KEM\0\x20", 5 })
#define HPKE_SUITE ((struct span){ (const uint8_t *)"HPKE\0\x20\0\1\0\2", 10 })

/* What both ends derive. */
struct keys {
    uint8_t key[32];
    uint8_t nonce[HASH_SIZE]; /* the first NONCE_SIZE of it */
};

static void keyed_hash(struct span key, struct span data, uint8_t ret[static HASH_SIZE])
{
    /* HMAC() takes an empty key only where there is a pointer to it. */
    const void *at = key.size ? (const void *)key.data : "";

    ASSERT(HMAC(EVP_sha256(), at, (int)key.size, data.data, data.size, ret, NULL) != NULL);
}

/* LabeledExtract(). */
static void extract(struct span suite, struct span salt, const char *label, struct span ikm,
    uint8_t ret[static HASH_SIZE])
{
    autodone(buf) struct buf labeled = BUF_INIT_SECRET(LABELED_MAX);

    buf_add_text(&labeled, "HPKE-v1");
    buf_add_span(&labeled, suite);
    buf_add_text(&labeled, label);
    buf_add_span(&labeled, ikm);
    ASSERT(buf_ok(&labeled));
    keyed_hash(salt, buf_span(&labeled), ret);
}

/* LabeledExpand() of `size` bytes, of which there are HASH_SIZE at most. */
static void expand(struct span suite, const uint8_t prk[static HASH_SIZE], const char *label,
    struct span info, uint16_t size, uint8_t ret[static HASH_SIZE])
{
    autodone(buf) struct buf labeled = BUF_INIT_SECRET(LABELED_MAX);

    buf_add_u16(&labeled, size);
    buf_add_text(&labeled, "HPKE-v1");
    buf_add_span(&labeled, suite);
    buf_add_text(&labeled, label);
    buf_add_span(&labeled, info);
    buf_add_u8(&labeled, 1);
    ASSERT(buf_ok(&labeled) && size <= HASH_SIZE);
    keyed_hash(span_of(prk, HASH_SIZE), buf_span(&labeled), ret);
}

/* ExtractAndExpand() of section 4.1, then KeySchedule() of 5.1 in mode_base. */
static void schedule(struct span dh, const uint8_t *enc, const uint8_t *public_key,
    struct span info, struct keys *ret)
{
    uint8_t kem_context[2 * PARCEL_PUBLIC_SIZE], context[1 + 2 * HASH_SIZE] = { 0 };
    uint8_t prk[HASH_SIZE], shared[HASH_SIZE], secret[HASH_SIZE];

    memcpy(kem_context, enc, PARCEL_PUBLIC_SIZE);
    memcpy(kem_context + PARCEL_PUBLIC_SIZE, public_key, PARCEL_PUBLIC_SIZE);
    extract(KEM_SUITE, SPAN_EMPTY, "eae_prk", dh, prk);
    expand(KEM_SUITE, prk, "shared_secret", span_of(kem_context, sizeof kem_context), HASH_SIZE,
        shared);
    extract(HPKE_SUITE, SPAN_EMPTY, "psk_id_hash", SPAN_EMPTY, context + 1);
    extract(HPKE_SUITE, SPAN_EMPTY, "info_hash", info, context + 1 + HASH_SIZE);
    extract(HPKE_SUITE, span_of(shared, sizeof shared), "secret", SPAN_EMPTY, secret);
    expand(HPKE_SUITE, secret, "key", span_of(context, sizeof context), 32, ret->key);
    expand(HPKE_SUITE, secret, "base_nonce", span_of(context, sizeof context), NONCE_SIZE,
        ret->nonce);
    secret_wipe(prk, sizeof prk);
    secret_wipe(shared, sizeof shared);
    secret_wipe(secret, sizeof secret);
}

/* DH(); false also for a point that gives nothing but zeros (section 7.1.4). */
static bool exchange(EVP_PKEY *own, const uint8_t *peer_public, uint8_t ret[static HASH_SIZE])
{
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer_public, PARCEL_PUBLIC_SIZE);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    size_t size = HASH_SIZE;
    bool ok = peer && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, ret, &size) == 1 &&
              size == HASH_SIZE;

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return ok;
}

static bool raw_public(const EVP_PKEY *key, uint8_t ret[static PARCEL_PUBLIC_SIZE])
{
    size_t size = PARCEL_PUBLIC_SIZE;

    return EVP_PKEY_get_raw_public_key(key, ret, &size) == 1 && size == PARCEL_PUBLIC_SIZE;
}

bool parcel_make_pair(uint8_t ret_public[static PARCEL_PUBLIC_SIZE], struct secret **ret_private,
    struct err *err)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    struct secret *private_key = secret_new_zeroed(PARCEL_PRIVATE_SIZE);
    size_t size = PARCEL_PRIVATE_SIZE;
    bool ok = key && raw_public(key, ret_public) &&
              EVP_PKEY_get_raw_private_key(key, secret_bytes(private_key), &size) == 1;

    EVP_PKEY_free(key);
    if (!ok) {
        secret_free(private_key);
        return fail(err, ERR_INTERNAL, "could not make a key for an upload");
    }
    *ret_private = private_key;
    return true;
}

/* ciphertext and tag → `ret`, which has room for clear.size + TAG_SIZE. */
static bool gcm_encrypt(const struct keys *keys, struct span aad, struct span clear, uint8_t *ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys->key, keys->nonce) == 1;

    if (ok && aad.size > 0)
        ok = EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.size) == 1;
    ok = ok && EVP_EncryptUpdate(ctx, ret, &n, clear.data, (int)clear.size) == 1 &&
         EVP_EncryptFinal_ex(ctx, ret + clear.size, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, ret + clear.size) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/* `ret` has room for sealed.size - TAG_SIZE. */
static bool gcm_decrypt(const struct keys *keys, struct span aad, struct span sealed, uint8_t *ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t size = sealed.size - TAG_SIZE;
    uint8_t tag[TAG_SIZE];
    int n;
    bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys->key, keys->nonce) == 1;

    memcpy(tag, sealed.data + size, TAG_SIZE);
    if (ok && aad.size > 0)
        ok = EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.size) == 1;
    ok = ok && EVP_DecryptUpdate(ctx, ret, &n, sealed.data, (int)size) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
         EVP_DecryptFinal_ex(ctx, ret + size, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

bool parcel_close(const uint8_t public_key[static PARCEL_PUBLIC_SIZE], struct span info,
    struct span aad, struct span clear, struct buf *parcel, struct err *err)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    uint8_t enc[PARCEL_PUBLIC_SIZE], dh[HASH_SIZE];
    struct keys keys = { 0 };
    bool ok = key && raw_public(key, enc) && exchange(key, public_key, dh);

    if (ok) {
        schedule(span_of(dh, sizeof dh), enc, public_key, info, &keys);
        buf_add(parcel, enc, sizeof enc);
        uint8_t *room = buf_extend(parcel, clear.size + TAG_SIZE);

        ok = room && gcm_encrypt(&keys, aad, clear, room);
    }
    EVP_PKEY_free(key);
    secret_wipe(dh, sizeof dh);
    secret_wipe(&keys, sizeof keys);
    return ok || fail(err, ERR_INTERNAL, "could not wrap a key up for the vault");
}

static bool derive(const struct secret *private_key, const uint8_t *enc, struct span info,
    struct keys *ret)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
        secret_span(private_key).data, secret_size(private_key));
    uint8_t public_key[PARCEL_PUBLIC_SIZE], dh[HASH_SIZE];
    bool ok = key && raw_public(key, public_key) && exchange(key, enc, dh);

    if (ok)
        schedule(span_of(dh, sizeof dh), enc, public_key, info, ret);
    EVP_PKEY_free(key);
    secret_wipe(dh, sizeof dh);
    return ok;
}

bool parcel_open(const struct secret *private_key, struct span info, struct span aad,
    struct span parcel, struct secret **ret, struct err *err)
{
    struct keys keys = { 0 };

    if (parcel.size <= PARCEL_OVERHEAD)
        return fail(err, ERR_INVALID, "this is no key for the vault");
    autofree(secret) struct secret *clear = secret_new_zeroed(parcel.size - PARCEL_OVERHEAD);
    bool ok = derive(private_key, parcel.data, info, &keys) &&
              gcm_decrypt(&keys, aad, span_slice(parcel, PARCEL_PUBLIC_SIZE, SIZE_MAX),
                  secret_bytes(clear));

    secret_wipe(&keys, sizeof keys);
    if (!ok)
        return fail(err, ERR_INVALID, "the key for the vault is damaged, or for another one");
    *ret = take(&clear);
    return true;
}
