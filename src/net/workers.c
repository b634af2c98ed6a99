/*
 * net/workers: see the header.
 *
 * One mutex guards the queues and counts. A piece of work is small and of milliseconds, so a finer
 * lock would buy nothing.
 *
 * Of those that are idle, who was busy last is woken: its connection to the database has at hand
 * what it was asked a moment ago, plans and pages, and the others' need not be kept warm.
 */
#include "net/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

#define WAITING_DEFAULT 1024

struct work {
    void (*run)(void *state, void *arg);
    void *arg;
};

/* A ring. */
struct queue {
    struct work *work;
    size_t room;
    size_t first;
    size_t n;
    size_t n_running;
    size_t max_running;
};

/* A thread, while it sleeps. */
struct idler {
    pthread_cond_t called;
    bool is_called;
    struct idler *next;
};

struct workers {
    struct workers_conf conf;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t has_begun;
    struct idler *idle; /* the last that fell asleep comes first */
    struct queue queues[WORK_CLASSES];
    size_t next_class; /* who is asked first, in turn */
    bool is_stopping;
    bool has_stopped; /* workers_stop()'s own */
    size_t n_ready;   /* threads that have gone through init */
    bool init_failed;
    struct err init_err;
    pthread_t *threads;
    size_t n_threads;
};

/* One thread is left to those who watch, whatever else there is to do. */
static bool may_run(const struct workers *workers, size_t class)
{
    const struct queue *const queues = workers->queues;

    return queues[class].n > 0 && queues[class].n_running < queues[class].max_running &&
           (class == WORK_WATCH || queues[WORK_REQUEST].n_running + queues[WORK_JOB].n_running <
                                       workers->conf.n_threads);
}

/* The next piece of work that may run now, from each class in turn. */
static struct queue *find_work(struct workers *workers, struct work *ret)
{
    for (size_t i = 0; i < WORK_CLASSES; i++) {
        size_t class = (workers->next_class + i) % WORK_CLASSES;
        struct queue *queue = &workers->queues[class];

        if (!may_run(workers, class))
            continue;
        *ret = queue->work[queue->first];
        queue->first = (queue->first + 1) % queue->room;
        queue->n--;
        queue->n_running++;
        workers->next_class = (class + 1) % WORK_CLASSES;
        return queue;
    }
    return NULL;
}

static void wake_one(struct workers *workers)
{
    struct idler *const idler = workers->idle;

    if (!idler)
        return;
    workers->idle = idler->next;
    idler->is_called = true;
    pthread_cond_signal(&idler->called);
}

static void sleep_until_called(struct workers *workers, struct idler *self)
{
    self->is_called = false;
    self->next = workers->idle;
    workers->idle = self;
    while (!self->is_called)
        pthread_cond_wait(&self->called, &workers->lock);
}

static void serve(struct workers *workers, void *state)
{
    struct idler *const self = xcalloc(1, sizeof *self);

    pthread_cond_init(&self->called, NULL);
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        struct work work;
        struct queue *queue = find_work(workers, &work);

        if (!queue) {
            /* What still waits is held back by a limit; whoever runs what counts takes it. */
            if (workers->is_stopping)
                break;
            sleep_until_called(workers, self);
            continue;
        }
        pthread_mutex_unlock(&workers->lock);
        work.run(state, work.arg);
        pthread_mutex_lock(&workers->lock);
        queue->n_running--;
        if (queue->n > 0)
            wake_one(workers);
    }
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_destroy(&self->called);
    free(self);
}

static void *thread_main(void *arg)
{
    struct workers *workers = arg;
    void *state = NULL;
    struct err err = { 0 };
    bool works = !workers->conf.init || workers->conf.init(workers->conf.context, &state, &err);

    pthread_mutex_lock(&workers->lock);
    if (works)
        workers->n_ready++;
    workers->init_failed = !works;
    workers->init_err = err;
    pthread_cond_broadcast(&workers->has_begun);
    pthread_mutex_unlock(&workers->lock);
    if (!works)
        return NULL;
    serve(workers, state);
    if (workers->conf.done)
        workers->conf.done(workers->conf.context, state);
    return NULL;
}

/* Start one thread with all signals blocked, and wait until its state is made. */
static bool start_thread(struct workers *workers, struct err *err)
{
    sigset_t all, before;
    int failure;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&workers->threads[workers->n_threads], NULL, thread_main, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) {
        errno = failure;
        return fail_errno(err, ERR_UNAVAILABLE, "could not start a thread");
    }
    if (workers->conf.name)
        (void)pthread_setname_np(workers->threads[workers->n_threads], workers->conf.name);
    workers->n_threads++;

    pthread_mutex_lock(&workers->lock);
    while (workers->n_ready < workers->n_threads && !workers->init_failed)
        pthread_cond_wait(&workers->has_begun, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
    if (!workers->init_failed)
        return true;
    if (err)
        *err = workers->init_err;
    return false;
}

bool workers_new(const struct workers_conf *conf, struct workers **ret, struct err *err)
{
    autofree(workers) struct workers *workers = xcalloc(1, sizeof *workers);

    ASSERT(conf->n_threads > 0);
    workers->conf = *conf;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->has_begun, NULL);
    for (size_t i = 0; i < WORK_CLASSES; i++) {
        struct queue *queue = &workers->queues[i];

        queue->room = conf->max_waiting[i] ? conf->max_waiting[i] : WAITING_DEFAULT;
        queue->work = xcalloc(queue->room, sizeof *queue->work);
        queue->max_running = conf->max_threads[i] ? conf->max_threads[i] : conf->n_threads;
    }
    workers->threads = xcalloc(conf->n_threads + 1, sizeof *workers->threads);
    for (size_t i = 0; i <= conf->n_threads; i++)
        if (!start_thread(workers, err))
            return false;
    *ret = take(&workers);
    return true;
}

bool workers_submit(struct workers *workers, enum work_class class,
    void (*run)(void *state, void *arg), void *arg, struct err *err)
{
    struct queue *queue = &workers->queues[class];
    bool is_stopping, taken = false;

    pthread_mutex_lock(&workers->lock);
    is_stopping = workers->is_stopping;
    if (!is_stopping && queue->n < queue->room) {
        queue->work[(queue->first + queue->n) % queue->room] = (struct work){ run, arg };
        queue->n++;
        taken = true;
        wake_one(workers);
    }
    pthread_mutex_unlock(&workers->lock);
    if (is_stopping)
        return fail(err, ERR_UNAVAILABLE, "the server is stopping");
    if (!taken)
        return fail(err, ERR_UNAVAILABLE, "the server is busy");
    return true;
}

void workers_load(struct workers *workers, enum work_class class, size_t *ret_running,
    size_t *ret_waiting)
{
    pthread_mutex_lock(&workers->lock);
    *ret_running = workers->queues[class].n_running;
    *ret_waiting = workers->queues[class].n;
    pthread_mutex_unlock(&workers->lock);
}

void workers_stop(struct workers *workers)
{
    if (workers->has_stopped)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->is_stopping = true;
    while (workers->idle)
        wake_one(workers);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    workers->has_stopped = true;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    workers_stop(workers);
    for (size_t i = 0; i < WORK_CLASSES; i++)
        free(workers->queues[i].work);
    pthread_cond_destroy(&workers->has_begun);
    pthread_mutex_destroy(&workers->lock);
    free(workers->threads);
    free(workers);
}
