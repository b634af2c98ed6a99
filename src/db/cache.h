/*
 * db/cache: the prepared statements of one connection, found by their text.
 *
 * The cache owns what it holds. A statement in use is marked by its driver; one needed twice at the
 * same time is prepared a second time and not kept.
 */
#pragma once

#include "base/base.h"

#define STMT_CACHE_SLOTS 512
#define STMT_CACHE_PLACES 1024

struct stmt_cache {
    struct stmt_cache_slot {
        uint64_t hash;
        char *sql;
        void *value;
    } slots[STMT_CACHE_SLOTS];
    size_t n;

    /* Most texts are literals: where one was found by its address before, it is compared, not
     * hashed. */
    struct stmt_cache_place {
        const char *sql;
        size_t slot;
    } places[STMT_CACHE_PLACES];
    void (*release)(void *value);
};

void stmt_cache_init(struct stmt_cache *cache, void (*release)(void *value));
void stmt_cache_done(struct stmt_cache *cache);

/* NULL when it is not there. */
void *stmt_cache_find(struct stmt_cache *cache, const char *sql);

/* Three quarters of the slots are in use: nothing more is kept. */
bool stmt_cache_is_full(const struct stmt_cache *cache);

/* False when the cache is full: the caller keeps the value then. */
bool stmt_cache_add(struct stmt_cache *cache, const char *sql, void *value);
