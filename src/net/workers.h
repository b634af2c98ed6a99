/*
 * net/workers: a fixed set of threads that may block, and what waits for them.
 *
 * Each thread owns a state that its own call of `init` makes (its database connection, say), hands
 * to everything it runs, and gives to `done` at the end. Work comes in three classes; each has its
 * own queue and the most threads it may hold at once, so that long jobs cannot starve requests, nor
 * requests jobs. One thread is beside these, for what watches over the others (WORK_WATCH): how
 * ready we are is told while all of them wait for something. Within a class, first in is first out;
 * of the threads that are idle, the one that was busy last is next.
 */
#pragma once

#include "base/base.h"

struct err;
struct workers;

enum work_class { WORK_REQUEST, WORK_JOB, WORK_WATCH, WORK_CLASSES };

struct workers_conf {
    const char *name;                 /* of the threads, as the system shows it; at most 12 bytes */
    size_t n_threads;                 /* for requests and jobs; there is one more */
    size_t max_threads[WORK_CLASSES]; /* threads a class may hold; 0 is all of them */
    size_t max_waiting[WORK_CLASSES]; /* pieces of work that may wait; 0 is 1024 */

    /* On each thread, one after the other, before workers_new() returns. NULL: the state is NULL.
     */
    bool (*init)(void *context, void **ret_state, struct err *err);
    void (*done)(void *context, void *state);
    void *context;
};

/* Fails, with no thread left, as the first init fails. Signals are blocked on every thread. */
bool workers_new(const struct workers_conf *conf, struct workers **ret, struct err *err) must_check;

/*
 * Have `run(state, arg)` called on one of the threads. From any thread, a worker's own included.
 * Fails with ERR_UNAVAILABLE when the queue is full or the workers are stopping; `arg` then stays
 * the caller's.
 */
bool workers_submit(struct workers *workers, enum work_class class,
    void (*run)(void *state, void *arg), void *arg, struct err *err) must_check;

/* How many threads hold work of this class, and how many pieces wait. */
void workers_load(struct workers *workers, enum work_class class, size_t *ret_running,
    size_t *ret_waiting);

/* Take no more, run what waits, and return when all threads have ended. Not on a worker. */
void workers_stop(struct workers *workers);

/* Stops if that has not been done. */
void workers_free(struct workers *workers);

DEFINE_AUTOFREE(workers);
