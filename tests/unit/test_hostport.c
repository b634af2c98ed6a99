#include "testing.h"

#include "codec/hostport.h"

/* F1: what people paste to say what is to be watched. */
static const struct {
    const char *text;
    const char *host;
    int port;
    const char *scheme;
} accepted[] = {
    { "www.example.org", "www.example.org", 0, "" },
    { "  www.example.org:8443\r\n", "www.example.org", 8443, "" },
    { "192.0.2.1:25", "192.0.2.1", 25, "" },
    { "2001:db8::1", "2001:db8::1", 0, "" },
    { "2001:db8::1:443", "2001:db8::1:443", 0, "" },
    { "::1", "::1", 0, "" },
    { "[2001:db8::1]", "2001:db8::1", 0, "" },
    { "[2001:db8::1]:443", "2001:db8::1", 443, "" },
    { "b\xc3\xbc"
      "cher.example:443",
        "b\xc3\xbc"
        "cher.example",
        443, "" },
    { "https://www.example.org", "www.example.org", 0, "https" },
    { "https://www.example.org:8443/a/b?c#d", "www.example.org", 8443, "https" },
    { "https://[::1]:1/", "::1", 1, "https" },
    { "HTTPS://a?b", "a", 0, "HTTPS" },
    { "localhost:1", "localhost", 1, "" },
    { "localhost:65535", "localhost", 65535, "" },
    { "_service.example.org.", "_service.example.org.", 0, "" },
};

static void hostport_takes_apart_what_is_pasted(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(accepted); i++) {
        struct hostport found = { 0 };
        struct err err = { 0 };

        assert_works(hostport_parse(span_text(accepted[i].text), &found, &err), &err);
        assert_true(span_is(found.host, accepted[i].host));
        assert_int_equal(found.port, accepted[i].port);
        assert_true(span_is(found.scheme, accepted[i].scheme));
    }
}

static const struct {
    const char *text;
    const char *says;
} rejected[] = {
    { "", "the host is missing" },
    { " \t", "the host is missing" },
    { ":443", "the host is missing" },
    { "https://", "the host is missing" },
    { "https:///path", "the host is missing" },
    { "://a", "begins with \"://\"" },
    { "a:70000", "port 70000 is not between 1 and 65535" },
    { "a:0", "port 0 is not between 1 and 65535" },
    { "a:-1", "port -1 is not between 1 and 65535" },
    { "a:99999999999999999999", "port 99999999999999999999 is not between 1 and 65535" },
    { "a:http", "port \"http\" is not a number" },
    { "a:", "the port is missing" },
    { "a:1:2", "neither an IPv6 address nor host and port" },
    { "[::1", "lacks its \"]\"" },
    { "[]:1", "is not an IPv6 address" },
    { "[a.example]:1", "is not an IPv6 address" },
    { "[::1]443", "stands where" },
    { "192.0.2.0/24", "is not a host" },
    { "a b", "is not a host" },
    { "user@host", "is not a host" },
    { "https://user@host/", "is not a host" },
    { "<script>", "is not a host" },
    { "*.example.org", "is not a host" },
    { "a,b", "is not a host" },
    { "\xff.example", "no UTF-8" },
};

static void hostport_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected); i++) {
        struct hostport found = { .port = 7 };
        struct err err = { 0 };

        assert_fails(hostport_parse(span_text(rejected[i].text), &found, &err), &err, ERR_INVALID);
        assert_contains(err.msg, rejected[i].says);
        assert_int_equal(found.port, 7);
    }
}

static void hostport_refuses_what_is_too_long_or_holds_a_nul(void **state)
{
    char name[255];
    struct hostport found = { 0 };
    struct err err = { 0 };

    (void)state;
    memset(name, 'a', sizeof name);
    assert_works(hostport_parse(span_of(name, 253), &found, &err), &err);
    assert_fails(hostport_parse(span_of(name, 254), &found, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "254 bytes; 253 are allowed");
    assert_fails(hostport_parse(span_of("a\0b", 3), &found, &err), &err, ERR_INVALID);
    assert_fails(hostport_parse(span_of("https://a\0/b", 12), &found, &err), &err, ERR_INVALID);
}

static void hostport_knows_the_ports_of_schemes(void **state)
{
    (void)state;
    assert_int_equal(hostport_scheme_port(SPAN_LITERAL("HTTPS")), 443);
    assert_int_equal(hostport_scheme_port(SPAN_LITERAL("ldaps")), 636);
    assert_int_equal(hostport_scheme_port(SPAN_LITERAL("gopher")), 0);
    assert_string_equal(hostport_scheme_protocol(SPAN_LITERAL("SMTP")), "smtp");
    assert_string_equal(hostport_scheme_protocol(SPAN_LITERAL("imaps")), "tls");
    assert_null(hostport_scheme_protocol(SPAN_LITERAL("gopher")));
}

static void hostport_is_written_so_that_it_can_be_read_again(void **state)
{
    static const struct {
        const char *host;
        int port;
        const char *text;
    } cases[] = {
        { "www.example.org", 443, "www.example.org:443" },
        { "192.0.2.1", 25, "192.0.2.1:25" },
        { "2001:db8::1", 8443, "[2001:db8::1]:8443" },
        { "[::1]", 65535, "[::1]:65535" },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const struct hostport_text text = hostport_text(cases[i].host, cases[i].port);
        struct hostport found = { 0 };
        struct err err = { 0 };

        assert_string_equal(text.text, cases[i].text);
        assert_works(hostport_parse(span_text(text.text), &found, &err), &err);
        assert_int_equal(found.port, cases[i].port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostport_takes_apart_what_is_pasted),
        cmocka_unit_test(hostport_says_what_is_wrong),
        cmocka_unit_test(hostport_refuses_what_is_too_long_or_holds_a_nul),
        cmocka_unit_test(hostport_knows_the_ports_of_schemes),
        cmocka_unit_test(hostport_is_written_so_that_it_can_be_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
