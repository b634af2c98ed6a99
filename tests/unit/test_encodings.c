/* codec/base64, codec/hex and codec/url. */
#include "testing.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/url.h"

/* RFC 4648, 10, and bytes that differ between the alphabets. */
static const struct {
    const char *bytes;
    const char *standard;
    const char *url;
    const char *hex;
} pairs[] = {
    { "", "", "", "" },
    { "f", "Zg==", "Zg", "66" },
    { "fo", "Zm8=", "Zm8", "666f" },
    { "foo", "Zm9v", "Zm9v", "666f6f" },
    { "foob", "Zm9vYg==", "Zm9vYg", "666f6f62" },
    { "\xff\xfb\xfe", "//v+", "__v-", "fffbfe" },
};

static void encodings_go_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(pairs); i++) {
        autodone(buf) struct buf buf = BUF_INIT(100);
        char field[16];
        uint8_t bytes[8];
        struct err err = { 0 };

        base64_encode(span_text(pairs[i].bytes), &buf);
        assert_string_equal(buf_text(&buf), pairs[i].standard);
        buf_clear(&buf);
        base64_encode_url(span_text(pairs[i].bytes), &buf);
        assert_string_equal(buf_text(&buf), pairs[i].url);
        buf_clear(&buf);
        assert_string_equal(hex_encode(span_text(pairs[i].bytes), field, sizeof field),
            pairs[i].hex);
        buf_clear(&buf);
        assert_works(base64_decode(span_text(pairs[i].standard), &buf, &err), &err);
        assert_works(base64_decode_url(span_text(pairs[i].url), &buf, &err), &err);
        assert_works(hex_decode(span_text(pairs[i].hex), bytes, strlen(pairs[i].bytes), &err),
            &err);
        assert_memory_equal(bytes, pairs[i].bytes, strlen(pairs[i].bytes));
        assert_int_equal(buf.size, 2 * strlen(pairs[i].bytes));
        assert_memory_equal(buf_text(&buf), pairs[i].bytes, strlen(pairs[i].bytes));
    }
}

static void decoders_are_strict_and_leave_the_rest_alone(void **state)
{
    static const char *const bad[] = { "Zg", "Zg=", "Zg===", "Zh==", "Zm9 v", "Zm9v\n", "Z", "__v-",
        "Z\377z/" };
    static const char *const bad_url[] = { "Zg==", "Zh", "//v+", "Z", "Z g" };
    static const char *const bad_hex[] = { "6", "6g", "666", "", "g6", " 6" };
    uint8_t byte = 7;
    autodone(buf) struct buf buf = BUF_INIT(100);
    struct err err = { 0 };

    (void)state;
    buf_add_text(&buf, "before");
    for (size_t i = 0; i < countof(bad); i++)
        assert_fails(base64_decode(span_text(bad[i]), &buf, &err), &err, ERR_INVALID);
    for (size_t i = 0; i < countof(bad_url); i++)
        assert_fails(base64_decode_url(span_text(bad_url[i]), &buf, &err), &err, ERR_INVALID);
    for (size_t i = 0; i < countof(bad_hex); i++)
        assert_fails(hex_decode(span_text(bad_hex[i]), &byte, 1, &err), &err, ERR_INVALID);
    assert_string_equal(buf_text(&buf), "before");
    assert_int_equal(byte, 7);
    assert_works(hex_decode(SPAN_LITERAL("aB"), &byte, 1, &err), &err);
    assert_int_equal(byte, 0xab);
}

static void decoders_keep_the_ceiling(void **state)
{
    autodone(buf) struct buf buf = BUF_INIT(8);
    struct err err = { 0 };

    (void)state;
    assert_fails(base64_decode(SPAN_LITERAL("AAAAAAAAAAAAAAAA"), &buf, &err), &err, ERR_LIMIT);
}

static void url_encoding_goes_there_and_back(void **state)
{
    autodone(buf) struct buf encoded = BUF_INIT(100);
    autodone(buf) struct buf decoded = BUF_INIT(100);
    struct err err = { 0 };

    (void)state;
    url_encode(SPAN_LITERAL("a b+&=/~\xc3\xbc"), &encoded);
    assert_string_equal(buf_text(&encoded), "a%20b%2B%26%3D%2F~%C3%BC");
    assert_works(url_decode(buf_span(&encoded), false, &decoded, &err), &err);
    assert_string_equal(buf_text(&decoded), "a b+&=/~\xc3\xbc");
    buf_clear(&decoded);
    assert_works(url_decode(SPAN_LITERAL("a+b%2b"), true, &decoded, &err), &err);
    assert_string_equal(buf_text(&decoded), "a b+");
    buf_clear(&decoded);
    assert_works(url_decode(SPAN_LITERAL("a+b"), false, &decoded, &err), &err);
    assert_string_equal(buf_text(&decoded), "a+b");
}

static void url_decoding_refuses(void **state)
{
    static const char *const bad[] = { "%", "%4", "%4g", "%g4", "a%", "%00", "%ff", "%c3",
        "%ed%a0%80" };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        autodone(buf) struct buf out = BUF_INIT(100);

        assert_fails(url_decode(span_text(bad[i]), false, &out, &err), &err, ERR_INVALID);
    }
    autodone(buf) struct buf small = BUF_INIT(2);

    assert_fails(url_decode(SPAN_LITERAL("abc"), false, &small, &err), &err, ERR_LIMIT);
}

static void query_is_read_part_by_part(void **state)
{
    autodone(buf) struct buf name = BUF_INIT(100);
    autodone(buf) struct buf value = BUF_INIT(100);
    struct span rest = SPAN_LITERAL("&q=a+b&&flag&x=1=2&%zz=1&y=%C3%BC");
    bool is_bad = false;

    (void)state;
    assert_true(url_query_next(&rest, &name, &value, &is_bad));
    assert_string_equal(buf_text(&name), "q");
    assert_string_equal(buf_text(&value), "a b");
    assert_true(url_query_next(&rest, &name, &value, &is_bad));
    assert_string_equal(buf_text(&name), "flag");
    assert_string_equal(buf_text(&value), "");
    assert_true(url_query_next(&rest, &name, &value, &is_bad));
    assert_string_equal(buf_text(&value), "1=2");
    assert_false(url_query_next(&rest, &name, &value, &is_bad));
    assert_true(is_bad);
    assert_true(url_query_next(&rest, &name, &value, &is_bad));
    assert_string_equal(buf_text(&value), "\xc3\xbc");
    assert_false(url_query_next(&rest, &name, &value, &is_bad));
    assert_false(is_bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings_go_there_and_back),
        cmocka_unit_test(decoders_are_strict_and_leave_the_rest_alone),
        cmocka_unit_test(decoders_keep_the_ceiling),
        cmocka_unit_test(url_encoding_goes_there_and_back),
        cmocka_unit_test(url_decoding_refuses),
        cmocka_unit_test(query_is_read_part_by_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
