#include "testing.h"

#include "codec/mime.h"

static const struct {
    const char *text;
    const char *says; /* NULL: it is accepted */
} addresses[] = {
    { "a@example.org", NULL },
    { "first.last+tag@mail.example.org", NULL },
    { "o'neil@example.org", NULL },
    { "a@[192.0.2.1]", NULL },
    { "a@[IPv6:2001:db8::1]", NULL },
    { "a@localhost", NULL },
    { "", "has an \"@\"" },
    { "nobody", "has an \"@\"" },
    { "@example.org", "before the \"@\"" },
    { ".a@example.org", "before the \"@\"" },
    { "a..b@example.org", "before the \"@\"" },
    { "a b@example.org", "before the \"@\"" },
    { "<a@example.org", "before the \"@\"" },
    { "a@", "is no domain" },
    { "a@b@c", "is no domain" },
    { "a@example..org", "is no domain" },
    { "a@example.org>", "is no domain" },
    { "a@example.org,b@example.org", "is no domain" },
    { "a@example.org\r\nBcc: all@example.org", "printable ASCII" },
    { "a@example.org\r\nRCPT TO:<x@example.org>", "printable ASCII" },
    { "\xc3\xa4@example.org", "printable ASCII" },
};

/* F8: what stands in RCPT TO is one address, and nothing else. */
static void mime_tells_addresses_from_other_things(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(addresses); i++) {
        struct err err = { 0 };

        if (!addresses[i].says) {
            assert_works(mime_address_check(span_text(addresses[i].text), &err), &err);
            continue;
        }
        assert_fails(mime_address_check(span_text(addresses[i].text), &err), &err, ERR_INVALID);
        assert_contains(err.msg, addresses[i].says);
    }
}

static const struct {
    const char *text;
    const char *name;
    const char *address; /* NULL: refused */
} mailboxes[] = {
    { "a@example.org", "", "a@example.org" },
    { " Desk <a@example.org> ", "Desk", "a@example.org" },
    { "\"Desk, the\" <a@example.org>", "Desk, the", "a@example.org" },
    { "<a@example.org>", "", "a@example.org" },
    { "Desk <a@example.org", NULL, NULL },
    { "Desk <>", NULL, NULL },
    { "<", NULL, NULL },
    { "", NULL, NULL },
};

static void mime_takes_mailboxes_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(mailboxes); i++) {
        struct mime_mailbox found;
        struct err err = { 0 };

        if (!mailboxes[i].address) {
            assert_fails(mime_mailbox_parse(span_text(mailboxes[i].text), &found, &err), &err,
                ERR_INVALID);
            continue;
        }
        assert_works(mime_mailbox_parse(span_text(mailboxes[i].text), &found, &err), &err);
        assert_string_equal(found.name, mailboxes[i].name);
        assert_string_equal(found.address, mailboxes[i].address);
    }
}

static const struct {
    const char *text;
    const char *field;
} fields[] = {
    { "plain words", "Subject: plain words\r\n" },
    { "", "Subject: \r\n" },
    { "x\r\nBcc: all@example.org", "Subject: x  Bcc: all@example.org\r\n" },
    { "x\n\nbody", "Subject: x  body\r\n" },
    { "caf\xc3\xa9", "Subject: =?UTF-8?B?Y2Fmw6k=?=\r\n" },
    { "=?UTF-8?B?QmNj?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP1FtTmo/PQ==?=\r\n" },
};

/* F8: a name with line breaks in it adds no field, and one that looks encoded is shown as it is. */
static void mime_keeps_a_field_one_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(fields); i++) {
        autodone(buf) struct buf out = BUF_INIT(4096);

        mime_add_field(&out, "Subject", span_text(fields[i].text));
        assert_string_equal(buf_text(&out), fields[i].field);
    }
}

/* RFC 2047, 2: no line above 76 characters; each continues the field. */
static void mime_folds_long_fields(void **state)
{
    static const char *const pieces[] = { "word ", "\xe2\x82\xac", "unbroken", "\xff\xfe" };

    (void)state;
    for (size_t i = 0; i < countof(pieces); i++) {
        autodone(buf) struct buf text = BUF_INIT(8192);
        autodone(buf) struct buf out = BUF_INIT(65536);

        for (int n = 0; n < 200; n++)
            buf_add_text(&text, pieces[i]);
        mime_add_field(&out, "Subject", buf_span(&text));
        struct span rest = buf_span(&out);
        struct span line;
        bool is_first = true;

        while (span_split(&rest, '\n', &line) && line.size > 0) {
            assert_true(line.size <= 77);
            assert_int_equal(line.data[line.size - 1], '\r');
            assert_int_equal(is_first, line.data[0] != ' ');
            assert_true(is_first || line.size > 2);
            is_first = false;
        }
    }
}

static const struct {
    const char *text;
    const char *quoted;
} bodies[] = {
    { "a=b\n", "a=3Db\r\n" },
    { "end \nx", "end=20\r\nx\r\n" },
    { "caf\xc3\xa9", "caf=C3=A9\r\n" },
    { "bare\rcr", "bare=0Dcr\r\n" },
};

static void mime_quotes_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(bodies); i++) {
        autodone(buf) struct buf out = BUF_INIT(4096);

        mime_add_quoted(&out, span_text(bodies[i].text));
        assert_string_equal(buf_text(&out), bodies[i].quoted);
    }
}

static void mime_writes_dates(void **state)
{
    autodone(buf) struct buf out = BUF_INIT(4096);

    (void)state;
    mime_add_date(&out, "Date", INT64_C(1795239000));
    assert_string_equal(buf_text(&out), "Date: Sat, 21 Nov 2026 05:30:00 +0000\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mime_tells_addresses_from_other_things),
        cmocka_unit_test(mime_takes_mailboxes_apart),
        cmocka_unit_test(mime_keeps_a_field_one_field),
        cmocka_unit_test(mime_folds_long_fields),
        cmocka_unit_test(mime_quotes_bodies),
        cmocka_unit_test(mime_writes_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
