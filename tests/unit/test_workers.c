/* net/workers: states, queues, limits, and a stop that loses nothing. */
#include "testing.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "base/alloc.h"
#include "net/workers.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_states; /* made and not yet done */
    size_t fails_at; /* which init fails; 0: none */
    size_t n_held[WORK_CLASSES];
    bool gate_is_open;
    size_t n_run;
    int64_t last;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static bool init(void *context, void **ret_state, struct err *err)
{
    assert_ptr_equal(context, &shared);
    if (shared.n_states + 1 == shared.fails_at)
        return fail(err, ERR_UNAVAILABLE, "no database");
    shared.n_states++;
    *ret_state = xcalloc(1, sizeof(pthread_t));
    *(pthread_t *)*ret_state = pthread_self();
    return true;
}

static void done(void *context, void *state)
{
    pthread_mutex_lock(&shared.lock);
    assert_ptr_equal(context, &shared);
    shared.n_states--;
    free(state);
    pthread_mutex_unlock(&shared.lock);
}

static struct workers_conf conf_of(size_t n_threads)
{
    shared.n_states = shared.fails_at = shared.n_run = 0;
    memset(shared.n_held, 0, sizeof shared.n_held);
    shared.gate_is_open = false;
    shared.last = -1;
    return (struct workers_conf){ .name = "test",
        .n_threads = n_threads,
        .init = init,
        .done = done,
        .context = &shared };
}

static struct workers *make(const struct workers_conf *conf)
{
    struct workers *workers;
    struct err err = { 0 };

    assert_works(workers_new(conf, &workers, &err), &err);
    return workers;
}

/* Each piece of work must be run by the thread whose state it gets, with all signals blocked. */
static void check_state(void *state)
{
    sigset_t blocked;

    ASSERT(pthread_equal(*(pthread_t *)state, pthread_self()));
    ASSERT(pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0);
    ASSERT(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP));
}

static void run_counted(void *state, void *arg)
{
    (void)arg;
    check_state(state);
    pthread_mutex_lock(&shared.lock);
    shared.n_run++;
    pthread_mutex_unlock(&shared.lock);
}

static void run_held(void *state, void *arg)
{
    size_t class = (size_t)(uintptr_t)arg;

    check_state(state);
    pthread_mutex_lock(&shared.lock);
    shared.n_held[class]++;
    pthread_cond_broadcast(&shared.changed);
    while (!shared.gate_is_open)
        pthread_cond_wait(&shared.changed, &shared.lock);
    shared.n_held[class]--;
    shared.n_run++;
    pthread_mutex_unlock(&shared.lock);
}

static void hold(struct workers *workers, enum work_class class)
{
    struct err err = { 0 };

    assert_works(workers_submit(workers, class, run_held, (void *)(uintptr_t) class, &err), &err);
}

static void wait_for_held(enum work_class class, size_t n)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&shared.lock);
    while (shared.n_held[class] < n)
        if (pthread_cond_timedwait(&shared.changed, &shared.lock, &until) != 0)
            break;
    assert_int_equal(shared.n_held[class], n);
    pthread_mutex_unlock(&shared.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&shared.lock);
    shared.gate_is_open = true;
    pthread_cond_broadcast(&shared.changed);
    pthread_mutex_unlock(&shared.lock);
}

static void runs_everything_that_was_taken_before_it_stops(void **state)
{
    struct workers_conf conf = conf_of(4);
    struct workers *workers;
    struct err err = { 0 };

    (void)state;
    conf.max_waiting[WORK_REQUEST] = 5000;
    workers = make(&conf);
    assert_int_equal(shared.n_states, 5);
    for (int i = 0; i < 5000; i++)
        assert_works(workers_submit(workers, WORK_REQUEST, run_counted, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(shared.n_run, 5000);
    assert_int_equal(shared.n_states, 0);
    assert_fails(workers_submit(workers, WORK_REQUEST, run_counted, NULL, &err), &err,
        ERR_UNAVAILABLE);
    workers_free(workers);
}

static void jobs_leave_room_for_requests_and_requests_for_jobs(void **state)
{
    static const enum work_class classes[] = { WORK_JOB, WORK_REQUEST };

    (void)state;
    for (size_t i = 0; i < countof(classes); i++) {
        enum work_class greedy = classes[i], other = classes[1 - i];
        struct workers_conf conf = conf_of(3);
        struct workers *workers;
        size_t running, waiting;

        conf.max_threads[greedy] = 2;
        workers = make(&conf);
        for (int j = 0; j < 10; j++)
            hold(workers, greedy);
        wait_for_held(greedy, 2);
        hold(workers, other);
        wait_for_held(other, 1); /* the third thread was kept free for it */
        workers_load(workers, greedy, &running, &waiting);
        assert_int_equal(running, 2);
        assert_int_equal(waiting, 8);
        open_gate();
        workers_free(workers);
        assert_int_equal(shared.n_run, 11);
    }
}

static void what_watches_need_not_wait_for_what_it_watches(void **state)
{
    struct workers_conf conf = conf_of(2);
    struct workers *workers;

    (void)state;
    conf.max_threads[WORK_JOB] = 1;
    workers = make(&conf);
    for (int i = 0; i < 5; i++) {
        hold(workers, WORK_REQUEST);
        hold(workers, WORK_JOB);
    }
    wait_for_held(WORK_REQUEST, 1);
    wait_for_held(WORK_JOB, 1);
    hold(workers, WORK_WATCH);
    wait_for_held(WORK_WATCH, 1);
    open_gate();
    workers_free(workers);
    assert_int_equal(shared.n_run, 11);
}

static void says_when_its_queue_is_full(void **state)
{
    struct workers_conf conf = conf_of(1);
    autofree(workers) struct workers *workers = NULL;
    struct err err = { 0 };

    (void)state;
    conf.max_waiting[WORK_REQUEST] = 2;
    workers = make(&conf);
    hold(workers, WORK_REQUEST);
    wait_for_held(WORK_REQUEST, 1);
    hold(workers, WORK_REQUEST);
    hold(workers, WORK_REQUEST);
    assert_fails(workers_submit(workers, WORK_REQUEST, run_counted, NULL, &err), &err,
        ERR_UNAVAILABLE);
    hold(workers, WORK_JOB); /* the other class has a queue of its own */
    open_gate();
}

static void run_in_order(void *state, void *arg)
{
    (void)state;
    ASSERT(shared.last + 1 == (int64_t)(intptr_t)arg);
    shared.last++;
}

static void first_in_is_first_out(void **state)
{
    struct workers_conf conf = conf_of(1);
    struct workers *workers = make(&conf);
    struct err err = { 0 };

    (void)state;
    hold(workers, WORK_REQUEST);
    wait_for_held(WORK_REQUEST, 1);
    for (intptr_t i = 0; i < 500; i++)
        assert_works(workers_submit(workers, WORK_REQUEST, run_in_order, (void *)i, &err), &err);
    open_gate();
    workers_free(workers);
    assert_int_equal(shared.last, 499);
}

static struct workers *of_resubmit;

static void resubmit(void *state, void *arg)
{
    struct err err = { 0 };

    (void)state;
    ASSERT(workers_submit(of_resubmit, WORK_JOB, run_counted, arg, &err));
    pthread_mutex_lock(&shared.lock);
    shared.n_run++;
    pthread_cond_broadcast(&shared.changed);
    pthread_mutex_unlock(&shared.lock);
}

static void work_may_bring_more_work(void **state)
{
    struct workers_conf conf = conf_of(1);
    struct err err = { 0 };

    (void)state;
    of_resubmit = make(&conf);
    assert_works(workers_submit(of_resubmit, WORK_REQUEST, resubmit, NULL, &err), &err);
    pthread_mutex_lock(&shared.lock);
    while (shared.n_run == 0)
        pthread_cond_wait(&shared.changed, &shared.lock);
    pthread_mutex_unlock(&shared.lock);
    workers_free(of_resubmit);
    assert_int_equal(shared.n_run, 2);
}

static void note_state(void *state, void *arg)
{
    check_state(state);
    *(void **)arg = state;
}

/* A thread that runs nothing is asleep. */
static void wait_until_idle(struct workers *workers)
{
    size_t n_running;
    size_t n_waiting;

    do {
        sched_yield();
        workers_load(workers, WORK_REQUEST, &n_running, &n_waiting);
    } while (n_running + n_waiting > 0);
}

/* But for those that had not fallen asleep for the first time. */
static void who_was_busy_last_is_woken_first(void **state)
{
    struct workers_conf conf = conf_of(4);
    struct workers *workers = make(&conf);
    void *last = NULL;
    size_t n_others = 0;
    struct err err = { 0 };

    (void)state;
    for (int i = 0; i < 50; i++) {
        void *present = NULL;

        assert_works(workers_submit(workers, WORK_REQUEST, note_state, &present, &err), &err);
        wait_until_idle(workers);
        n_others += present != last;
        last = present;
    }
    assert_true(n_others <= 10);
    workers_free(workers);
}

static void starts_nothing_if_one_state_cannot_be_made(void **state)
{
    struct workers_conf conf = conf_of(3);
    struct workers *workers = NULL;
    struct err err = { 0 };

    (void)state;
    shared.fails_at = 3;
    assert_fails(workers_new(&conf, &workers, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "no database");
    assert_null(workers);
    assert_int_equal(shared.n_states, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_everything_that_was_taken_before_it_stops),
        cmocka_unit_test(jobs_leave_room_for_requests_and_requests_for_jobs),
        cmocka_unit_test(what_watches_need_not_wait_for_what_it_watches),
        cmocka_unit_test(says_when_its_queue_is_full),
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(work_may_bring_more_work),
        cmocka_unit_test(who_was_busy_last_is_woken_first),
        cmocka_unit_test(starts_nothing_if_one_state_cannot_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
