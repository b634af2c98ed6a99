/* db/turn: who asks first writes first. */
#include "testing.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/turn.h"

#define N_WAITERS 6

struct place {
    struct turn *turn;
    int number;
    int *n_asking; /* both guarded by the order in which things happen here */
    int *served;
    int *n_served;
};

static void *wait_for_turn(void *arg)
{
    struct place *place = arg;

    (void)__atomic_add_fetch(place->n_asking, 1, __ATOMIC_SEQ_CST);
    if (turn_take(place->turn, 10000)) {
        place->served[(*place->n_served)++] = place->number;
        turn_give(place->turn);
    }
    return NULL;
}

/* A thread that has said that it asks may not have done so yet: let it sleep first. */
static void wait_until_queued(pthread_t thread)
{
    clockid_t clock;
    struct timespec before = { 0 };
    struct timespec after = { 0 };
    int64_t deadline = clock_mono_ms() + 5000;

    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    do {
        before = after;
        (void)sched_yield();
        (void)usleep(2000);
        assert_int_equal(clock_gettime(clock, &after), 0);
    } while ((before.tv_sec != after.tv_sec || before.tv_nsec != after.tv_nsec) &&
             clock_mono_ms() < deadline);
}

static void turns_are_given_in_the_order_asked(void **state)
{
    struct turn *turn = turn_open("/");
    pthread_t threads[N_WAITERS];
    struct place places[N_WAITERS];
    int served[N_WAITERS] = { 0 };
    int n_asking = 0;
    int n_served = 0;

    (void)state;
    assert_true(turn_take(turn, 0));
    for (int i = 0; i < N_WAITERS; i++) {
        places[i] = (struct place){ turn, i, &n_asking, served, &n_served };
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_turn, &places[i]), 0);
        while (__atomic_load_n(&n_asking, __ATOMIC_SEQ_CST) <= i)
            (void)sched_yield();
        wait_until_queued(threads[i]);
    }
    turn_give(turn);
    for (int i = 0; i < N_WAITERS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(n_served, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(served[i], i);
    turn_close(turn);
}

static void who_waits_too_long_leaves_the_queue(void **state)
{
    struct turn *turn = turn_open("/");

    (void)state;
    assert_true(turn_take(turn, 0));
    assert_false(turn_take(turn, 0));
    assert_false(turn_take(turn, 20));
    turn_give(turn);
    assert_true(turn_take(turn, 0));
    turn_give(turn);
    turn_close(turn);
}

static void one_file_has_one_queue(void **state)
{
    struct turn *root = turn_open("/");
    struct turn *again = turn_open("/tmp/..");
    struct turn *other = turn_open("/tmp");

    (void)state;
    assert_ptr_equal(root, again);
    assert_ptr_not_equal(root, other);
    assert_null(turn_open("/nowhere/at/all"));
    turn_close(root);
    assert_true(turn_take(again, 0));
    assert_true(turn_take(other, 0));
    turn_give(again);
    turn_give(other);
    turn_close(again);
    turn_close(other);
    turn_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_given_in_the_order_asked),
        cmocka_unit_test(who_waits_too_long_leaves_the_queue),
        cmocka_unit_test(one_file_has_one_queue),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
