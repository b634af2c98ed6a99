/* vault/master: the ring. */
#include "vault/master.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "codec/digest.h"

static void derive(const struct secret *bytes, const char *label, uint8_t ret[static SHA256_SIZE])
{
    digest_hmac_sha256(secret_span(bytes), span_text(label), ret);
}

bool master_ring_add(struct master_ring *ring, struct secret *bytes, struct err *err)
{
    uint8_t id[SHA256_SIZE];

    ASSERT(secret_size(bytes) == MASTER_KEY_SIZE);
    derive(bytes, "certdesk master key id 1", id);
    if (ring->n_keys == MASTER_KEYS_MAX) {
        secret_free(bytes);
        return fail(err, ERR_LIMIT, "there are more than %d master keys", MASTER_KEYS_MAX);
    }
    if (master_ring_find(ring, id)) {
        secret_free(bytes);
        return fail(err, ERR_CONFLICT, "a master key is there twice");
    }
    struct master_key *key = &ring->keys[ring->n_keys++];

    memcpy(key->id, id, sizeof key->id);
    key->bytes = bytes;
    return true;
}

void master_ring_done(struct master_ring *ring)
{
    for (size_t i = 0; i < ring->n_keys; i++)
        secret_free(ring->keys[i].bytes);
    *ring = (struct master_ring){ 0 };
}

const struct master_key *master_ring_find(const struct master_ring *ring,
    const uint8_t id[static MASTER_ID_SIZE])
{
    for (size_t i = 0; i < ring->n_keys; i++)
        if (memcmp(ring->keys[i].id, id, MASTER_ID_SIZE) == 0)
            return &ring->keys[i];
    return NULL;
}

const struct master_key *master_ring_find_name(const struct master_ring *ring, const char *key_id)
{
    uint8_t id[MASTER_ID_SIZE];
    size_t n = 0;

    if (sodium_hex2bin(id, sizeof id, key_id, strlen(key_id), NULL, &n, NULL) != 0 ||
        n != sizeof id)
        return NULL;
    return master_ring_find(ring, id);
}

void master_identify_bytes(const struct secret *bytes, struct vault_identity *ret)
{
    uint8_t id[SHA256_SIZE];

    _Static_assert(VAULT_KEY_ID_SIZE == 2 * MASTER_ID_SIZE + 1, "an id is shown in hexadecimal");
    derive(bytes, "certdesk master key id 1", id);
    sodium_bin2hex(ret->key_id, sizeof ret->key_id, id, MASTER_ID_SIZE);
    derive(bytes, "certdesk check value 1", ret->check);
}

void master_identify(const struct master_key *key, struct vault_identity *ret)
{
    master_identify_bytes(key->bytes, ret);
}
