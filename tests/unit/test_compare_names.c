/* F2, F3, F7: certificates for other names than the one asked for; and tickets about versions that
 * were replaced before. */
#include "testing_story.h"

static const struct story stories[] = {
    /* ---- the wrong host ---- */
    {
        .title = "a leaf that does not cover the name it is served for is for the wrong host",
        .versions = { { 1, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true } },
        .sights = "c",
        .alert = "wrong_host",
        .moves = "1:current",
    },
    {
        .title = "a name that is sent counts more than an address",
        .versions = { { 1, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true } },
        .host = "192.0.2.1",
        .sni = "a.example",
        .sights = "c",
        .alert = "wrong_host",
        .moves = "1:current",
    },
    {
        .title = "an address alone asks for no name",
        .versions = { { 1, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true } },
        .host = "2001:db8::1",
        .sights = "c",
        .alert = "",
        .moves = "1:current",
    },
    {
        .title = "a person who has said what must be covered knows better",
        .versions = { { 1, "rsa", -10, 80, "b.example c.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true } },
        .required = "b.example c.example",
        .sights = "c",
        .alert = "",
        .moves = "1:current",
    },
    {
        .title = "less than what a person has said must be covered is for the wrong host still",
        .versions = { { 1, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true } },
        .required = "b.example c.example",
        .sights = "c",
        .alert = "wrong_host",
        .moves = "1:current",
    },
    {
        .title = "the wrong host is worse than an address that fails",
        .versions = { { 1, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1, .is_misnamed = true }, { 1, 'b', "", 0, "timeout" } },
        .sights = "c-",
        .alert = "wrong_host",
        .moves = "1:current",
    },
    {
        .title = "what an address served for the wrong host before it failed is not known today",
        .versions = { { 1, "rsa", -10, 80, "b.example", .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1, "timeout", .is_misnamed = true } },
        .sights = "c",
        .alert = "unreachable",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "not reached" } },
    },
    {
        .title = "an address that left DNS with the wrong host alarms nobody",
        .versions = { { 1, "rsa", -10, 80, A, .role = 'c' }, { 2, "rsa", -10, 80, "b.example" } },
        .seen = { { 1, 'a', "rsa", 1 },
            { 1, 'b', "rsa", 2, .is_gone = true, .is_misnamed = true } },
        .sights = "cf",
        .alert = "",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "still serves v1" } },
    },
    {
        .title = "a stranger for another name is foreign, which is worse",
        .versions = { { 1, "rsa", -10, 80, A, .role = 'c' }, { 2, "rsa", -1, 89, "b.example" } },
        .seen = { { 1, 'a', "rsa", 2, .is_misnamed = true } },
        .sights = "f",
        .alert = "foreign",
        .moves = "",
        .fates = { { 1, .n_places = 1, .laggards = "which is no successor" } },
    },
    {
        .title = "at the first look, a stand-in that ends sooner does not become current",
        .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 40, "default.invalid" } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2, .is_misnamed = true } },
        .sights = "cf",
        .alert = "foreign",
        .moves = "1:current",
        .is_split_proposed = true,
    },
    {
        .title =
            "at the first look, an expired leaf for the name is rather current than a stand-in",
        .versions = { { 1, "rsa", -90, -1, A }, { 2, "ecdsa", -50, 40, "default.invalid" } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "ecdsa", 2, .is_misnamed = true } },
        .sights = "cf",
        .alert = "foreign",
        .moves = "1:current",
        .is_split_proposed = true,
    },
};

static void each_story_ends_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(stories); i++)
        check_story(&stories[i]);
}

static void the_name_of_every_alert_is_known(void **state)
{
    (void)state;
    for (int i = COMPARE_NONE + 1; i < N_COMPARE_ALERTS; i++)
        assert_true(compare_is_alert_name(compare_alert_name((enum compare_alert)i)));
    assert_false(compare_is_alert_name(""));
    assert_false(compare_is_alert_name("wrong"));
}

/* ---- what was replaced before ---- */

/* The fate asked for is that of version 1, which is not current any more. */
static const struct {
    struct story story;
    bool is_replaced;
    bool ends_later;
    const char *laggards;
} old[] = {
    { { .title = "what took its place ends sooner, and another kind of key later",
          .versions = { { 1, "rsa", -80, 10, A, .role = 'o' }, { 2, "rsa", -1, 5, A, .role = 'c' },
              { 3, "ecdsa", -1, 89, A, .role = 'c' } },
          .seen = { { 1, 'a', "ecdsa", 3 }, { 1, 'a', "rsa", 2 } } },
        true, false, "" },
    { { .title = "its slot is retired, and all that is left ends later",
          .versions = { { 1, "rsa", -80, 10, A, .role = 'o' },
              { 3, "ecdsa", -1, 89, A, .role = 'c' } },
          .seen = { { 1, 'a', "ecdsa", 3 }, { 1, 'b', "ecdsa", 3 } } },
        true, true, "" },
    { { .title = "at last what is in its slot ends later",
          .versions = { { 1, "rsa", -80, 10, A, .role = 'o' }, { 2, "rsa", -3, 5, A, .role = 'o' },
              { 3, "rsa", -1, 89, A, .role = 'c' } },
          .seen = { { 1, 'a', "rsa", 3 } } },
        true, true, "" },
    { { .title = "one address has what ends later, the other what does not",
          .versions = { { 1, "rsa", -80, 10, A, .role = 'o' }, { 2, "rsa", -3, 5, A, .role = 'c' },
              { 3, "rsa", -1, 89, A, .role = 's' } },
          .seen = { { 1, 'a', "rsa", 3 }, { 1, 'b', "rsa", 2 } } },
        true, false, "" },
    { { .title = "one address is back at the old one",
          .versions = { { 1, "rsa", -80, 10, A, .role = 'o' },
              { 3, "rsa", -1, 89, A, .role = 'c' } },
          .seen = { { 1, 'a', "rsa", 3 }, { 1, 'b', "rsa", 1 } } },
        false, true, "host1:443 at b: still serves v1" },
};

static void what_was_replaced_before_is_judged_by_all_that_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(old); i++) {
        autodone(compare_fate) struct compare_fate fate = { 0 };
        struct cast cast;

        cast_story(&old[i].story, &cast);
        assert_true(compare_fate_of_old(&cast.input, 1, &fate));
        if (fate.is_replaced != old[i].is_replaced || fate.ends_later != old[i].ends_later ||
            !strstr(buf_text(&fate.laggards), old[i].laggards))
            fail_msg("%s: replaced %d, later %d: %s", old[i].story.title, fate.is_replaced,
                fate.ends_later, buf_text(&fate.laggards));
        cast_done(&cast);
    }
}

static void nothing_is_known_of_what_nobody_has(void **state)
{
    autodone(compare_fate) struct compare_fate fate = { 0 };
    struct cast cast;

    (void)state;
    cast_story(&old[0].story, &cast);
    assert_false(compare_fate_of_old(&cast.input, 99, &fate));
    cast_done(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_ends_as_told),
        cmocka_unit_test(the_name_of_every_alert_is_known),
        cmocka_unit_test(what_was_replaced_before_is_judged_by_all_that_is_served),
        cmocka_unit_test(nothing_is_known_of_what_nobody_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
