/* base/clock: the calendar, RFC 3339 both ways, month arithmetic. */
#include "testing.h"

#include "base/clock.h"

static const struct {
    const char *text;
    int64_t at;
} instants[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1969-12-31T23:59:59Z", -1 },
    { "2000-02-29T12:00:00Z", 951825600 },
    { "2026-11-21T05:30:00Z", 1795239000 },
    { "9999-12-31T23:59:59Z", 253402300799 },
    { "0000-01-01T00:00:00Z", -62167219200 },
};

static void rfc3339_goes_both_ways(void **state)
{
    char field[CLOCK_RFC3339_SIZE];
    struct err err = { 0 };
    int64_t at;

    (void)state;
    for (size_t i = 0; i < countof(instants); i++) {
        assert_works(clock_from_rfc3339(span_text(instants[i].text), &at, &err), &err);
        assert_true(at == instants[i].at);
        assert_string_equal(clock_rfc3339(at, field), instants[i].text);
    }
}

static void rfc3339_takes_offsets_fractions_and_bare_dates(void **state)
{
    struct err err = { 0 };
    int64_t at;

    (void)state;
    assert_works(clock_from_rfc3339(span_text("2026-11-21T06:30:00.25+01:00"), &at, &err), &err);
    assert_true(at == 1795239000);
    assert_works(clock_from_rfc3339(span_text("2026-11-21"), &at, &err), &err);
    assert_true(at == 1795219200);
}

static void rfc3339_refuses_what_is_no_date(void **state)
{
    static const char *const bad[] = { "", "2026", "2026-02-30", "2026-13-01", "2026-00-10",
        "2026-11-21T", "2026-11-21T25:00:00Z", "2026-11-21T05:30:00", "2026-11-21T05:30:00.Z",
        "2026-11-21T05:30:00Zx", "-026-11-21" };
    struct err err = { 0 };
    int64_t at = 42;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        assert_fails(clock_from_rfc3339(span_text(bad[i]), &at, &err), &err, ERR_INVALID);
        assert_true(at == 42);
    }
}

static void months_are_cut_to_the_shorter_month(void **state)
{
    char field[CLOCK_RFC3339_SIZE];
    int64_t at = 0;
    struct err err = { 0 };

    (void)state;
    assert_works(clock_from_rfc3339(span_text("2026-11-30T10:00:00Z"), &at, &err), &err);
    assert_string_equal(clock_rfc3339(clock_add_months(at, 3), field), "2027-02-28T10:00:00Z");
    assert_string_equal(clock_rfc3339(clock_add_months(at, -9), field), "2026-02-28T10:00:00Z");
}

static void days_round_down(void **state)
{
    (void)state;
    assert_int_equal(clock_days_between(1000, 1000 + 86399), 0);
    assert_int_equal(clock_days_between(1000, 1000 + 86400), 1);
    assert_int_equal(clock_days_between(1000, 999), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_goes_both_ways),
        cmocka_unit_test(rfc3339_takes_offsets_fractions_and_bare_dates),
        cmocka_unit_test(rfc3339_refuses_what_is_no_date),
        cmocka_unit_test(months_are_cut_to_the_shorter_month),
        cmocka_unit_test(days_round_down),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
