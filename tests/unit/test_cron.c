#include "testing.h"

#include "base/clock.h"
#include "codec/cron.h"

static struct cron parsed(const char *text)
{
    struct cron cron = { 0 };
    struct err err = { 0 };

    assert_works(cron_parse(span_text(text), &cron, &err), &err);
    return cron;
}

static int64_t instant(const char *text)
{
    int64_t at = 0;
    struct err err = { 0 };

    assert_works(clock_from_rfc3339(span_text(text), &at, &err), &err);
    return at;
}

/* F5: schedules are cron expressions. */
static const struct {
    const char *text;
    const char *after;
    const char *next;
} runs[] = {
    { "* * * * *", "2026-11-21T05:30:00Z", "2026-11-21T05:31:00Z" },
    { "* * * * *", "2026-11-21T05:30:59Z", "2026-11-21T05:31:00Z" },
    { "*/15 * * * *", "2026-11-21T05:46:00Z", "2026-11-21T06:00:00Z" },
    { "5/20 * * * *", "2026-11-21T05:30:00Z", "2026-11-21T05:45:00Z" },
    { "0,30 8-9 * * *", "2026-11-21T09:30:00Z", "2026-11-22T08:00:00Z" },
    { "10-30/10 0 * * *", "2026-12-31T00:30:00Z", "2027-01-01T00:10:00Z" },
    { "@hourly", "2026-11-21T05:30:00Z", "2026-11-21T06:00:00Z" },
    { "@daily", "2026-11-21T05:30:00Z", "2026-11-22T00:00:00Z" },
    { "@midnight", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z" },
    { "@weekly", "2026-11-21T05:30:00Z", "2026-11-22T00:00:00Z" }, /* a Sunday */
    { " @Monthly ", "2026-11-21T05:30:00Z", "2026-12-01T00:00:00Z" },
    { "@yearly", "2026-11-21T05:30:00Z", "2027-01-01T00:00:00Z" },
    { "@annually", "2026-11-21T05:30:00Z", "2027-01-01T00:00:00Z" },
    { "0 6 * * mon-fri", "2026-11-21T05:30:00Z", "2026-11-23T06:00:00Z" },
    { "0 6 * * SUN", "2026-11-21T05:30:00Z", "2026-11-22T06:00:00Z" },
    { "0 6 * * 7", "2026-11-21T05:30:00Z", "2026-11-22T06:00:00Z" },
    { "0 6 * * 5-7", "2026-11-22T06:00:00Z", "2026-11-27T06:00:00Z" },
    { "0 0 31 * *", "2026-11-21T05:30:00Z", "2026-12-31T00:00:00Z" },
    { "0 0 29 2 *", "2026-11-21T05:30:00Z", "2028-02-29T00:00:00Z" },
    { "0 0 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z" },
    { "0 0 13 * fri", "2026-11-21T05:30:00Z", "2026-11-27T00:00:00Z" },   /* either is enough */
    { "0 0 */14 * fri", "2026-11-21T05:30:00Z", "2027-01-01T00:00:00Z" }, /* both are needed */
    { "0\t0  1 jan,jul *", "2026-11-21T05:30:00Z", "2027-01-01T00:00:00Z" },
    { "59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z" },
    { "0 0 30 2 mon", "2026-11-21T05:30:00Z", "2027-02-01T00:00:00Z" },
    { "* * * * *", "1969-12-31T23:59:30Z", "1970-01-01T00:00:00Z" },
};

static void cron_finds_the_next_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(runs); i++) {
        const struct cron cron = parsed(runs[i].text);
        char field[CLOCK_RFC3339_SIZE];
        const char *const next = clock_rfc3339(cron_next(&cron, instant(runs[i].after), 0), field);

        if (strcmp(next, runs[i].next) != 0)
            fail_msg("\"%s\" after %s is %s, not %s", runs[i].text, runs[i].after, next,
                runs[i].next);
    }
}

static void cron_lists_the_next_five_runs(void **state)
{
    const struct cron cron = parsed("0 3 * * sat");
    int64_t next[5];

    (void)state;
    cron_next_runs(&cron, instant("2026-11-21T03:00:00Z"), 0, next, countof(next));
    for (size_t i = 0; i < countof(next); i++)
        assert_true(next[i] == instant("2026-11-28T03:00:00Z") + (int64_t)i * 7 * SECONDS_PER_DAY);
}

/* F52: a clock east or west of Greenwich. */
static void cron_may_follow_another_clock(void **state)
{
    const struct cron cron = parsed("0 3 * * *");

    (void)state;
    assert_true(
        cron_next(&cron, instant("2026-11-21T05:30:00Z"), 3600) == instant("2026-11-22T02:00:00Z"));
    assert_true(cron_next(&cron, instant("2026-11-21T05:30:00Z"), -8 * 3600) ==
                instant("2026-11-21T11:00:00Z"));
}

static const struct {
    const char *text;
    const char *says;
} rejected[] = {
    { "", "five fields (minute hour day month weekday), not 0" },
    { "* * * *", "not 4" },
    { "* * * * * *", "not 6" },
    { "@reboot", "not 1" },
    { "60 * * * *", "minute: 60 is not between 0 and 59" },
    { "* 24 * * *", "hour: 24 is not between 0 and 23" },
    { "* * 0 * *", "day: 0 is not between 1 and 31" },
    { "* * 32 * *", "day: 32 is not between 1 and 31" },
    { "* * * 13 *", "month: 13 is not between 1 and 12" },
    { "* * * * 8", "weekday: 8 is not between 0 and 7" },
    { "* * * fun *", "month: \"fun\" is not understood" },
    { "* jan * * *", "hour: \"jan\" is not understood" },
    { "5-1 * * * *", "minute: the range 5-1 runs backwards" },
    { "-1 * * * *", "minute: -1 is not between" },
    { "1- * * * *", "minute: \"\" is not understood" },
    { "*/0 * * * *", "minute: the step \"0\" is not between 1 and 59" },
    { "*/x * * * *", "minute: the step \"x\" is not" },
    { "*/ * * * *", "minute: the step \"\" is not" },
    { "1,,2 * * * *", "minute: there is an empty entry" },
    { "99999999999999999999 * * * *", "is not understood" },
    { "0 0 30 2 *", "never runs" },
    { "0 0 31 4,6,9,11 *", "never runs" },
};

static void cron_says_which_field_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected); i++) {
        struct cron cron = { .minutes = 7 };
        struct err err = { 0 };

        assert_fails(cron_parse(span_text(rejected[i].text), &cron, &err), &err, ERR_INVALID);
        assert_contains(err.msg, rejected[i].says);
        assert_int_equal(cron.minutes, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cron_finds_the_next_run),
        cmocka_unit_test(cron_lists_the_next_five_runs),
        cmocka_unit_test(cron_may_follow_another_clock),
        cmocka_unit_test(cron_says_which_field_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
