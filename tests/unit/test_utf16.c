#include "testing.h"

#include "codec/utf16.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct {
    struct {
        const char *bytes;
        size_t size;
    } text;
    const char *utf8;
} texts[] = {
    { TEXT("\xff\xfe"), "" },
    { TEXT("\xff\xfe"
           "a\0,\0\r\0\n\0"),
        "a,\r\n" },
    { TEXT("\xfe\xff"
           "\0a\0,\0\r\0\n"),
        "a,\r\n" },
    { TEXT("\xff\xfe\xfc\0\xac\x20"), "\xc3\xbc\xe2\x82\xac" },
    { TEXT("\xfe\xff\xd8\x3d\xde\x00"), "\xf0\x9f\x98\x80" },
    { TEXT("\xff\xfe\x3d\xd8\x00\xde"
           "a\0"),
        "\xf0\x9f\x98\x80"
        "a" },
    /* halves of pairs, and of units */
    { TEXT("\xff\xfe\x3d\xd8"
           "a\0"),
        "\xef\xbf\xbd"
        "a" },
    { TEXT("\xff\xfe\x3d\xd8\x3d\xd8\x00\xde"), "\xef\xbf\xbd\xf0\x9f\x98\x80" },
    { TEXT("\xff\xfe\x00\xde"
           "a\0"),
        "\xef\xbf\xbd"
        "a" },
    { TEXT("\xff\xfe"
           "a\0\x3d\xd8"),
        "a\xef\xbf\xbd" },
    { TEXT("\xff\xfe"
           "a\0b"),
        "a\xef\xbf\xbd" },
};

/* F10: Excel's "Unicode text" */
static void utf16_becomes_utf8_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        const struct span text = span_of(texts[i].text.bytes, texts[i].text.size);

        assert_true(utf16_is_marked(text));
        for (size_t step = 1; step < 6; step++) {
            struct utf16 utf16 = utf16_begin(text);
            autodone(buf) struct buf out = BUF_INIT(UTF16_GROWTH(text.size));

            for (size_t at = UTF16_MARK_SIZE; at < text.size; at += step)
                utf16_add(&utf16, span_slice(text, at, step), &out);
            utf16_end(&utf16, &out);
            assert_true(buf_ok(&out));
            assert_string_equal(buf_text(&out), texts[i].utf8);
        }
    }
}

static void utf16_is_known_by_its_mark_alone(void **state)
{
    (void)state;
    assert_false(utf16_is_marked(span_text("")));
    assert_false(utf16_is_marked(span_text("\xff")));
    assert_false(utf16_is_marked(span_text("a,b")));
    assert_false(utf16_is_marked(span_text("\xef\xbb\xbf"
                                           "a")));
    assert_false(utf16_is_marked(span_of("a\0b\0", 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf16_becomes_utf8_cut_anywhere),
        cmocka_unit_test(utf16_is_known_by_its_mark_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
