#include "testing.h"

#include "codec/icalendar.h"

/* F8: whatever a certificate is called, a line of the calendar stays one property. */
static const struct {
    const char *text;
    const char *line;
} texts[] = {
    { "plain", "SUMMARY:plain\r\n" },
    { "", "SUMMARY:\r\n" },
    { "a;b,c\\d", "SUMMARY:a\\;b\\,c\\\\d\r\n" },
    { "two\nlines", "SUMMARY:two\\nlines\r\n" },
    { "x\r\nATTENDEE:mailto:a@example.org", "SUMMARY:x \\nATTENDEE:mailto:a@example.org\r\n" },
    { "\x01\x1b[31m", "SUMMARY:  [31m\r\n" },
};

static void icalendar_escapes_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        autodone(buf) struct buf out = BUF_INIT(4096);

        icalendar_add_text(&out, "SUMMARY", texts[i].text);
        assert_string_equal(buf_text(&out), texts[i].line);
    }
}

/* RFC 5545, 3.1: 75 octets, without the line break; a character is never torn. */
static void icalendar_folds_long_lines(void **state)
{
    autodone(buf) struct buf text = BUF_INIT(4096);
    autodone(buf) struct buf out = BUF_INIT(8192);
    autodone(buf) struct buf unfolded = BUF_INIT(8192);

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_add_text(&text, "\xe2\x82\xac");
    icalendar_add_text(&out, "SUMMARY", buf_text(&text));
    struct span rest = buf_span(&out);
    struct span line;

    while (span_split(&rest, '\n', &line) && line.size > 0) {
        assert_int_equal(line.data[line.size - 1], '\r');
        assert_true(line.size - 1 <= 75);
        line.size--;
        bool is_more = unfolded.size > 0;

        assert_int_equal(is_more, line.data[0] == ' ');
        line = span_slice(line, is_more, SIZE_MAX);
        if (is_more)
            assert_int_equal((line.size) % 3, 0);
        buf_add_span(&unfolded, line);
    }
    assert_true(span_is(span_slice(buf_span(&unfolded), 8, SIZE_MAX), buf_text(&text)));
}

static void icalendar_writes_times(void **state)
{
    autodone(buf) struct buf out = BUF_INIT(4096);

    (void)state;
    icalendar_begin(&out, "VEVENT");
    icalendar_add_time(&out, "DTSTAMP", INT64_C(1795239000));
    icalendar_add_date(&out, "DTSTART", INT64_C(1795239000));
    icalendar_end(&out, "VEVENT");
    assert_string_equal(buf_text(&out), "BEGIN:VEVENT\r\nDTSTAMP:20261121T053000Z\r\n"
                                        "DTSTART;VALUE=DATE:20261121\r\nEND:VEVENT\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icalendar_escapes_texts),
        cmocka_unit_test(icalendar_folds_long_lines),
        cmocka_unit_test(icalendar_writes_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
