/* F5, F6: when people are told that a certificate ends. */
#include "testing.h"

#include "core/window.h"

#define DAY INT64_C(86400)
#define END INT64_C(1800000000)

struct told {
    int64_t days[8];
    size_t n;
};

static const struct {
    const char *title;
    int64_t lifetime_days;
    int64_t now; /* days before the end */
    struct told noticed;
    int64_t snoozed_until; /* days before the end; 0: not */
    bool is_due;
    int64_t period;
    enum priority priority;
    int64_t next; /* days before the end; 0: never */
} cases[] = {
    { "nothing is due yet", 397, 91, { { 0 }, 0 }, 0, false, 0, 0, 90 },
    { "the first period", 397, 90, { { 0 }, 0 }, 0, true, 90, PRIORITY_LOW, 60 },
    { "told already", 397, 89, { { 90 }, 1 }, 0, false, 0, 0, 60 },
    { "the second", 397, 60, { { 90 }, 1 }, 0, true, 60, PRIORITY_LOW, 30 },
    { "several passed at once are one", 397, 10, { { 0 }, 0 }, 0, true, 14, PRIORITY_MEDIUM, 7 },
    { "several passed since the last", 397, 2, { { 90, 60 }, 2 }, 0, true, 3, PRIORITY_HIGH, 1 },
    { "the last day", 397, 1, { { 3 }, 1 }, 0, true, 1, PRIORITY_HIGHEST, -1 },
    { "the day after", 397, -1, { { 1 }, 1 }, 0, true, -1, PRIORITY_HIGHEST, -7 },
    { "a week after", 397, -7, { { -1, 1 }, 2 }, 0, true, -7, PRIORITY_HIGHEST, 0 },
    { "all is told", 397, -8, { { -7 }, 1 }, 0, false, 0, 0, 0 },
    { "added when it was long gone", 397, -100, { { 0 }, 0 }, 0, true, -7, PRIORITY_HIGHEST, 0 },
    { "a later one told covers those before", 397, 50, { { 14 }, 1 }, 0, false, 0, 0, 7 },
    { "47 days: 90 and 60 are skipped", 47, 46, { { 0 }, 0 }, 0, false, 0, 0, 30 },
    { "47 days: 30 is not", 47, 30, { { 0 }, 0 }, 0, true, 30, PRIORITY_MEDIUM, 14 },
    { "30 days: 30 is its beginning, and skipped", 30, 30, { { 0 }, 0 }, 0, false, 0, 0, 14 },
    { "6 days: only the last ones are left", 6, 5, { { 0 }, 0 }, 0, false, 0, 0, 3 },
    { "snoozed: not yet", 397, 30, { { 90 }, 1 }, 20, false, 0, 0, 20 },
    { "snoozed: over now", 397, 20, { { 90 }, 1 }, 20, true, 30, PRIORITY_MEDIUM, 14 },
    { "snoozed while nothing is due", 397, 80, { { 90 }, 1 }, 70, false, 0, 0, 60 },
};

static void periods_are_told_of_once_and_in_time(void **state)
{
    struct window_periods periods;

    (void)state;
    window_default_periods(&periods);
    for (size_t i = 0; i < countof(cases); i++) {
        const struct window_input input = {
            .periods = &periods,
            .begins_at = END - cases[i].lifetime_days * DAY,
            .expires_at = END,
            .noticed = cases[i].noticed.days,
            .n_noticed = cases[i].noticed.n,
            .snoozed_until = cases[i].snoozed_until ? END - cases[i].snoozed_until * DAY : 0,
            .now = END - cases[i].now * DAY,
        };
        const int64_t next_at = cases[i].next ? END - cases[i].next * DAY : 0;
        struct window_answer answer;

        window_look(&input, &answer);
        if (answer.is_due != cases[i].is_due || answer.next_at != next_at ||
            (answer.is_due &&
                (answer.period != cases[i].period || answer.priority != cases[i].priority)))
            fail_msg("%s: due %d, period %d, priority %s, next %d", cases[i].title, answer.is_due,
                (int)answer.period, priority_name(answer.priority),
                (int)((END - answer.next_at) / DAY));
    }
}

static void nothing_is_told_without_periods(void **state)
{
    static const struct window_periods none = { .n = 0 };
    const struct window_input input = { .periods = &none, .expires_at = END, .now = END };
    struct window_answer answer;

    (void)state;
    window_look(&input, &answer);
    assert_false(answer.is_due);
    assert_int_equal(answer.next_at, 0);
}

static void looking_at_next_at_misses_nothing(void **state)
{
    struct window_periods periods;
    int64_t noticed[WINDOW_PERIODS_MAX];
    size_t n = 0;
    struct window_answer answer = { 0 };
    struct window_input input = { .periods = &periods,
        .begins_at = END - 397 * DAY,
        .expires_at = END,
        .noticed = noticed,
        .now = END - 390 * DAY };

    (void)state;
    window_default_periods(&periods);
    do {
        input.n_noticed = n;
        window_look(&input, &answer);
        if (answer.is_due)
            noticed[n++] = answer.period;
        if (answer.next_at)
            input.now = answer.next_at;
    } while (answer.next_at);
    assert_int_equal(n, periods.n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(noticed[i], periods.days[i]);
}

static void priority_rises(void **state)
{
    static const enum priority expected[] = { PRIORITY_LOW, PRIORITY_LOW, PRIORITY_MEDIUM,
        PRIORITY_MEDIUM, PRIORITY_HIGH, PRIORITY_HIGH, PRIORITY_HIGHEST, PRIORITY_HIGHEST,
        PRIORITY_HIGHEST };
    struct window_periods periods;
    enum priority priority = PRIORITY_LOWEST;

    (void)state;
    window_default_periods(&periods);
    for (size_t i = 0; i < periods.n; i++)
        assert_int_equal(window_priority(&periods, periods.days[i]), expected[i]);
    for (int i = 0; i < N_PRIORITIES; i++) {
        assert_true(priority_from_name(priority_name((enum priority)i), &priority));
        assert_int_equal(priority, i);
    }
    assert_false(priority_from_name("urgent", &priority));
}

static void periods_come_from_json(void **state)
{
    struct window_periods periods;
    struct err err = { 0 };

    (void)state;
    assert_works(window_periods_from_json("[-1, 7, 90]", &periods, &err), &err);
    assert_int_equal(periods.n, 3);
    assert_int_equal(periods.days[0], 90);
    assert_int_equal(periods.days[1], 7);
    assert_int_equal(periods.days[2], -1);
    assert_works(window_periods_from_json("[]", &periods, &err), &err);
    assert_int_equal(periods.n, 0);
}

static const struct {
    const char *json;
    enum err_kind kind;
    const char *says;
} rejected[] = {
    { "[0]", ERR_INVALID, "from 1 to 3650 before the end" },
    { "[3651]", ERR_INVALID, "from 1 to 3650" },
    { "[-3651]", ERR_INVALID, "from -1 to -3650" },
    { "[\"90\"]", ERR_INVALID, "number of days" },
    { "[7,30,7]", ERR_INVALID, "the period 7 is there twice" },
    { "[", ERR_INVALID, "JSON" },
    { "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33]",
        ERR_LIMIT, "more than 32" },
};

static void periods_say_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected); i++) {
        struct window_periods periods = { .n = 77 };
        struct err err = { 0 };

        assert_fails(window_periods_from_json(rejected[i].json, &periods, &err), &err,
            rejected[i].kind);
        assert_contains(err.msg, rejected[i].says);
        assert_int_equal(periods.n, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_are_told_of_once_and_in_time),
        cmocka_unit_test(nothing_is_told_without_periods),
        cmocka_unit_test(looking_at_next_at_misses_nothing),
        cmocka_unit_test(priority_rises),
        cmocka_unit_test(periods_come_from_json),
        cmocka_unit_test(periods_say_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
