/* codec/digest: see the header. */
#include "codec/digest.h"

#include <sodium.h>

_Static_assert(SHA256_SIZE == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");

void digest_sha256(struct span s, uint8_t ret[static SHA256_SIZE])
{
    (void)crypto_hash_sha256(ret, s.data, s.size);
}

void digest_sha256_parts(const struct span *parts, size_t n_parts, uint8_t ret[static SHA256_SIZE])
{
    crypto_hash_sha256_state state;

    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n_parts; i++)
        (void)crypto_hash_sha256_update(&state, parts[i].data, parts[i].size);
    (void)crypto_hash_sha256_final(&state, ret);
}

void digest_hmac_sha256(struct span key, struct span s, uint8_t ret[static SHA256_SIZE])
{
    crypto_auth_hmacsha256_state state;

    (void)crypto_auth_hmacsha256_init(&state, key.data, key.size);
    (void)crypto_auth_hmacsha256_update(&state, s.data, s.size);
    (void)crypto_auth_hmacsha256_final(&state, ret);
}
