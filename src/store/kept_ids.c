/* store/kept_ids: see the header. */
#include "store/kept_ids.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "core/rows.h"

#define N_KEPT 256

/* All together. A million ids are at most an eighth of one. */
#define BYTES_MAX ((size_t)12 << 20)

/* Fewer are read from their index at once. */
#define WORTH_KEEPING 100

/* One of them as bits, if that is less than the ids themselves. Never changed once it is made. */
struct kept_set {
    atomic_int n_users;
    size_t n;
    int64_t max;    /* the last of them */
    size_t bytes;   /* what it takes */
    int64_t *items; /* ascending; NULL: … */
    uint64_t *bits; /* … these are */
};

struct kept {
    uint8_t question[32];
    struct stmt_stamp stamp;
    struct kept_set *set; /* NULL: a free place */
    int64_t asked_at_ms;
};

static struct {
    pthread_mutex_t lock;
    struct kept items[N_KEPT];
    size_t bytes;
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void give_back(struct kept_set *set)
{
    if (!set || atomic_fetch_sub(&set->n_users, 1) > 1)
        return;
    free(set->items);
    free(set->bits);
    free(set);
}

static struct kept_set *make_set(const struct id_list *ids)
{
    const int64_t max = ids->items[ids->n - 1];
    const size_t n_words = (size_t)max / 64 + 1;
    struct kept_set *set = xcalloc(1, sizeof *set);

    set->n_users = 1;
    set->n = ids->n;
    set->max = max;
    set->bytes = sizeof(uint64_t) * (n_words < ids->n ? n_words : ids->n);
    if (n_words >= ids->n) {
        set->items = xcalloc(ids->n, sizeof *set->items);
        memcpy(set->items, ids->items, ids->n * sizeof *set->items);
        return set;
    }
    set->bits = xcalloc(n_words, sizeof *set->bits);
    for (size_t i = 0; i < ids->n; i++)
        set->bits[ids->items[i] / 64] |= (uint64_t)1 << ids->items[i] % 64;
    return set;
}

static void drop(struct kept *kept)
{
    if (kept->set)
        store.bytes -= kept->set->bytes;
    give_back(kept->set);
    *kept = (struct kept){ 0 };
}

/* The place of that question, whatever the state that it was asked of; NULL: it was not. */
static struct kept *place_of(const struct kept_question *question)
{
    for (size_t i = 0; i < N_KEPT; i++) {
        struct kept *const kept = &store.items[i];

        if (kept->set && kept->stamp.place == question->stamp.place &&
            memcmp(kept->question, question->bytes, sizeof question->bytes) == 0)
            return kept;
    }
    return NULL;
}

/* The one that was asked for the longest ago; not only of those in use, a free one, if there is
 * any, which was never asked for. NULL: none is in use. */
static struct kept *oldest(bool in_use)
{
    struct kept *found = NULL;

    for (size_t i = 0; i < N_KEPT; i++) {
        struct kept *const kept = &store.items[i];

        if ((kept->set || !in_use) && (!found || kept->asked_at_ms < found->asked_at_ms))
            found = kept;
    }
    return found;
}

static void make_room(size_t bytes)
{
    struct kept *kept = oldest(true);

    while (kept && store.bytes + bytes > BYTES_MAX) {
        drop(kept);
        kept = oldest(true);
    }
}

/* The caller gives it back. */
static struct kept_set *borrow(const struct kept_question *question)
{
    struct kept_set *set = NULL;

    if (!question->is_there)
        return NULL;
    (void)pthread_mutex_lock(&store.lock);
    struct kept *const kept = place_of(question);

    if (kept && kept->stamp.commit == question->stamp.commit) {
        set = kept->set;
        atomic_fetch_add(&set->n_users, 1);
        kept->asked_at_ms = clock_mono_ms();
    }
    (void)pthread_mutex_unlock(&store.lock);
    return set;
}

void kept_ids_ask(const struct select *select, const struct stmt *q, struct kept_question *ret)
{
    ret->is_there = stmt_stamp(q, &ret->stamp);
    if (ret->is_there)
        select_digest(select, "", ret->bytes);
}

int64_t kept_ids_count(const struct kept_question *question)
{
    struct kept_set *const set = borrow(question);
    const int64_t n = set ? (int64_t)set->n : -1;

    give_back(set);
    return n;
}

static void copy_bits(const struct kept_set *set, int64_t *to)
{
    for (size_t i = 0; i <= (size_t)set->max / 64; i++) {
        for (uint64_t word = set->bits[i]; word; word &= word - 1)
            *to++ = (int64_t)i * 64 + __builtin_ctzll(word);
    }
}

bool kept_ids_find(const struct kept_question *question, struct id_list *ids)
{
    struct kept_set *const set = borrow(question);

    if (!set)
        return false;
    *ids = (struct id_list){ .items = xcalloc(set->n, sizeof *ids->items),
        .n = set->n,
        .room = set->n };
    if (set->bits)
        copy_bits(set, ids->items);
    else
        memcpy(ids->items, set->items, set->n * sizeof *ids->items);
    give_back(set);
    return true;
}

static void pick_by_bits(const struct kept_set *set, struct id_list *ids)
{
    size_t n = 0;

    for (size_t i = 0; i < ids->n; i++) {
        const int64_t id = ids->items[i];

        if (id <= set->max && set->bits[id / 64] >> id % 64 & 1)
            ids->items[n++] = id;
    }
    ids->n = n;
}

bool kept_ids_pick(const struct kept_question *question, struct id_list *ids)
{
    struct kept_set *const set = borrow(question);

    if (!set)
        return false;
    if (set->bits)
        pick_by_bits(set, ids);
    else
        id_list_pick(ids, &(struct id_list){ .items = set->items, .n = set->n });
    give_back(set);
    return true;
}

void kept_ids_keep(const struct kept_question *question, const struct id_list *ids)
{
    struct kept_set *set;
    struct kept *kept;

    if (!question->is_there || ids->n < WORTH_KEEPING)
        return;
    set = make_set(ids);
    (void)pthread_mutex_lock(&store.lock);
    kept = place_of(question);
    if (kept && kept->stamp.commit > question->stamp.commit) {
        give_back(set); /* somebody has kept what came later */
    } else {
        drop(kept ? kept : (kept = oldest(false)));
        make_room(set->bytes);
        memcpy(kept->question, question->bytes, sizeof kept->question);
        kept->stamp = question->stamp;
        kept->set = set;
        kept->asked_at_ms = clock_mono_ms();
        store.bytes += set->bytes;
    }
    (void)pthread_mutex_unlock(&store.lock);
}

void kept_ids_rest(int64_t idle_ms)
{
    const int64_t before_ms = clock_mono_ms() - idle_ms;

    (void)pthread_mutex_lock(&store.lock);
    for (size_t i = 0; i < N_KEPT; i++) {
        if (store.items[i].asked_at_ms <= before_ms)
            drop(&store.items[i]);
    }
    (void)pthread_mutex_unlock(&store.lock);
}
