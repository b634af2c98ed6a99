/*
 * probe/pace: a lane for each address that is busy, in a hash table, and a queue of the turns that
 * their lanes have let go.
 */
#include "probe/pace.h"

#include "base/alloc.h"

#define BUCKETS 1024U

struct queue {
    struct pace_turn *first;
    struct pace_turn **last;
};

struct pace_lane {
    struct pace_lane *next; /* in the bucket */
    struct net_addr addr;
    size_t n_let_go; /* waiting in the common queue, or running */
    struct queue waiting;
};

struct pace {
    size_t max_in_all;
    size_t max_per_address;
    size_t n_running;
    struct queue ready;
    struct pace_lane *buckets[BUCKETS];
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(struct queue *queue, struct pace_turn *turn)
{
    turn->next = NULL;
    *queue->last = turn;
    queue->last = &turn->next;
}

static struct pace_turn *queue_pop(struct queue *queue)
{
    struct pace_turn *const turn = queue->first;

    if (!turn)
        return NULL;
    queue->first = turn->next;
    if (!queue->first)
        queue->last = &queue->first;
    return turn;
}

static bool queue_remove(struct queue *queue, struct pace_turn *turn)
{
    for (struct pace_turn **link = &queue->first; *link; link = &(*link)->next) {
        if (*link != turn)
            continue;
        *link = turn->next;
        if (!*link)
            queue->last = link;
        return true;
    }
    return false;
}

static struct pace_lane **find_lane(struct pace *pace, const struct net_addr *addr)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (size_t i = 0; i < addr->n_bytes; i++)
        hash = (hash ^ addr->bytes[i]) * 16777619U;
    struct pace_lane **link = &pace->buckets[hash % BUCKETS];

    while (*link && !addr_equal(&(*link)->addr, addr))
        link = &(*link)->next;
    return link;
}

struct pace *pace_new(size_t max_in_all, size_t max_per_address)
{
    struct pace *const pace = xcalloc(1, sizeof(*pace));

    pace_set_limits(pace, max_in_all, max_per_address);
    queue_init(&pace->ready);
    return pace;
}

void pace_free(struct pace *pace)
{
    if (!pace)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (pace->buckets[i]) {
            struct pace_lane *const lane = pace->buckets[i];

            pace->buckets[i] = lane->next;
            free(lane);
        }
    }
    free(pace);
}

void pace_set_limits(struct pace *pace, size_t max_in_all, size_t max_per_address)
{
    pace->max_in_all = max_in_all;
    pace->max_per_address = max_per_address;
}

static void let_go(struct pace *pace, struct pace_lane *lane)
{
    struct pace_turn *turn;

    while (lane->n_let_go < pace->max_per_address && (turn = queue_pop(&lane->waiting))) {
        lane->n_let_go++;
        queue_push(&pace->ready, turn);
    }
}

void pace_ask(struct pace *pace, struct pace_turn *turn)
{
    struct pace_lane **const link = find_lane(pace, &turn->addr);

    if (!*link) {
        *link = xcalloc(1, sizeof(**link));
        (*link)->addr = turn->addr;
        queue_init(&(*link)->waiting);
    }
    turn->lane = *link;
    turn->is_running = false;
    queue_push(&turn->lane->waiting, turn);
    let_go(pace, turn->lane);
}

void pace_leave(struct pace *pace, struct pace_turn *turn)
{
    struct pace_lane *const lane = turn->lane;

    if (!lane)
        return;
    turn->lane = NULL;
    if (turn->is_running)
        pace->n_running--;
    if (turn->is_running || !queue_remove(&lane->waiting, turn)) {
        if (!turn->is_running)
            (void)queue_remove(&pace->ready, turn);
        lane->n_let_go--;
    }
    turn->is_running = false;
    let_go(pace, lane);
    if (lane->n_let_go > 0)
        return;
    *find_lane(pace, &lane->addr) = lane->next;
    free(lane);
}

void pace_run(struct pace *pace)
{
    struct pace_turn *turn;

    while (pace->n_running < pace->max_in_all && (turn = queue_pop(&pace->ready))) {
        pace->n_running++;
        turn->is_running = true;
        turn->run(turn);
    }
}
