/* F12, F26: PEM as it arrives: through mail, forms, shells, YAML and programs of all kinds. */
#include "testing.h"

#include "x509/pem.h"

static const char *const labels[] = { "THING", NULL };

/* "hello there, this is a line of more than 48 bytes, and then some" */
#define LINE_1 "aGVsbG8gdGhlcmUsIHRoaXMgaXMgYSBsaW5lIG9mIG1vcmUgdGhhbiA0OCBieXRl"
#define LINE_2 "cywgYW5kIHRoZW4gc29tZQ=="
#define SAYS "hello there, this is a line of more than 48 bytes, and then some"

static const struct {
    const char *dress;
    const char *text;
} taken[] = {
    { "plain", "-----BEGIN THING-----\n" LINE_1 "\n" LINE_2 "\n-----END THING-----\n" },
    { "CR LF", "-----BEGIN THING-----\r\n" LINE_1 "\r\n" LINE_2 "\r\n-----END THING-----\r\n" },
    { "CR", "-----BEGIN THING-----\r" LINE_1 "\r" LINE_2 "\r-----END THING-----\r" },
    { "no last line end", "-----BEGIN THING-----\n" LINE_1 "\n" LINE_2 "\n-----END THING-----" },
    { "a BOM", "\xEF\xBB\xBF-----BEGIN THING-----\n" LINE_1 "\n" LINE_2 "\n-----END THING-----" },
    { "YAML", "key: |\n    -----BEGIN THING-----\n    " LINE_1 "\n    " LINE_2
              "\n    -----END THING-----\n" },
    { "mail", "> -----BEGIN THING-----\n> " LINE_1 "\n> " LINE_2 "\n> -----END THING-----\n" },
    { "blanks", "-----BEGIN THING----- " LINE_1 " " LINE_2 " -----END THING-----" },
    { "JSON",
        "{\"key\":\"-----BEGIN THING-----\\n" LINE_1 "\\n" LINE_2 "\\n-----END THING-----\\n\"}" },
    { "JSON of Windows",
        "\"-----BEGIN THING-----\\r\\n" LINE_1 LINE_2 "\\r\\n-----END THING-----" },
    { "no lines", "-----BEGIN THING-----" LINE_1 LINE_2 "-----END THING-----" },
    { "Jira",
        "{noformat}-----BEGIN THING-----\n" LINE_1 "\n" LINE_2 "\n-----END THING-----{noformat}" },
    { "a web page", "-----BEGIN THING-----\xC2\xA0\n" LINE_1 "\xC2\xA0\n\xE2\x80\x8B" LINE_2
                    "\n-----END THING-----" },
    { "words", "it begins with -----BEGIN THING----- as always:\n-----BEGIN THING-----\n" LINE_1
               "\n" LINE_2 "\n-----END THING-----\nand ends with -----END THING-----" },
    { "others", "-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n-----BEGIN THING-----\n" LINE_1
                "\n" LINE_2 "\n-----END THING-----" },
    { "a header", "-----BEGIN THING-----\r\nProc-Type: 4,CLEAR\r\nWhat: ever\r\n\r\n" LINE_1
                  "\r\n" LINE_2 "\r\n-----END THING-----" },
    { "a header, indented", "  -----BEGIN THING-----\n  What: ever\n\n  " LINE_1 "\n  " LINE_2
                            "\n  -----END THING-----" },
};

static void pem_is_read_through_what_was_done_to_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(taken); i++) {
        autodone(buf) struct buf der = BUF_INIT(1024);
        struct span rest = span_text(taken[i].text);
        bool found = false;
        struct err err = { 0 };

        if (!pem_next(&rest, labels, &der, &found, &err) || !found)
            fail_msg("%s: %s", taken[i].dress, err.msg);
        if (!span_is(buf_span(&der), SAYS))
            fail_msg("%s: %s", taken[i].dress, buf_text(&der));
        assert_works(pem_next(&rest, labels, &der, &found, &err), &err);
        if (found)
            fail_msg("%s: found twice", taken[i].dress);
    }
}

static const struct {
    const char *text;
    const char *says; /* NULL: there is none, and nothing is wrong */
} refused[] = {
    { "", NULL },
    { "hello", NULL },
    { "----BEGIN THING----\nAAAA\n----END THING----\n", NULL },
    { "-----begin THING-----\nAAAA\n-----end THING-----\n", NULL },
    { "see -----BEGIN THING----- there", NULL },
    { "-----BEGIN THING\nAAAA\n", NULL },
    { "-----BEGIN THING-----", "ends early" },
    { "-----BEGIN THING-----\nAAAA\n", "ends early" },
    { "-----BEGIN THING-----\rAAAA\r-----END THI", "ends early" },
    { "-----BEGIN THING-----\nAAAA\n-----END OTHER-----\n", "ends early" },
    { "-----BEGIN THING-----\nAAAA\n-----BEGIN THING-----\nAAAA\n-----END THING-----\n",
        "ends early" },
    { "-----BEGIN THING-----\nA!AA\n-----END THING-----\n", "malformed" },
    { "-----BEGIN THING-----\nAA>AA\n-----END THING-----\n", "malformed" },
    { "-----BEGIN THING-----\nAAA\n-----END THING-----\n", "malformed" },
};

static void pem_that_is_broken_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        autodone(buf) struct buf der = BUF_INIT(1024);
        struct span rest = span_text(refused[i].text);
        bool found = true;
        struct err err = { 0 };
        bool is_read = pem_next(&rest, labels, &der, &found, &err);

        if (found || is_read != (refused[i].says == NULL))
            fail_msg("%s", refused[i].text);
        if (refused[i].says)
            assert_contains(err.msg, refused[i].says);
    }
}

static void a_block_fits_its_ceiling(void **state)
{
    autodone(buf) struct buf text = BUF_INIT(1 << 20);

    (void)state;
    buf_add_text(&text, "-----BEGIN THING-----");
    for (size_t i = 0; i < 100000; i++) {
        buf_add_char(&text, 'A');
        if (i % 977 != 0)
            continue;
        struct span rest = buf_span(&text);
        autodone(buf) struct buf block = BUF_INIT(PEM_BLOCK_MAX(rest.size));

        assert_true(pem_next_block(&rest, &block));
        assert_true(buf_ok(&block));
    }
}

static void base64_alone_is_known(void **state)
{
    autodone(buf) struct buf bytes = BUF_INIT(1024);

    (void)state;
    assert_true(pem_is_bare(SPAN_LITERAL(LINE_1 "\r\n" LINE_2 "\n"), &bytes));
    assert_string_equal(buf_text(&bytes), SAYS);
    assert_false(pem_is_bare(SPAN_LITERAL(""), &bytes));
    assert_false(pem_is_bare(SPAN_LITERAL("\n"), &bytes));
    assert_false(pem_is_bare(SPAN_LITERAL("AAA"), &bytes));
    assert_false(pem_is_bare(SPAN_LITERAL("AAAA-AAA"), &bytes));
    assert_int_equal(bytes.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_is_read_through_what_was_done_to_it),
        cmocka_unit_test(pem_that_is_broken_is_refused),
        cmocka_unit_test(a_block_fits_its_ceiling),
        cmocka_unit_test(base64_alone_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
