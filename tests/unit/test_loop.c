/* net/loop: what is promised to whoever posts, waits or watches. */
#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "net/loop.h"

#define POSTS_EACH 20000
#define POSTERS 4

static struct loop *loop;

static int start(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_works(loop_new(&loop, &err), &err);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

struct step {
    int64_t *last;
    int64_t number;
    size_t *n;
    size_t stop_at;
};

static void in_order(void *arg)
{
    struct step *step = arg;

    assert_int_equal(*step->last + 1, step->number);
    *step->last = step->number;
    if (++*step->n == step->stop_at)
        loop_stop(loop);
}

struct poster {
    pthread_t thread;
    int64_t last;
    struct step steps[POSTS_EACH];
};

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (size_t i = 0; i < POSTS_EACH; i++)
        loop_post(loop, in_order, &poster->steps[i]);
    return NULL;
}

static void runs_every_post_once_and_in_its_threads_order(void **state)
{
    static struct poster posters[POSTERS];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < POSTERS; i++) {
        for (size_t j = 0; j < POSTS_EACH; j++)
            posters[i].steps[j] = (struct step){ .last = &posters[i].last,
                .number = (int64_t)j + 1,
                .n = &n,
                .stop_at = (size_t)POSTS_EACH * POSTERS };
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    loop_run(loop);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    assert_int_equal(n, POSTS_EACH * POSTERS);
}

static void stop_it(void *arg)
{
    ++*(int *)arg;
    loop_stop(loop);
}

static void count_it(void *arg)
{
    ++*(int *)arg;
}

static void fires_a_timer_once_and_not_before_its_time(void **state)
{
    int n = 0, never = 0;
    autofree(loop_timer) struct loop_timer *timer = loop_timer_new(loop, stop_it, &n);
    autofree(loop_timer) struct loop_timer *stopped = loop_timer_new(loop, count_it, &never);
    int64_t began_ms = clock_mono_ms();

    (void)state;
    loop_timer_start(stopped, 1);
    loop_timer_stop(stopped);
    loop_timer_start(timer, 1);
    loop_timer_start(timer, 20); /* moves it */
    loop_run(loop);
    assert_true(clock_mono_ms() - began_ms >= 19);
    loop_run_once(loop, 5);
    assert_int_equal(n, 1);
    assert_int_equal(never, 0);
}

struct seen {
    int fd;
    unsigned what;
    int n;
    struct loop_watch *watch;
};

static void note_ready(void *arg, unsigned what)
{
    struct seen *seen = arg;

    seen->what = what;
    seen->n++;
    loop_stop(loop);
}

static void tells_of_descriptors_only_what_is_wanted(void **state)
{
    int ends[2];
    struct seen seen = { 0 };
    autofree(loop_watch) struct loop_watch *watch = NULL;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    watch = loop_watch_new(loop, ends[0], LOOP_READ, note_ready, &seen);
    loop_run_once(loop, 1);
    assert_int_equal(seen.n, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_run(loop);
    assert_int_equal(seen.what, LOOP_READ);
    loop_watch_set(watch, LOOP_WRITE);
    loop_run(loop);
    assert_int_equal(seen.what, LOOP_WRITE);
    loop_watch_set(watch, 0);
    seen.n = 0;
    loop_run_once(loop, 1);
    assert_int_equal(seen.n, 0);
    loop_watch_free(take(&watch));
    fd_close(ends[0]);
    fd_close(ends[1]);
}

static void free_itself(void *arg, unsigned what)
{
    struct seen *seen = arg;

    (void)what;
    loop_watch_free(seen->watch);
    loop_stop(loop);
}

static void a_watch_may_free_itself(void **state)
{
    int ends[2];
    struct seen seen = { 0 };

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    seen.watch = loop_watch_new(loop, ends[0], LOOP_WRITE, free_itself, &seen);
    loop_run(loop);
    fd_close(ends[0]);
    fd_close(ends[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(runs_every_post_once_and_in_its_threads_order),
        CASE(fires_a_timer_once_and_not_before_its_time),
        CASE(tells_of_descriptors_only_what_is_wanted),
        CASE(a_watch_may_free_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
