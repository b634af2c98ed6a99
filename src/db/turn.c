/*
 * db/turn: see the header. A turn is handed from writer to writer: it is never free while somebody
 * waits, so nobody can overtake.
 */
#include "db/turn.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"

struct waiter {
    struct waiter *next;
    pthread_cond_t wake;
    bool has_turn;
};

struct turn {
    struct turn *next; /* in `turns` */
    dev_t device;
    ino_t inode;
    int64_t n_users;

    pthread_mutex_t lock;
    bool is_taken;
    struct waiter *first;
    struct waiter **end; /* where the next waiter is hung up */
};

static pthread_mutex_t turns_lock = PTHREAD_MUTEX_INITIALIZER;
static struct turn *turns;

static struct turn *find_or_add(const struct stat *file)
{
    struct turn *turn = turns;

    while (turn && (turn->device != file->st_dev || turn->inode != file->st_ino))
        turn = turn->next;
    if (turn)
        return turn;
    turn = xcalloc(1, sizeof *turn);
    turn->device = file->st_dev;
    turn->inode = file->st_ino;
    turn->end = &turn->first;
    (void)pthread_mutex_init(&turn->lock, NULL);
    turn->next = turns;
    turns = turn;
    return turn;
}

struct turn *turn_open(const char *path)
{
    struct stat file;

    if (stat(path, &file) != 0)
        return NULL;
    (void)pthread_mutex_lock(&turns_lock);
    struct turn *turn = find_or_add(&file);

    turn->n_users++;
    (void)pthread_mutex_unlock(&turns_lock);
    return turn;
}

void turn_close(struct turn *turn)
{
    if (!turn)
        return;
    (void)pthread_mutex_lock(&turns_lock);
    if (--turn->n_users == 0) {
        struct turn **link = &turns;

        while (*link != turn)
            link = &(*link)->next;
        *link = turn->next;
        (void)pthread_mutex_destroy(&turn->lock);
        free(turn);
    }
    (void)pthread_mutex_unlock(&turns_lock);
}

static struct timespec deadline_in(int64_t timeout_ms)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += timeout_ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static void leave_queue(struct turn *turn, const struct waiter *waiter)
{
    struct waiter **link = &turn->first;

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    if (!*link)
        turn->end = link;
}

/* With the lock held, which is given up while waiting. */
static bool queue_up(struct turn *turn, int64_t timeout_ms)
{
    struct timespec deadline = deadline_in(timeout_ms);
    struct waiter waiter = { 0 };
    pthread_condattr_t monotonic;

    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waiter.wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    *turn->end = &waiter;
    turn->end = &waiter.next;
    while (!waiter.has_turn) {
        if (pthread_cond_timedwait(&waiter.wake, &turn->lock, &deadline) != 0 && !waiter.has_turn) {
            leave_queue(turn, &waiter);
            break;
        }
    }
    (void)pthread_cond_destroy(&waiter.wake);
    return waiter.has_turn;
}

bool turn_take(struct turn *turn, int64_t timeout_ms)
{
    bool has_turn = true;

    (void)pthread_mutex_lock(&turn->lock);
    if (turn->is_taken)
        has_turn = queue_up(turn, timeout_ms);
    else
        turn->is_taken = true;
    (void)pthread_mutex_unlock(&turn->lock);
    return has_turn;
}

void turn_give(struct turn *turn)
{
    (void)pthread_mutex_lock(&turn->lock);
    struct waiter *next = turn->first;

    if (next) {
        leave_queue(turn, next);
        next->has_turn = true;
        (void)pthread_cond_signal(&next->wake);
    } else {
        turn->is_taken = false;
    }
    (void)pthread_mutex_unlock(&turn->lock);
}
