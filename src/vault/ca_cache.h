/*
 * vault/ca_cache: the seals of authorities that were opened last, kept open.
 *
 * Opening one costs more than a signature: its key and its certificate must be decoded. What is
 * kept is found by SHA-256 of the sealed bytes and of what they are bound to, so only whoever could
 * have had the seal opened gets it, and a seal that was written anew is another one. Keys stay in
 * OpenSSL's secure heap and in pages of a struct secret; they are wiped when others need the place,
 * when the vault is unlocked anew, takes another master key or wraps a seal anew, and when it ends
 * (docs/adr/0014).
 */
#pragma once

#include "base/base.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "vault/ca_seal.h"

struct err;
struct master_ring;
struct hsm;
struct vault_binding;

#define CA_CACHE_SIZE 4

struct ca_cache {
    struct ca_opened {
        uint8_t id[SHA256_SIZE];
        int64_t used; /* by the cache's `now`; 0: the place is free */
        struct secret *clear;
        struct ca_seal seal;
    } items[CA_CACHE_SIZE];
    int64_t now;     /* counts what was asked for */
    struct hsm *hsm; /* outlives it; NULL: none */
};

/*
 * What is in the seal, which stays the cache's: until the next call of either function. Fails as
 * seal_open() and ca_seal_read().
 */
bool ca_cache_open(struct ca_cache *cache, const struct master_ring *ring,
    const struct vault_binding *binding, struct span sealed, const struct ca_seal **ret,
    struct err *err) must_check;

/* Nothing is kept any more. */
void ca_cache_wipe(struct ca_cache *cache);
