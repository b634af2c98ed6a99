/* base/buf: ceilings hold, the terminating NUL is always there. */
#include "testing.h"

#include "base/buf.h"

static void buf_refuses_past_its_ceiling_and_remembers(void **state)
{
    autodone(buf) struct buf b = BUF_INIT(8);
    struct err err = { 0 };

    (void)state;
    buf_add_text(&b, "12345678");
    assert_true(buf_ok(&b));
    buf_add_char(&b, '9');
    buf_clear(&b);
    buf_add_text(&b, "123456789");
    assert_int_equal(b.size, 0);
    buf_add_text(&b, "x");
    assert_fails(buf_check(&b, "the answer", &err), &err, ERR_LIMIT);
    assert_string_equal(err.msg, "the answer is larger than 8 bytes");
}

static void buf_formats_long_text_whole(void **state)
{
    autodone(buf) struct buf b = BUF_INIT(4096);

    (void)state;
    buf_addf(&b, "%01000d|", 7);
    assert_int_equal(b.size, 1001);
    assert_int_equal(b.data[1000], '|');
    assert_int_equal(b.data[1001], '\0');
}

static void buf_reserves_within_its_ceiling(void **state)
{
    autodone(buf) struct buf b = BUF_INIT(10);

    (void)state;
    buf_reserve(&b, 4);
    assert_true(b.room >= 5 && b.size == 0);
    assert_string_equal(buf_text(&b), "");
    buf_add_text(&b, "123");
    const uint8_t *at = b.data;

    buf_add_text(&b, "4");
    assert_ptr_equal(b.data, at);
    buf_reserve(&b, SIZE_MAX);
    assert_int_equal(b.room, 11);
    assert_string_equal(buf_text(&b), "1234");
    assert_true(buf_ok(&b));
    buf_add_text(&b, "567890");
    assert_true(buf_ok(&b));
    buf_add_char(&b, 'x');
    assert_false(buf_ok(&b));
}

static void buf_drops_from_the_front(void **state)
{
    autodone(buf) struct buf b = BUF_INIT(64);

    (void)state;
    buf_add_text(&b, "hello world");
    buf_drop(&b, 6);
    assert_string_equal(buf_text(&b), "world");
    buf_drop(&b, 99);
    assert_string_equal(buf_text(&b), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_refuses_past_its_ceiling_and_remembers),
        cmocka_unit_test(buf_formats_long_text_whole),
        cmocka_unit_test(buf_reserves_within_its_ceiling),
        cmocka_unit_test(buf_drops_from_the_front),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
