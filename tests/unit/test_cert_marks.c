/* store/cert_marks: bits that an index passes records over by. */
#include "testing.h"

#include <string.h>

#include "base/buf.h"
#include "store/cert_marks.h"
#include "store/kept_text.h"

static int64_t words(const char *text)
{
    return cert_marks_of_words(span_text(text));
}

static bool has(int64_t marks, int64_t asked)
{
    return (marks & asked) == asked;
}

/* Whatever stands in the text, any part of it is found by its bits. */
static void a_text_has_the_marks_of_its_parts(void **state)
{
    static const char text[] = "shop-0001234.prod.example.org für müller 00ab3f a_b%c \\d";

    (void)state;
    for (size_t from = 0; from < sizeof text; from++) {
        for (size_t n = 0; from + n < sizeof text; n++) {
            char pattern[sizeof text + 2];

            (void)snprintf(pattern, sizeof pattern, "%%%.*s%%", (int)n, text + from);
            assert_true(has(words(text), words(pattern)));
        }
    }
}

static void other_words_have_other_marks(void **state)
{
    const int64_t shop = words("shop-0001234.prod.example.org");

    (void)state;
    assert_false(has(shop, words("%mail%")));
    assert_false(has(shop, words("%intranet%")));
    assert_false(has(shop, words("%müller%")));
}

/* They would be in every record. */
static void digits_blanks_and_wildcards_have_none(void **state)
{
    (void)state;
    assert_int_equal(words("00ff3a7c deadbeef 1234"), 0);
    assert_int_equal(words("a b c d"), 0);
    assert_int_equal(words("%xy%"), 0);
    assert_int_equal(words("%x_y%"), 0);
    assert_int_equal(words("%x\\y%"), 0);
    assert_int_equal(words(""), 0);
    assert_int_not_equal(words("xyz"), 0);
}

/* As PostgreSQL's index has them, and bench/inventory_records.py writes them. */
static void marks_stay_what_they_are(void **state)
{
    (void)state;
    assert_int_equal(words("www.example"), INT64_C(7802486354687819808));
    assert_int_equal(cert_marks_of_tags("pci"), INT64_C(17592722916352));
    assert_int_equal(cert_marks_of_group(7), INT64_C(206158446592));
}

/* With two, a tag would be found by chance in five times as many. */
static void everything_has_three_bits(void **state)
{
    (void)state;
    for (int64_t id = 1; id <= 10000; id++) {
        assert_int_equal(__builtin_popcountll((uint64_t)cert_marks_of_group(id)), 3);
        assert_int_equal(__builtin_popcountll((uint64_t)cert_marks_of_account(id)), 3);
    }
}

static void labels_are_those_of_each(void **state)
{
    autodone(buf) struct buf fields = BUF_INIT(FIELD_TEXT_MAX);
    const int64_t gold = cert_marks_of_value(span_text("gold"));
    const int64_t other = cert_marks_of_value(span_text("a 3;b"));

    (void)state;
    field_text_add(&fields, 3, "gold");
    field_text_add(&fields, 12, "a 3;b");
    assert_int_equal(cert_marks_of_fields(buf_text(&fields)), gold | other);
    assert_int_equal(cert_marks_of_fields(""), 0);
    assert_int_equal(cert_marks_of_tags("a;b"), cert_marks_of_tags("a") | cert_marks_of_tags("b"));
    assert_int_equal(cert_marks_of_tags(""), 0);
    assert_int_equal(cert_marks_of_issuer(""), 0);
    /* A tag, a value, and who is called by the same number, are not taken for each other. */
    assert_int_not_equal(cert_marks_of_tags("7"), cert_marks_of_value(span_text("7")));
    assert_int_not_equal(cert_marks_of_issuer("7"), cert_marks_of_tags("7"));
    assert_int_not_equal(cert_marks_of_account(7), cert_marks_of_group(7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_the_marks_of_its_parts),
        cmocka_unit_test(other_words_have_other_marks),
        cmocka_unit_test(digits_blanks_and_wildcards_have_none),
        cmocka_unit_test(marks_stay_what_they_are),
        cmocka_unit_test(everything_has_three_bits),
        cmocka_unit_test(labels_are_those_of_each),
    };
    return cmocka_run_group_tests_name("store/cert_marks", tests, NULL, NULL);
}
