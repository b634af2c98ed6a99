/* vault/ca_cache: see the header. */
#include "vault/ca_cache.h"

#include <string.h>

#include "base/err.h"
#include "vault/client_keys.h"
#include "vault/seal.h"

static void identify(const struct vault_binding *binding, struct span sealed,
    uint8_t ret[static SHA256_SIZE])
{
    const uint8_t purpose = (uint8_t)binding->purpose;
    const struct span parts[] = {
        span_of(&purpose, 1),
        span_of(binding->row, strlen(binding->row) + 1), /* with its NUL: where it ends */
        sealed,
    };

    digest_sha256_parts(parts, countof(parts), ret);
}

static void wipe(struct ca_opened *item)
{
    ca_seal_done(&item->seal);
    secret_free(item->clear);
    *item = (struct ca_opened){ 0 };
}

/* The place of what was not asked for the longest. */
static struct ca_opened *make_room(struct ca_cache *cache)
{
    struct ca_opened *oldest = &cache->items[0];

    for (size_t i = 1; i < countof(cache->items); i++)
        if (cache->items[i].used < oldest->used)
            oldest = &cache->items[i];
    wipe(oldest);
    return oldest;
}

bool ca_cache_open(struct ca_cache *cache, const struct master_ring *ring,
    const struct vault_binding *binding, struct span sealed, const struct ca_seal **ret,
    struct err *err)
{
    uint8_t id[SHA256_SIZE];
    struct ca_opened *item = NULL;

    identify(binding, sealed, id);
    for (size_t i = 0; i < countof(cache->items); i++)
        if (cache->items[i].used && memcmp(cache->items[i].id, id, sizeof id) == 0)
            item = &cache->items[i];
    if (!item) {
        item = make_room(cache);
        if (!seal_open(ring, binding, sealed, &item->clear, err) ||
            !ca_seal_read(secret_span(item->clear), cache->hsm, &item->seal, err)) {
            wipe(item);
            return false;
        }
        memcpy(item->id, id, sizeof id);
    }
    item->used = ++cache->now;
    *ret = &item->seal;
    return true;
}

void ca_cache_wipe(struct ca_cache *cache)
{
    for (size_t i = 0; i < countof(cache->items); i++)
        wipe(&cache->items[i]);
}
