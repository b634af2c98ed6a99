/* What is said before TLS, word for word, and what is not put up with. */
#include "base/alloc.h"
#include "probe/starttls.h"
#include "testing.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

struct turn {
    const char *comes; /* NULL ends the dialogue */
    size_t comes_size;
    const char *goes; /* what we answer */
    size_t goes_size;
};

struct dialogue {
    enum probe_protocol protocol;
    const char *first; /* what we say unasked */
    size_t first_size;
    enum starttls_verdict end;
    const char *says; /* the reason of a refusal */
    struct turn turns[5];
};

#define LDAP_REQUEST                                                                               \
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"                                                         \
    "1.3.6.1.4.1.1466.20037"
#define LDAP_YES "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
#define PG_REQUEST "\0\0\0\x08\x04\xd2\x16\x2f"
#define MYSQL_GREETING(flags)                                                                      \
    "\x4a\0\0\0\x0a"                                                                               \
    "8.0.36\0"                                                                                     \
    "\x08\0\0\0"                                                                                   \
    "12345678\0" flags "\x2d\x02\0\xff\xc1\x15\0\0\0\0\0\0\0\0\0\0"                                \
    "123456789012\0mysql_native_password\0"
#define MYSQL_REQUEST                                                                              \
    "\x20\0\0\x01\x00\x8a\0\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define XMPP_HELLO                                                                                 \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                   \
    "xmlns:stream='http://etherx.jabber.org/streams' to='good.test' version='1.0'>"
#define XMPP_FEATURES                                                                              \
    "<?xml version='1.0'?><stream:stream from='good.test' id='1' version='1.0'>"                   \
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"    \
    "</stream:features>"
#define XMPP_STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

static const struct dialogue dialogues[] = {
    { PROBE_SMTP, BYTES(""), STARTTLS_GO, "",
        { { BYTES("220-a\r\n220 b\r\n"), BYTES("EHLO certdesk.invalid\r\n") },
            { BYTES("250-b\r\n250-starttls\r\n250 HELP\r\n"), BYTES("STARTTLS\r\n") },
            { BYTES("220 2.0.0 Ready\r\n"), BYTES("") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "does not offer STARTTLS",
        { { BYTES("220 b\r\n"), BYTES("EHLO certdesk.invalid\r\n") },
            { BYTES("250-b\r\n250-STARTTLSX\r\n250 X-STARTTLS\r\n"), BYTES("") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "refused STARTTLS: 454 not now",
        { { BYTES("220 b\r\n"), BYTES("EHLO certdesk.invalid\r\n") },
            { BYTES("250 STARTTLS\r\n"), BYTES("STARTTLS\r\n") },
            { BYTES("454 not now\r\n"), BYTES("") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "more before TLS",
        { { BYTES("220 b\r\n"), BYTES("EHLO certdesk.invalid\r\n") },
            { BYTES("250 STARTTLS\r\n"), BYTES("STARTTLS\r\n") },
            { BYTES("220 go\r\n250 injected\r\n"), BYTES("") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "before it was asked",
        { { BYTES("220 b\r\n250 STARTTLS\r\n220 go\r\n"), BYTES("EHLO certdesk.invalid\r\n") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "does not greet: 554 go away??",
        { { BYTES("554 go away\x01\xff\r\n"), BYTES("") } } },
    { PROBE_SMTP, BYTES(""), STARTTLS_REFUSED, "not a mail server",
        { { BYTES("SSH-2.0-OpenSSH_9.2\r\n"), BYTES("") } } },

    { PROBE_IMAP, BYTES(""), STARTTLS_GO, "",
        { { BYTES("* OK [CAPABILITY IMAP4rev1] ready\r\n"), BYTES("a1 STARTTLS\r\n") },
            { BYTES("* CAPABILITY IMAP4rev1\r\na1 OK begin\r\n"), BYTES("") } } },
    { PROBE_IMAP, BYTES(""), STARTTLS_REFUSED, "refused STARTTLS: a1 BAD",
        { { BYTES("* OK ready\r\n"), BYTES("a1 STARTTLS\r\n") },
            { BYTES("a1 BAD what\r\n"), BYTES("") } } },
    { PROBE_IMAP, BYTES(""), STARTTLS_REFUSED, "more before TLS",
        { { BYTES("* OK ready\r\n"), BYTES("a1 STARTTLS\r\n") },
            { BYTES("a1 OK go\r\n* OK injected\r\n"), BYTES("") } } },
    { PROBE_IMAP, BYTES(""), STARTTLS_REFUSED, "greeting",
        { { BYTES("* BYE busy\r\n"), BYTES("") } } },

    { PROBE_POP3, BYTES(""), STARTTLS_GO, "",
        { { BYTES("+OK ready\r\n"), BYTES("STLS\r\n") }, { BYTES("+OK\r\n"), BYTES("") } } },
    { PROBE_POP3, BYTES(""), STARTTLS_REFUSED, "refused STLS: -ERR",
        { { BYTES("+OK ready\r\n"), BYTES("STLS\r\n") }, { BYTES("-ERR no\r\n"), BYTES("") } } },

    { PROBE_FTP, BYTES(""), STARTTLS_GO, "",
        { { BYTES("220-Welcome\r\nanything 220 at all\r\n220 ready\r\n"), BYTES("AUTH TLS\r\n") },
            { BYTES("234 go\r\n"), BYTES("") } } },
    { PROBE_FTP, BYTES(""), STARTTLS_GO, "",
        { { BYTES("120 soon\r\n220 ready\r\n"), BYTES("AUTH TLS\r\n") },
            { BYTES("234 go\r\n"), BYTES("") } } },
    { PROBE_FTP, BYTES(""), STARTTLS_REFUSED, "refused AUTH TLS: 500",
        { { BYTES("220 ready\r\n"), BYTES("AUTH TLS\r\n") },
            { BYTES("500 what\r\n"), BYTES("") } } },

    { PROBE_LDAP, BYTES(LDAP_REQUEST), STARTTLS_GO, "", { { BYTES(LDAP_YES), BYTES("") } } },
    { PROBE_LDAP, BYTES(LDAP_REQUEST), STARTTLS_REFUSED, "result code 2",
        { { BYTES("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), BYTES("") } } },
    { PROBE_LDAP, BYTES(LDAP_REQUEST), STARTTLS_REFUSED, "more before TLS",
        { { BYTES(LDAP_YES "x"), BYTES("") } } },
    { PROBE_LDAP, BYTES(LDAP_REQUEST), STARTTLS_REFUSED, "not an LDAP server",
        { { BYTES("HTTP/1.1 400\r\n"), BYTES("") } } },
    { PROBE_LDAP, BYTES(LDAP_REQUEST), STARTTLS_REFUSED, "not an LDAP server",
        { { BYTES("\x30\x84\xff\xff\xff\xff"), BYTES("") } } },

    { PROBE_POSTGRES, BYTES(PG_REQUEST), STARTTLS_GO, "", { { BYTES("S"), BYTES("") } } },
    { PROBE_POSTGRES, BYTES(PG_REQUEST), STARTTLS_REFUSED, "does not offer TLS",
        { { BYTES("N"), BYTES("") } } },
    { PROBE_POSTGRES, BYTES(PG_REQUEST), STARTTLS_REFUSED, "more before TLS",
        { { BYTES("SE"), BYTES("") } } },
    { PROBE_POSTGRES, BYTES(PG_REQUEST), STARTTLS_REFUSED, "not a PostgreSQL",
        { { BYTES("E"), BYTES("") } } },

    { PROBE_MYSQL, BYTES(""), STARTTLS_GO, "",
        { { BYTES(MYSQL_GREETING("\xff\xff")), BYTES(MYSQL_REQUEST) } } },
    { PROBE_MYSQL, BYTES(""), STARTTLS_REFUSED, "does not offer TLS",
        { { BYTES(MYSQL_GREETING("\xff\xf7")), BYTES("") } } },
    { PROBE_MYSQL, BYTES(""), STARTTLS_REFUSED, "Host is not allowed",
        { { BYTES("\x16\0\0\0\xff\x6a\x04Host is not allowed"), BYTES("") } } },
    { PROBE_MYSQL, BYTES(""), STARTTLS_REFUSED, "not a MySQL",
        { { BYTES("\x03\0\0\0\x0a\x38\0"), BYTES("") } } },

    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_GO, "",
        { { BYTES(XMPP_FEATURES), BYTES(XMPP_STARTTLS) },
            { BYTES("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), BYTES("") } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_GO, "",
        { { BYTES(XMPP_FEATURES "\n"), BYTES(XMPP_STARTTLS) },
            { BYTES("<proceed xmlns='x'></proceed>"), BYTES("") } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_REFUSED, "does not offer",
        { { BYTES("<stream:stream><stream:features></stream:features>"), BYTES("") } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_REFUSED, "refused",
        { { BYTES(XMPP_FEATURES), BYTES(XMPP_STARTTLS) },
            { BYTES("<failure xmlns='x'/>"), BYTES("") } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_REFUSED, "more before TLS",
        { { BYTES(XMPP_FEATURES), BYTES(XMPP_STARTTLS) },
            { BYTES("<proceed/><message/>"), BYTES("") } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_REFUSED, "before it was asked",
        { { BYTES(XMPP_FEATURES "<proceed/>"), BYTES(XMPP_STARTTLS) } } },
    { PROBE_XMPP, BYTES(XMPP_HELLO), STARTTLS_REFUSED, "not an XMPP",
        { { BYTES("220 mail\r\n"), BYTES("") } } },
};

static void assert_bytes(const struct buf *out, const char *expected, size_t size)
{
    assert_int_equal(out->size, size);
    if (size > 0)
        assert_memory_equal(out->data, expected, size);
}

/* The turn's bytes, at once or one by one. What is put out is collected. */
static enum starttls_verdict feed(struct starttls *s, const struct turn *turn, bool one_by_one,
    struct buf *all)
{
    enum starttls_verdict verdict = STARTTLS_MORE;

    for (size_t i = 0; i < turn->comes_size && verdict == STARTTLS_MORE; i++) {
        const size_t size = one_by_one ? 1 : turn->comes_size;
        autodone(buf) struct buf out = BUF_INIT(1024);

        verdict = starttls_feed(s, span_of(turn->comes + i, size), &out);
        buf_add_span(all, buf_span(&out));
        i += size - 1;
    }
    return verdict;
}

static void play(const struct dialogue *d, bool one_by_one)
{
    autodone(buf) struct buf first = BUF_INIT(1024);
    autodone(starttls) struct starttls s;
    enum starttls_verdict verdict = STARTTLS_MORE;

    starttls_init(&s, d->protocol, "good.test", &first);
    assert_bytes(&first, d->first, d->first_size);
    for (size_t i = 0; d->turns[i].comes; i++) {
        autodone(buf) struct buf all = BUF_INIT(1024);

        assert_int_equal(verdict, STARTTLS_MORE);
        verdict = feed(&s, &d->turns[i], one_by_one, &all);
        if (verdict != STARTTLS_REFUSED)
            assert_bytes(&all, d->turns[i].goes, d->turns[i].goes_size);
    }
    if (verdict != d->end)
        fail_msg("%s ended with %d, expected %d: %s", probe_protocol_name(d->protocol),
            (int)verdict, (int)d->end, s.reason);
    if (d->end == STARTTLS_REFUSED)
        assert_contains(s.reason, d->says);
}

static void speaks_every_protocol(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(dialogues); i++)
        play(&dialogues[i], false);
}

/* Whatever the network does to the bytes, what they mean is the same. */
static void reads_bytes_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(dialogues); i++) {
        const char *const says = dialogues[i].says;

        /* Then the surplus comes after the verdict, where the handshake trips over it. */
        if (!strstr(says, "more before TLS") && !strstr(says, "before it was asked"))
            play(&dialogues[i], true);
    }
}

static void does_not_listen_for_ever(void **state)
{
    static const enum probe_protocol protocols[] = { PROBE_SMTP, PROBE_IMAP, PROBE_POP3, PROBE_FTP,
        PROBE_LDAP, PROBE_MYSQL, PROBE_XMPP };
    static const char *const starts[] = { "220-", "* OK", "+OK", "220-", "\x30\x82\x3f\xff",
        "\xfb\x3f\0\0\x0a", "<stream:stream " };

    (void)state;
    for (size_t i = 0; i < countof(protocols); i++) {
        autodone(buf) struct buf out = BUF_INIT(1024);
        autodone(starttls) struct starttls s;
        enum starttls_verdict verdict = STARTTLS_MORE;
        size_t n = 0;

        starttls_init(&s, protocols[i], "good.test", &out);
        buf_clear(&out);
        verdict = starttls_feed(&s, span_of(starts[i], i == 5 ? 5 : strlen(starts[i])), &out);
        while (verdict == STARTTLS_MORE && n < 2 * STARTTLS_MAX) {
            verdict = starttls_feed(&s, span_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &out);
            n += 32;
        }
        assert_int_equal(verdict, STARTTLS_REFUSED);
        assert_true(n <= STARTTLS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_every_protocol),
        cmocka_unit_test(reads_bytes_one_by_one),
        cmocka_unit_test(does_not_listen_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
