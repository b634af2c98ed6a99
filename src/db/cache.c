/* db/cache: see the header. Open addressing over a hash like FNV-1a; statements are literals, so
 * there are only so many. */
#include "db/cache.h"

#include <string.h>

#include "base/alloc.h"

/* Eight bytes a step: statements are long, and each is looked for each time it is used. */
static uint64_t hash_text(const char *text)
{
    const uint64_t prime = UINT64_C(1099511628211);
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t n = strlen(text);

    for (; n >= sizeof hash; n -= sizeof hash, text += sizeof hash) {
        uint64_t word;

        memcpy(&word, text, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32;
    }
    for (; n > 0; n--, text++)
        hash = (hash ^ (uint8_t)*text) * prime;
    return hash;
}

void stmt_cache_init(struct stmt_cache *cache, void (*release)(void *value))
{
    memset(cache, 0, sizeof *cache);
    cache->release = release;
}

void stmt_cache_done(struct stmt_cache *cache)
{
    for (size_t i = 0; i < STMT_CACHE_SLOTS; i++) {
        if (!cache->slots[i].sql)
            continue;
        free(cache->slots[i].sql);
        cache->release(cache->slots[i].value);
        cache->slots[i].sql = NULL;
    }
    cache->n = 0;
}

static size_t find_slot(const struct stmt_cache *cache, uint64_t hash, const char *sql)
{
    size_t i = hash % STMT_CACHE_SLOTS;

    while (cache->slots[i].sql &&
           (cache->slots[i].hash != hash || strcmp(cache->slots[i].sql, sql) != 0))
        i = (i + 1) % STMT_CACHE_SLOTS;
    return i;
}

static struct stmt_cache_place *place_of(struct stmt_cache *cache, const char *sql)
{
    return &cache->places[((uintptr_t)sql >> 3) % STMT_CACHE_PLACES];
}

void *stmt_cache_find(struct stmt_cache *cache, const char *sql)
{
    struct stmt_cache_place *const place = place_of(cache, sql);
    const struct stmt_cache_slot *slot = &cache->slots[place->slot];

    if (place->sql == sql && slot->sql && strcmp(slot->sql, sql) == 0)
        return slot->value;
    const size_t i = find_slot(cache, hash_text(sql), sql);

    if (!cache->slots[i].sql)
        return NULL;
    *place = (struct stmt_cache_place){ sql, i };
    return cache->slots[i].value;
}

bool stmt_cache_is_full(const struct stmt_cache *cache)
{
    return cache->n >= STMT_CACHE_SLOTS / 4 * 3;
}

bool stmt_cache_add(struct stmt_cache *cache, const char *sql, void *value)
{
    uint64_t hash = hash_text(sql);
    size_t i = find_slot(cache, hash, sql);

    if (stmt_cache_is_full(cache))
        return false;
    ASSERT(!cache->slots[i].sql);
    cache->slots[i].hash = hash;
    cache->slots[i].sql = xstrdup(sql);
    cache->slots[i].value = value;
    cache->n++;
    return true;
}
