/* store/trigram: what an index of three characters in a row is asked for. */
#include "testing.h"

#include <string.h>

#include "store/trigram.h"

#define ROOM 3

/* The runs with "|" between them. */
static void assert_runs(const char *pattern, const char *expected)
{
    struct span runs[ROOM];
    char text[128] = "";
    const size_t n = trigram_runs(span_text(pattern), runs, ROOM);

    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i ? "|" : "",
            (int)runs[i].size, (const char *)runs[i].data);
    assert_string_equal(text, expected);
}

static void runs_are_letters_and_digits(void **state)
{
    (void)state;
    assert_runs("%-0123456.%", "0123456");
    assert_runs("%shop-0123.prod%", "shop|0123|prod");
    assert_runs("%whole%", "whole");
    assert_runs("%für müller%", "für|müller");
    assert_runs("%ABC_def%", "ABC|def");
}

/* The end of a word may be all that there is to look for. */
static void a_short_run_leaves_the_pattern_as_it_is(void **state)
{
    (void)state;
    assert_runs("%a1-prod%", "");
    assert_runs("%prod-üb%", "");
    assert_runs("%...%", "");
    assert_runs("", "");
}

static void more_than_there_is_room_for_are_none(void **state)
{
    (void)state;
    assert_runs("%one.two.three%", "one|two|three");
    assert_runs("%one.two.three.four%", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_letters_and_digits),
        cmocka_unit_test(a_short_run_leaves_the_pattern_as_it_is),
        cmocka_unit_test(more_than_there_is_room_for_are_none),
    };
    return cmocka_run_group_tests_name("store/trigram", tests, NULL, NULL);
}
