/* x509/memo: see the header. */
#include "x509/memo.h"

#include <string.h>

static struct memo_slot *find(struct memo *memo, const uint8_t id[static SHA256_SIZE])
{
    for (size_t i = 0; i < countof(memo->slots); i++)
        if (memo->slots[i].part && memcmp(memo->slots[i].id, id, SHA256_SIZE) == 0)
            return &memo->slots[i];
    return NULL;
}

struct memo_part *memo_find(struct memo *memo, const uint8_t id[static SHA256_SIZE])
{
    struct memo_part *part = NULL;

    (void)pthread_mutex_lock(&memo->lock);
    struct memo_slot *slot = find(memo, id);

    if (slot) {
        slot->used = ++memo->now;
        part = slot->part;
        (void)atomic_fetch_add(&part->n_users, 1);
    }
    (void)pthread_mutex_unlock(&memo->lock);
    return part;
}

void memo_keep(struct memo *memo, const uint8_t id[static SHA256_SIZE], struct memo_part *part,
    size_t size)
{
    struct memo_part *before = NULL;

    if (size > MEMO_BYTES_MAX)
        return;

    (void)pthread_mutex_lock(&memo->lock);
    if (!find(memo, id)) { /* another thread may have parsed the same */
        struct memo_slot *oldest = &memo->slots[0];

        for (size_t i = 1; i < countof(memo->slots); i++)
            if (memo->slots[i].used < oldest->used)
                oldest = &memo->slots[i];
        before = oldest->part;
        (void)atomic_fetch_add(&part->n_users, 1);
        memcpy(oldest->id, id, SHA256_SIZE);
        oldest->part = part;
        oldest->used = ++memo->now;
    }
    (void)pthread_mutex_unlock(&memo->lock);
    if (before)
        memo->drop(before);
}

bool memo_part_release(struct memo_part *part)
{
    return atomic_fetch_sub(&part->n_users, 1) == 1;
}
