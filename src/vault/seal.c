/* vault/seal: see the header. */
#include "vault/seal.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/master.h"

#define MAGIC "CDS\1"
#define MAGIC_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define DATA_KEY_SIZE 32
#define HEADER_SIZE (MAGIC_SIZE + MASTER_ID_SIZE)
#define WRAPPED_SIZE (NONCE_SIZE + DATA_KEY_SIZE + TAG_SIZE)
#define AAD_MAX 512

_Static_assert(SEAL_OVERHEAD == HEADER_SIZE + WRAPPED_SIZE + NONCE_SIZE + TAG_SIZE, "as it says");

/* One of the two parts: what is authenticated with it. */
static void build_aad(struct buf *aad, const struct vault_binding *binding, const uint8_t *key_id)
{
    const char *purpose = vault_purpose_name(binding->purpose);

    buf_add_text(aad, key_id ? "certdesk data key 1" : "certdesk sealed 1");
    buf_add_u32(aad, (uint32_t)strlen(purpose));
    buf_add_text(aad, purpose);
    buf_add_u32(aad, (uint32_t)strlen(binding->row));
    buf_add_text(aad, binding->row);
    if (key_id)
        buf_add(aad, key_id, MASTER_ID_SIZE);
    ASSERT(buf_ok(aad));
}

/* nonce, ciphertext, tag → `ret`, which has room for NONCE_SIZE + clear.size + TAG_SIZE. */
static bool encrypt_under(const struct secret *key, struct span aad, struct span clear,
    uint8_t *ret)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *nonce = ret, *text = ret + NONCE_SIZE, *tag = text + clear.size;
    int n = 0;

    rand_bytes(nonce, NONCE_SIZE);
    bool ok = c &&
              EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, secret_span(key).data, nonce) == 1 &&
              EVP_EncryptUpdate(c, NULL, &n, aad.data, (int)aad.size) == 1 &&
              EVP_EncryptUpdate(c, text, &n, clear.data, (int)clear.size) == 1 &&
              EVP_EncryptFinal_ex(c, text + n, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;

    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* The inverse; `ret` has room for sealed.size - NONCE_SIZE - TAG_SIZE, and is wiped on failure. */
static bool decrypt_under(const struct secret *key, struct span aad, struct span sealed,
    uint8_t *ret)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    size_t size = sealed.size - NONCE_SIZE - TAG_SIZE;
    uint8_t tag[TAG_SIZE];
    int n = 0;

    memcpy(tag, sealed.data + NONCE_SIZE + size, TAG_SIZE);
    bool ok =
        c &&
        EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, secret_span(key).data, sealed.data) == 1 &&
        EVP_DecryptUpdate(c, NULL, &n, aad.data, (int)aad.size) == 1 &&
        EVP_DecryptUpdate(c, ret, &n, sealed.data + NONCE_SIZE, (int)size) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
        EVP_DecryptFinal_ex(c, ret + n, &n) == 1;

    EVP_CIPHER_CTX_free(c);
    if (!ok)
        secret_wipe(ret, size);
    return ok;
}

bool vault_sealed_under(struct span sealed, char ret[static VAULT_KEY_ID_SIZE])
{
    if (sealed.size <= SEAL_OVERHEAD || memcmp(sealed.data, MAGIC, MAGIC_SIZE) != 0)
        return false;
    sodium_bin2hex(ret, VAULT_KEY_ID_SIZE, sealed.data + MAGIC_SIZE, MASTER_ID_SIZE);
    return true;
}

bool seal_close(const struct master_ring *ring, const struct vault_binding *binding,
    struct span clear, struct buf *sealed, struct err *err)
{
    autofree(secret) struct secret *data_key = secret_new_zeroed(DATA_KEY_SIZE);
    autodone(buf) struct buf wrap_aad = BUF_INIT(AAD_MAX);
    autodone(buf) struct buf aad = BUF_INIT(AAD_MAX);
    const struct master_key *master;

    ASSERT(ring->n_keys > 0 && clear.size > 0 && clear.size <= VAULT_SECRET_MAX);
    master = &ring->keys[ring->sealing];
    build_aad(&wrap_aad, binding, master->id);
    build_aad(&aad, binding, NULL);
    rand_bytes(secret_bytes(data_key), DATA_KEY_SIZE);
    uint8_t *at = buf_extend(sealed, SEAL_OVERHEAD + clear.size);

    if (!at)
        return buf_check(sealed, "a sealed key", err);
    memcpy(at, MAGIC, MAGIC_SIZE); /* NOLINT(bugprone-not-null-terminated-result): not text */
    memcpy(at + MAGIC_SIZE, master->id, MASTER_ID_SIZE);
    if (!encrypt_under(master->bytes, buf_span(&wrap_aad), secret_span(data_key),
            at + HEADER_SIZE) ||
        !encrypt_under(data_key, buf_span(&aad), clear, at + HEADER_SIZE + WRAPPED_SIZE))
        return fail(err, ERR_INTERNAL, "could not seal");
    return true;
}

/* The blob's data key, which the master key it names must be here for. */
static bool unwrap(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, struct secret **ret, struct err *err)
{
    autofree(secret) struct secret *data_key = secret_new_zeroed(DATA_KEY_SIZE);
    autodone(buf) struct buf aad = BUF_INIT(AAD_MAX);

    if (sealed.size <= SEAL_OVERHEAD || sealed.size > VAULT_SEALED_MAX ||
        memcmp(sealed.data, MAGIC, MAGIC_SIZE) != 0)
        return fail(err, ERR_INVALID, "this is no sealed key");
    const struct master_key *master = master_ring_find(ring, sealed.data + MAGIC_SIZE);

    if (!master)
        return fail(err, ERR_CONFLICT, "it is sealed under a master key that is not here");
    build_aad(&aad, binding, master->id);
    if (!decrypt_under(master->bytes, buf_span(&aad), span_slice(sealed, HEADER_SIZE, WRAPPED_SIZE),
            secret_bytes(data_key)))
        return fail(err, ERR_INVALID, "the sealed key is damaged, or belongs elsewhere");
    *ret = take(&data_key);
    return true;
}

static bool open_with(const struct secret *data_key, const struct vault_binding *binding,
    struct span sealed, struct secret **ret, struct err *err)
{
    autofree(secret) struct secret *clear = secret_new_zeroed(sealed.size - SEAL_OVERHEAD);
    autodone(buf) struct buf aad = BUF_INIT(AAD_MAX);

    build_aad(&aad, binding, NULL);
    if (!decrypt_under(data_key, buf_span(&aad),
            span_slice(sealed, HEADER_SIZE + WRAPPED_SIZE, SIZE_MAX), secret_bytes(clear)))
        return fail(err, ERR_INVALID, "the sealed key is damaged, or belongs elsewhere");
    *ret = take(&clear);
    return true;
}

bool seal_open(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, struct secret **ret, struct err *err)
{
    autofree(secret) struct secret *data_key = NULL;

    return unwrap(ring, binding, sealed, &data_key, err) &&
           open_with(data_key, binding, sealed, ret, err);
}

bool seal_export(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, struct secret **ret_data_key, struct err *err)
{
    autofree(secret) struct secret *data_key = NULL;
    autofree(secret) struct secret *clear = NULL;

    /* Opened to be sure: a key that cannot be used would be found out too late. */
    if (!unwrap(ring, binding, sealed, &data_key, err) ||
        !open_with(data_key, binding, sealed, &clear, err))
        return false;
    *ret_data_key = take(&data_key);
    return true;
}

/* The blob with its data key under this master key; what is encrypted with it stays as it is. */
static bool wrap(const struct master_key *master, const struct vault_binding *binding,
    struct span sealed, const struct secret *data_key, struct buf *ret, struct err *err)
{
    autodone(buf) struct buf aad = BUF_INIT(AAD_MAX);
    uint8_t *at = buf_extend(ret, sealed.size);

    if (!at)
        return buf_check(ret, "a sealed key", err);
    memcpy(at, sealed.data, sealed.size);
    memcpy(at + MAGIC_SIZE, master->id, MASTER_ID_SIZE);
    build_aad(&aad, binding, master->id);
    return encrypt_under(master->bytes, buf_span(&aad), secret_span(data_key), at + HEADER_SIZE) ||
           fail(err, ERR_INTERNAL, "could not seal");
}

bool seal_adopt(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, const struct secret *data_key, struct buf *ret, struct err *err)
{
    autofree(secret) struct secret *clear = NULL;

    if (sealed.size <= SEAL_OVERHEAD || sealed.size > VAULT_SEALED_MAX ||
        secret_size(data_key) != DATA_KEY_SIZE)
        return fail(err, ERR_INVALID, "this is no sealed key");
    return open_with(data_key, binding, sealed, &clear, err) &&
           wrap(&ring->keys[ring->sealing], binding, sealed, data_key, ret, err);
}

bool seal_rewrap(const struct master_ring *ring, const struct master_key *master,
    const struct vault_binding *binding, struct span sealed, struct buf *ret, struct err *err)
{
    autofree(secret) struct secret *data_key = NULL;

    return unwrap(ring, binding, sealed, &data_key, err) &&
           wrap(master, binding, sealed, data_key, ret, err);
}
