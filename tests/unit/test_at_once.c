/* api/at_once: the loop answers itself as long as that leaves it time. */
#include "testing_db.h"

#include "api/at_once.h"

struct opener {
    const struct test_db *test;
    int n_calls;
    bool fails;
};

static bool open_again(void *arg, struct db **ret, struct err *err)
{
    struct opener *opener = arg;

    opener->n_calls++;
    if (opener->fails)
        return fail(err, ERR_UNAVAILABLE, "not now");
    *ret = test_db_open_again(opener->test);
    return true;
}

static void one_connection_is_opened_when_it_is_needed(void **state)
{
    struct opener opener = { .test = *state };
    struct at_once *at_once = at_once_new(open_again, &opener);

    assert_int_equal(opener.n_calls, 0);
    const struct db *db = at_once_begin(at_once, 1000000);

    assert_non_null(db);
    at_once_end(at_once, 1000100);
    assert_ptr_equal(at_once_begin(at_once, 1000200), db);
    assert_int_equal(opener.n_calls, 1);
    at_once_free(at_once);
}

static void without_a_connection_nothing_is_answered(void **state)
{
    struct opener opener = { .test = *state, .fails = true };
    struct at_once *at_once = at_once_new(open_again, &opener);

    assert_null(at_once_begin(at_once, 1000000));
    assert_null(at_once_begin(at_once, 2000000));
    assert_int_equal(opener.n_calls, 1);
    at_once_free(at_once);
    at_once = at_once_new(NULL, NULL);
    assert_null(at_once_begin(at_once, 1000000));
    at_once_free(at_once);
}

/* 44 ms of one answer are paid by 11 ms without: four fifths. Until then the workers have it. */
static void after_something_slow_the_workers_have_it_for_a_while(void **state)
{
    struct opener opener = { .test = *state };
    struct at_once *at_once = at_once_new(open_again, &opener);

    assert_non_null(at_once_begin(at_once, 1000000));
    at_once_end(at_once, 1044000);
    assert_null(at_once_begin(at_once, 1044100));
    assert_null(at_once_begin(at_once, 1050000));
    assert_non_null(at_once_begin(at_once, 1055000));
    at_once_free(at_once);
}

/* Each takes 90 of 100 µs: that is more than four fifths, and some are left out. */
static void a_fifth_of_the_time_stays_for_others(void **state)
{
    struct opener opener = { .test = *state };
    struct at_once *at_once = at_once_new(open_again, &opener);
    int64_t spent_us = 0;

    for (int64_t now_us = 1000000; now_us < 2000000; now_us += 100) {
        if (!at_once_begin(at_once, now_us))
            continue;
        at_once_end(at_once, now_us + 90);
        spent_us += 90;
    }
    assert_in_range(spent_us, 700000, 805000);
    at_once_free(at_once);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_connection_is_opened_when_it_is_needed),
        T(without_a_connection_nothing_is_answered),
        T(after_something_slow_the_workers_have_it_for_a_while),
        T(a_fifth_of_the_time_stays_for_others),
    };
    return cmocka_run_group_tests_name("api/at_once", tests, NULL, NULL);
}
