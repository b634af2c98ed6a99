/*
 * db/turn: see the header. A turn is handed from writer to writer: it is never free while somebody
 * waits, so nobody can overtake.
 */
#include "db/turn.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"

/* In the queue, on the stack of whoever waits. */
struct waiter {
    struct waiter *next;
    pthread_cond_t wake;
    enum turn_kind kind;
    bool has_turn;
};

/* Somebody who has written and handed the turn on, on their stack. */
struct turn_member {
    struct turn_member *next;
    pthread_cond_t wake;
    bool is_told;
    struct err *verdict;
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

    /* The transaction that was handed on. */
    size_t n_passed; /* 0: there is none */
    int64_t passed_since_ms;
    struct turn_member *members;

    void *baggage;
    void (*release_baggage)(void *baggage);
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
        if (turn->baggage)
            turn->release_baggage(turn->baggage);
        (void)pthread_mutex_destroy(&turn->lock);
        free(turn);
    }
    (void)pthread_mutex_unlock(&turns_lock);
}

void turn_set_baggage(struct turn *turn, void *baggage, void (*release)(void *baggage))
{
    (void)pthread_mutex_lock(&turn->lock);
    ASSERT(turn->is_taken && !turn->baggage);
    turn->baggage = baggage;
    turn->release_baggage = release;
    (void)pthread_mutex_unlock(&turn->lock);
}

void *turn_baggage(struct turn *turn)
{
    (void)pthread_mutex_lock(&turn->lock);
    void *baggage = turn->baggage;

    (void)pthread_mutex_unlock(&turn->lock);
    return baggage;
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
static bool queue_up(struct turn *turn, enum turn_kind kind, int64_t timeout_ms)
{
    struct timespec deadline = clock_deadline(timeout_ms);
    struct waiter waiter = { .kind = kind };

    clock_cond_init(&waiter.wake);
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

bool turn_take(struct turn *turn, enum turn_kind kind, int64_t timeout_ms, bool *ret_goes_on)
{
    bool has_turn = true;

    (void)pthread_mutex_lock(&turn->lock);
    if (turn->is_taken)
        has_turn = queue_up(turn, kind, timeout_ms);
    else
        turn->is_taken = true;
    if (has_turn)
        *ret_goes_on = turn->n_passed > 0;
    (void)pthread_mutex_unlock(&turn->lock);
    return has_turn;
}

/* With the lock held, to somebody who waits. */
static void hand_on(struct turn *turn)
{
    struct waiter *next = turn->first;

    leave_queue(turn, next);
    next->has_turn = true;
    (void)pthread_cond_signal(&next->wake);
}

static bool may_pass(const struct turn *turn)
{
    return turn->first && turn->first->kind == TURN_SHARED && turn->n_passed < TURN_ROW_MAX &&
           (turn->n_passed == 0 || clock_mono_ms() - turn->passed_since_ms < TURN_ROW_MS);
}

/* With the lock held, which is given up while waiting. The last of the row never goes without
 * having told: there is nothing to wait for beyond that. */
static void wait_to_be_told(struct turn *turn, struct err *verdict)
{
    struct turn_member member = { .next = turn->members, .verdict = verdict };

    clock_cond_init(&member.wake);
    turn->members = &member;
    while (!member.is_told)
        (void)pthread_cond_wait(&member.wake, &turn->lock);
    (void)pthread_cond_destroy(&member.wake);
}

bool turn_pass(struct turn *turn, struct err *verdict)
{
    (void)pthread_mutex_lock(&turn->lock);
    const bool passes = may_pass(turn);

    if (passes) {
        if (turn->n_passed++ == 0)
            turn->passed_since_ms = clock_mono_ms();
        hand_on(turn);
        if (verdict)
            wait_to_be_told(turn, verdict);
    }
    (void)pthread_mutex_unlock(&turn->lock);
    return passes;
}

size_t turn_n_waiting(struct turn *turn)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&turn->lock);
    for (const struct waiter *waiter = turn->first; waiter; waiter = waiter->next)
        n++;
    (void)pthread_mutex_unlock(&turn->lock);
    return n;
}

void turn_end_row(struct turn *turn, struct turn_row *ret)
{
    (void)pthread_mutex_lock(&turn->lock);
    ret->members = turn->members;
    turn->members = NULL;
    turn->n_passed = 0;
    (void)pthread_mutex_unlock(&turn->lock);
}

void turn_tell(struct turn *turn, struct turn_row *row, const struct err *failure)
{
    (void)pthread_mutex_lock(&turn->lock);
    while (row->members) {
        struct turn_member *const member = row->members;

        row->members = member->next;
        if (failure)
            *member->verdict = *failure;
        else
            err_clear(member->verdict);
        member->is_told = true;
        (void)pthread_cond_signal(&member->wake);
    }
    (void)pthread_mutex_unlock(&turn->lock);
}

void turn_give(struct turn *turn)
{
    (void)pthread_mutex_lock(&turn->lock);
    ASSERT(turn->n_passed == 0);
    if (turn->first)
        hand_on(turn);
    else
        turn->is_taken = false;
    (void)pthread_mutex_unlock(&turn->lock);
}
