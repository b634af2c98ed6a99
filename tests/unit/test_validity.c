/* F24: valid, expiring soon, expired and the rest, from dates and revocation. */
#include "testing.h"

#include "base/clock.h"
#include "base/span.h"
#include "core/display.h"
#include "core/rows_cert.h"

static int64_t instant(const char *text)
{
    int64_t at = 0;
    struct err err = { 0 };

    assert_works(clock_from_rfc3339(span_text(text), &at, &err), &err);
    return at;
}

static const struct {
    struct display_rule rule;
    const char *begins;
    const char *ends;
    const char *expiring;
} rules[] = {
    { { 3, 0 }, "2026-01-01", "2027-01-01", "2026-10-01" },
    { { 3, 0 }, "2026-01-01", "2026-05-31",
        "2026-02-28" }, /* calendar months: cut to the last day */
    { { 1, 0 }, "2026-01-01", "2028-03-31", "2028-02-29" },
    { { 3, 0 }, "2026-01-01", "2026-02-17", "2026-01-01" },  /* lives for less than that */
    { { 3, 33 }, "2026-01-01", "2026-04-11", "2026-03-09" }, /* a third of a hundred days left */
    { { 3, 100 }, "2026-01-01", "2026-04-11", "2026-01-01" },
    { { 3, 33 }, "2026-04-11", "2026-01-01", "2026-01-01" }, /* ends before it begins */
};

static void expiring_soon_begins_as_the_rule_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rules); i++) {
        char field[CLOCK_RFC3339_SIZE];
        const int64_t at =
            display_expiring_at(&rules[i].rule, instant(rules[i].begins), instant(rules[i].ends));

        if (at != instant(rules[i].expiring))
            fail_msg("case %zu: %s", i, clock_rfc3339(at, field));
    }
}

#define BEGINS 1000
#define EXPIRING 2000
#define ENDS 3000

static const struct {
    int64_t now;
    int64_t version_id;
    int64_t revoked_at;
    enum cert_status status;
} statuses[] = {
    { 999, 1, 0, CERT_NOT_YET_VALID }, { 1000, 1, 0, CERT_VALID }, { 1999, 1, 0, CERT_VALID },
    { 2000, 1, 0, CERT_EXPIRING_SOON },
    { 3000, 1, 0, CERT_EXPIRING_SOON }, /* the last second is inside (RFC 5280, 4.1.2.5) */
    { 3001, 1, 0, CERT_EXPIRED }, { 1500, 0, 0, CERT_UNKNOWN }, { 1500, 1, 1400, CERT_REVOKED },
    { 3001, 1, 1400, CERT_REVOKED }, /* outranks the dates */
};

static void status_follows_from_dates_and_revocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(statuses); i++) {
        const struct cert_row row = {
            .version_id = statuses[i].version_id,
            .begins_at = BEGINS,
            .expiring_at = EXPIRING,
            .expires_at = ENDS,
            .revoked_at = statuses[i].revoked_at,
        };

        if (cert_row_status(&row, statuses[i].now) != statuses[i].status)
            fail_msg("case %zu: %s", i, cert_status_name(cert_row_status(&row, statuses[i].now)));
    }
}

static void status_words_go_there_and_back(void **state)
{
    enum cert_status status = CERT_UNKNOWN;

    (void)state;
    for (int i = 0; i < N_CERT_STATUS; i++) {
        assert_true(cert_status_from_name(cert_status_name((enum cert_status)i), &status));
        assert_int_equal(status, i);
    }
    assert_true(cert_status_from_name("active", &status));
    assert_int_equal(status, CERT_VALID);
    assert_false(cert_status_from_name("fine", &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiring_soon_begins_as_the_rule_says),
        cmocka_unit_test(status_follows_from_dates_and_revocation),
        cmocka_unit_test(status_words_go_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
