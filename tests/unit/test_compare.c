/* F3, F6, F7: what endpoints serve against what a record says; the first look, and renewals. */
#include "testing_story.h"

static const struct story stories[] = {
    /* ---- the first look ---- */
    {
        .title = "the first leaf seen is current",
        .versions = { { 1, "rsa", -10, 80, A } },
        .seen = { { 1, 'a', "rsa", 1 } },
        .sights = "c",
        .alert = "",
        .moves = "1:current",
    },
    {
        .title = "an RSA and an ECDSA certificate are both current",
        .versions = { { 1, "rsa", -10, 80, A }, { 2, "ecdsa", -20, 90, A } },
        .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 }, { 1, 'b', "ecdsa", 2 },
            { 1, 'b', "rsa", 1 } },
        .sights = "cccc",
        .alert = "",
        .moves = "1:current 2:current",
    },
    {
        .title = "the earliest-ending leaf is current, its kin is staged, and they are mixed",
        .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 40, A } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
        .sights = "bc",
        .alert = "mixed",
        .moves = "1:staged 2:current",
    },
    {
        .title = "an unrelated leaf is foreign at the first look, and a split is proposed",
        .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 90, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
        .sights = "cf",
        .alert = "foreign",
        .moves = "1:current",
        .is_split_proposed = true,
    },
    {
        .title = "nothing is seen at the first look",
        .seen = { { 1, 'a', "", 0, "refused" } },
        .endpoint_error = "refused",
        .sights = "-",
        .alert = "unreachable",
        .moves = "",
    },
    {
        .title = "a leaf on one address is current while another address is dead",
        .versions = { { 1, "rsa", -10, 80, A } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "", 0, "timeout" } },
        .sights = "c-",
        .alert = "unreachable",
        .moves = "1:current",
    },
    {
        .title = "an expired leaf beside a good one of its kin is the current one",
        .versions = { { 1, "rsa", -90, -1, A }, { 2, "rsa", -10, 80, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1 } },
        .sights = "bc",
        .alert = "mixed",
        .moves = "1:current 2:staged",
    },

    /* ---- nothing new ---- */
    {
        .title = "the current version everywhere is consistent",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 1 }, { 2, 'a', "rsa", 1 } },
        .sights = "ccc",
        .alert = "",
        .moves = "",
        .fates = { { 1, .n_places = 3, .laggards = "host1:443 at a: still serves v1" } },
    },
    {
        .title = "a failed check leaves what was known, and is unreachable",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1, "timeout" } },
        .endpoint_error = "timeout",
        .sights = "c",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "host1:443 at a: not reached (timeout)" } },
    },

    /* ---- renewed ---- */
    {
        .title = "a successor on every address takes the place",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2 }, { 2, 'a', "rsa", 2 } },
        .sights = "sss",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 3, 3, "" } },
    },
    {
        .title = "a successor on some addresses is staged, and the laggards are named",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1 } },
        .sights = "sc",
        .alert = "mixed",
        .moves = "2:staged",
        .fates = { { 1, false, true, 2, 2, 1, "host1:443 at b: still serves v1" } },
    },
    {
        .title = "a successor on one of two endpoints is staged",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 2 }, { 2, 'a', "rsa", 1 } },
        .sights = "sc",
        .alert = "mixed",
        .moves = "",
        .fates = { { 1, false, true, 2, 2, 1, "host2:443 at a: still serves v1" } },
    },
    {
        .title = "a staged successor that is everywhere now takes the place",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2 } },
        .sights = "ss",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 2, 2, "" } },
    },
    {
        .title = "a dead address blocks",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused" } },
        .endpoint_error = "refused",
        .sights = "sc",
        .alert = "unreachable",
        .moves = "2:staged",
        .fates = { { 1, false, true, 2, 2, 1, "host1:443 at b: not reached (refused)" } },
    },
    {
        .title = "an address that served the successor and is dead now blocks, too",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2, "refused" } },
        .endpoint_error = "refused",
        .sights = "ss",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, false, true, 2, 2, 1, "not reached (refused)" } },
    },
    {
        .title = "a dead address that left DNS does not block",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_gone = true } },
        .sights = "sc",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 1, 1, "" } },
    },
    {
        .title = "a dead address that a person gave up does not block",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_waived = true } },
        .sights = "sc",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 1, 1, "" } },
    },
    {
        .title =
            "a dead address that a person gives up does not block before the next check either",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_waived = true } },
        .endpoint_error = "refused",
        .sights = "sc",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 1, 1, "" } },
    },
    {
        .title = "a dead address that a person gave up does not hide that another one is dead",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1, "timeout" },
            { 1, 'b', "rsa", 1, "refused", .is_waived = true } },
        .endpoint_error = "timeout",
        .sights = "cc",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "at a: not reached (timeout)" } },
    },
    {
        .title = "a dead address that a person gave up does not hide that the name is lost",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_waived = true } },
        .endpoint_error = "dns",
        .sights = "sc",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, false, true, 2, 2, 1, "host1:443: not reached (dns)" } },
    },
    {
        .title = "an address of a family without a route is not checked and does not block",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "", 0, "not_routable" } },
        .sights = "s-",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 1, 1, "" } },
        .n_not_checked = 1,
    },
    {
        .title = "where nothing could be checked, nothing is replaced",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1, "not_routable" } },
        .sights = "c",
        .alert = "",
        .moves = "",
        .fates = { { 1, .laggards = "" } },
        .n_not_checked = 1,
    },
    {
        .title = "a name that could not be looked up blocks",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 2 }, { 2, 'a', "rsa", 2 } },
        .endpoint_error = "dns",
        .sights = "ss",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, false, true, 2, 3, 2, "host1:443: not reached (dns)" } },
    },
    {
        .title = "an endpoint that was never checked blocks",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
        .seen = { { 2, 'a', "rsa", 2 } },
        .is_unchecked = true,
        .sights = "s",
        .alert = "",
        .moves = "2:staged",
        .fates = { { 1, false, true, 2, 2, 1, "host1:443: not checked yet" } },
    },
    {
        .title = "a successor that does not end later takes the place, and the ticket stays",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 5, A } },
        .seen = { { 1, 'a', "rsa", 2 } },
        .sights = "s",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, false, 2, 1, 1, "" } },
    },
    {
        .title = "of two successors the one that ends first becomes current",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A },
            { 3, "rsa", -2, 88, A } },
        .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 3 } },
        .sights = "ss",
        .alert = "mixed",
        .moves = "1:superseded 2:staged 3:current",
        .fates = { { 1, true, true, 3, 2, 2, "" } },
    },
    {
        .title = "a partial successor that was taken back is let go",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 's' } },
        .seen = { { 1, 'a', "rsa", 1 } },
        .sights = "c",
        .alert = "",
        .moves = "2:superseded",
        .fates = { { 1, .n_places = 1, .laggards = "still serves" } },
    },
    {
        .title = "what was issued and is nowhere yet stays staged",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
            { 2, "rsa", -1, 89, A, .role = 's', .origin = 'i' } },
        .seen = { { 1, 'a', "rsa", 1 } },
        .sights = "c",
        .alert = "",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "still serves" } },
    },
    {
        .title = "a successor that was taken back and comes again is one still",
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A, .role = 'o' } },
        .seen = { { 1, 'a', "rsa", 2 } },
        .sights = "s",
        .alert = "",
        .moves = "1:superseded 2:current",
        .fates = { { 1, true, true, 2, 1, 1, "" } },
    },
};

static void each_story_ends_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(stories); i++)
        check_story(&stories[i]);
}

static void not_counting_has_its_reason(void **state)
{
    static const struct story story = {
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 1, .is_gone = true },
            { 1, 'c', "rsa", 1, "timeout", .is_waived = true }, { 1, 'd', "", 0, "not_routable" } },
    };
    static const char *const reasons[] = { "", "gone", "waived", "not_routable" };
    autodone(compare_result) struct compare_result result = { 0 };
    struct cast cast;

    (void)state;
    cast_story(&story, &cast);
    compare_places(&cast.input, &result);
    for (size_t i = 0; i < countof(reasons); i++) {
        assert_string_equal(result.sights[i].not_because, reasons[i]);
        assert_int_equal(result.sights[i].counts, i == 0);
    }
    assert_true(result.sights[2].is_failing);
    assert_int_equal(result.sights[0].kind, SIGHT_CURRENT);
    assert_int_equal(result.sights[3].kind, SIGHT_NOTHING);
    cast_done(&cast);
}

static void hundreds_of_laggards_are_counted(void **state)
{
    static struct observation_row observations[300];
    static char addresses[300][8];
    struct cast cast;
    autodone(compare_result) struct compare_result result = { 0 };

    (void)state;
    cast_story(&stories[9], &cast); /* a successor, everywhere */
    for (size_t i = 0; i < countof(observations); i++) {
        (void)snprintf(addresses[i], sizeof addresses[i], "a%zu", i);
        observations[i] = (struct observation_row){ .endpoint_id = 1,
            .address = addresses[i],
            .slot = text("rsa"),
            .version_id = i < 100 ? 2 : 1,
            .error_class = text(""),
            .error = text(""),
            .is_name_ok = true,
            .checked_at = NOW - 60,
            .is_in_dns = true };
    }
    cast.input.observations = observations;
    cast.input.n_observations = countof(observations);
    compare_places(&cast.input, &result);
    assert_int_equal(result.fates[0].n_places, 300);
    assert_int_equal(result.fates[0].n_replaced, 100);
    assert_contains(buf_text(&result.fates[0].laggards), "at a149: still");
    assert_null(strstr(buf_text(&result.fates[0].laggards), "at a150:"));
    assert_contains(buf_text(&result.fates[0].laggards), "and 150 more\n");
    assert_int_equal(result.alert, COMPARE_MIXED);
    cast_done(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_ends_as_told),
        cmocka_unit_test(not_counting_has_its_reason),
        cmocka_unit_test(hundreds_of_laggards_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
