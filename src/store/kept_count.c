/* store/kept_count: see the header. */
#include "store/kept_count.h"

#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "codec/digest.h"
#include "store/read.h"

#define N_KEPT 256

struct kept {
    uint8_t question[SHA256_SIZE];
    int64_t n;
    bool is_there;
};

static struct {
    pthread_mutex_t lock;
    struct kept items[N_KEPT];
    size_t next; /* to be replaced: the oldest */
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool find(const uint8_t question[static SHA256_SIZE], int64_t *ret)
{
    bool found = false;

    (void)pthread_mutex_lock(&store.lock);
    for (size_t i = 0; i < N_KEPT && !found; i++) {
        const struct kept *kept = &store.items[i];

        found = kept->is_there && memcmp(kept->question, question, SHA256_SIZE) == 0;
        if (found)
            *ret = kept->n;
    }
    (void)pthread_mutex_unlock(&store.lock);
    return found;
}

static void keep(const uint8_t question[static SHA256_SIZE], int64_t n)
{
    (void)pthread_mutex_lock(&store.lock);
    struct kept *kept = &store.items[store.next];

    store.next = (store.next + 1) % N_KEPT;
    memcpy(kept->question, question, SHA256_SIZE);
    kept->n = n;
    kept->is_there = true;
    (void)pthread_mutex_unlock(&store.lock);
}

bool kept_count(struct tx *tx, const struct select *select, int64_t *ret, struct err *err)
{
    uint8_t question[SHA256_SIZE];
    char stamp[TX_STAMP_SIZE];

    if (!tx_stamp(tx, stamp, err))
        return false;
    if (*stamp) {
        select_digest(select, stamp, question);
        if (find(question, ret))
            return true;
    }
    autofree(stmt) struct stmt *q = select_prepare(tx, select);

    if (!read_number(q, ret, err))
        return false;
    if (*stamp)
        keep(question, *ret);
    return true;
}
