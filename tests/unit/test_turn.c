/* db/turn: who asks first writes first, and the last of a row speaks for all. */
#include "testing.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/turn.h"

#define N_WAITERS 6

struct place {
    struct turn *turn;
    int number;
    int *served; /* guarded by the order in which things happen here */
    int *n_served;
};

static void wait_until_queued(struct turn *turn, size_t n)
{
    const int64_t deadline = clock_mono_ms() + 10000;

    while (turn_n_waiting(turn) < n && clock_mono_ms() < deadline)
        (void)usleep(1000);
    assert_int_equal(turn_n_waiting(turn), n);
}

/* For nobody else to go on with. */
static bool take_alone(struct turn *turn, int64_t timeout_ms)
{
    bool goes_on = true;
    const bool has_turn = turn_take(turn, TURN_ALONE, timeout_ms, &goes_on);

    assert_true(!has_turn || !goes_on);
    return has_turn;
}

static void *wait_for_turn(void *arg)
{
    struct place *place = arg;

    if (take_alone(place->turn, 10000)) {
        place->served[(*place->n_served)++] = place->number;
        turn_give(place->turn);
    }
    return NULL;
}

static void turns_are_given_in_the_order_asked(void **state)
{
    struct turn *turn = turn_open("/");
    pthread_t threads[N_WAITERS];
    struct place places[N_WAITERS];
    int served[N_WAITERS] = { 0 };
    int n_served = 0;

    (void)state;
    assert_true(take_alone(turn, 0));
    for (int i = 0; i < N_WAITERS; i++) {
        places[i] = (struct place){ turn, i, served, &n_served };
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_turn, &places[i]), 0);
        wait_until_queued(turn, (size_t)i + 1);
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
    assert_true(take_alone(turn, 0));
    assert_false(take_alone(turn, 0));
    assert_false(take_alone(turn, 20));
    turn_give(turn);
    assert_true(take_alone(turn, 0));
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
    assert_true(take_alone(again, 0));
    assert_true(take_alone(other, 0));
    turn_give(again);
    turn_give(other);
    turn_close(again);
    turn_close(other);
    turn_close(NULL);
}

/* One of a row: takes the turn, goes on with what is open, hands it on or ends it. */
struct one {
    struct turn *turn;
    enum turn_kind kind;
    const struct err *failure; /* what the end comes to, where this one is the last */
    bool goes_on;
    bool is_last;
    struct err verdict;
};

static void *take_part(void *arg)
{
    struct one *one = arg;

    one->verdict.kind = ERR_INTERNAL;
    if (!turn_take(one->turn, one->kind, 10000, &one->goes_on))
        return NULL;
    one->is_last = one->kind == TURN_ALONE || !turn_pass(one->turn, &one->verdict);
    if (one->is_last) {
        struct turn_row row;

        turn_end_row(one->turn, &row);
        turn_tell(one->turn, &row, one->failure);
        turn_give(one->turn);
    }
    return one;
}

/* The first has the turn and the others wait in this order; then all of it goes its way. */
static void go_through(struct turn *turn, struct one *all, size_t n)
{
    pthread_t threads[TURN_ROW_MAX + 4];
    bool goes_on = false;

    assert_true(n <= countof(threads));
    assert_true(turn_take(turn, TURN_SHARED, 0, &goes_on));
    assert_false(goes_on);
    for (size_t i = 0; i < n; i++) {
        all[i].turn = turn;
        assert_int_equal(pthread_create(&threads[i], NULL, take_part, &all[i]), 0);
        wait_until_queued(turn, i + 1);
    }
    turn_give(turn);
    for (size_t i = 0; i < n; i++) {
        void *done = NULL;

        (void)pthread_join(threads[i], &done);
        assert_non_null(done);
    }
}

static void the_last_tells_all_that_it_worked(void **state)
{
    struct turn *turn = turn_open("/");
    struct one all[3] = { { .kind = TURN_SHARED }, { .kind = TURN_SHARED },
        { .kind = TURN_SHARED } };

    (void)state;
    go_through(turn, all, countof(all));
    for (size_t i = 0; i < countof(all); i++) {
        assert_int_equal(all[i].goes_on, i > 0);
        assert_int_equal(all[i].is_last, i == 2);
        assert_int_equal(all[i].verdict.kind, i == 2 ? ERR_INTERNAL : ERR_NONE);
    }
    turn_close(turn);
}

static void the_last_tells_all_that_it_failed(void **state)
{
    static const struct err full = { ERR_UNAVAILABLE, "the disk is full", "" };
    struct turn *turn = turn_open("/");
    struct one all[2] = { { .kind = TURN_SHARED }, { .kind = TURN_SHARED, .failure = &full } };

    (void)state;
    go_through(turn, all, countof(all));
    assert_int_equal(all[0].verdict.kind, ERR_UNAVAILABLE);
    assert_string_equal(all[0].verdict.msg, "the disk is full");
    turn_close(turn);
}

/* Who takes long neither goes on with what others have written nor lets them wait. */
static void who_wants_to_be_alone_is(void **state)
{
    struct turn *turn = turn_open("/");
    struct one all[4] = { { .kind = TURN_SHARED }, { .kind = TURN_ALONE }, { .kind = TURN_SHARED },
        { .kind = TURN_SHARED } };

    (void)state;
    go_through(turn, all, countof(all));
    assert_true(all[0].is_last);
    assert_true(all[1].is_last);
    assert_false(all[1].goes_on);
    assert_false(all[2].goes_on);
    assert_true(all[3].goes_on);
    turn_close(turn);
}

static void a_row_has_an_end(void **state)
{
    struct turn *turn = turn_open("/");
    struct one all[TURN_ROW_MAX + 2] = { 0 };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < countof(all); i++)
        all[i].kind = TURN_SHARED;
    go_through(turn, all, countof(all));
    for (size_t i = 0; i < countof(all); i++) {
        n++;
        assert_true(n <= TURN_ROW_MAX + 1);
        assert_int_equal(all[i].goes_on, n > 1);
        if (all[i].is_last)
            n = 0;
    }
    turn_close(turn);
}

static int n_released;

static void count_release(void *baggage)
{
    n_released += baggage == &n_released;
}

static void what_goes_with_the_turn_goes_with_the_last(void **state)
{
    struct turn *turn = turn_open("/");
    struct turn *again = turn_open("/");

    (void)state;
    assert_null(turn_baggage(turn));
    assert_true(take_alone(turn, 0));
    turn_set_baggage(turn, &n_released, count_release);
    turn_give(turn);
    assert_ptr_equal(turn_baggage(again), &n_released);
    turn_close(turn);
    assert_int_equal(n_released, 0);
    turn_close(again);
    assert_int_equal(n_released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_given_in_the_order_asked),
        cmocka_unit_test(who_waits_too_long_leaves_the_queue),
        cmocka_unit_test(one_file_has_one_queue),
        cmocka_unit_test(the_last_tells_all_that_it_worked),
        cmocka_unit_test(the_last_tells_all_that_it_failed),
        cmocka_unit_test(who_wants_to_be_alone_is),
        cmocka_unit_test(a_row_has_an_end),
        cmocka_unit_test(what_goes_with_the_turn_goes_with_the_last),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
