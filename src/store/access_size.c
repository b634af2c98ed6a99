/* store/access_size: see the header. */
#include "store/access_size.h"

#include <pthread.h>

#include "base/clock.h"
#include "db/db.h"

#define N_KEPT 256
#define KEPT_MS 60000

struct kept {
    const struct db *db; /* NULL: a free place */
    int64_t account_id;
    int64_t until_ms;
    struct access_size size;
};

static struct {
    pthread_mutex_t lock;
    struct kept items[N_KEPT];
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One place for each; whoever comes later to the same one has it. */
static struct kept *place_of(const struct db *db, int64_t account_id)
{
    const uint64_t hash = ((uint64_t)(uintptr_t)db >> 4) * 31 + (uint64_t)account_id;

    return &store.items[hash % N_KEPT];
}

struct access_size access_size_find(const struct tx *tx, int64_t account_id)
{
    const struct db *const db = tx_db(tx);
    struct access_size size = { 0 };

    (void)pthread_mutex_lock(&store.lock);
    const struct kept *const kept = place_of(db, account_id);

    if (kept->db == db && kept->account_id == account_id && clock_mono_ms() < kept->until_ms)
        size = kept->size;
    (void)pthread_mutex_unlock(&store.lock);
    return size;
}

void access_size_keep(const struct tx *tx, int64_t account_id, const struct access_size *size)
{
    const struct db *const db = tx_db(tx);

    (void)pthread_mutex_lock(&store.lock);
    *place_of(db, account_id) = (struct kept){ db, account_id, clock_mono_ms() + KEPT_MS, *size };
    (void)pthread_mutex_unlock(&store.lock);
}
