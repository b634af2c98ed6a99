/* x509/cert: which names a certificate covers (RFC 9525). */
#include "testing_cert.h"

#include "x509/name.h"

/* A name in A-labels, or an address (in brackets or not): does a subjectAltName cover it? */
static bool covers(const struct cert *cert, const char *host)
{
    uint8_t bytes[16];
    const struct span address = span_of(bytes, name_parse_address(span_text(host), bytes));
    struct cert_san san;
    size_t position = 0;

    while (cert_next_san(cert, &position, &san)) {
        if (address.size > 0 && san.kind == CERT_SAN_IP && span_equal(san.value, address))
            return true;
        if (address.size == 0 && san.kind == CERT_SAN_DNS &&
            name_pattern_covers(san.value, span_text(host)))
            return true;
    }
    return false;
}

#define SANS                                                                                       \
    "DNS:www.example.org,DNS:*.apps.example.org,DNS:*.org,DNS:f*o.example.org,DNS:EXAMPLE.net,"    \
    "DNS:xn--bcher-kva.example,DNS:a.*.example.org,DNS:192.0.2.9,IP:192.0.2.1,IP:2001:db8::1"

static const struct {
    const char *host;
    bool is_covered;
} covered[] = {
    { "www.example.org", true },
    { "WWW.Example.ORG", true },
    { "www.example.org.", true },
    { "example.net", true },
    { "a.apps.example.org", true },
    { "apps.example.org", false },
    { "a.b.apps.example.org", false },
    { ".apps.example.org", false },
    { "*.apps.example.org", true }, /* a required name may be a wildcard itself */
    { "*.b.apps.example.org", false },
    { "example.org", false }, /* a wildcard for a top-level domain is none */
    { "foo.example.org", false },
    { "a.b.example.org", false },
    { "xn--bcher-kva.example", true },
    { "192.0.2.1", true },
    { "[192.0.2.1]", true },
    { "192.0.2.9", false }, /* an address written as a DNS name */
    { "192.0.2.2", false },
    { "2001:db8:0::1", true },
    { "[2001:db8::1]", true },
    { "2001:db8::2", false },
    { "common.example", false }, /* the CN never counts */
    { "", false },
    { "b\xc3\xbc"
      "cher.example",
        false },
};

static void cert_covers_names_as_rfc_9525_says(void **state)
{
    autofree(cert) struct cert *cert =
        cert_ordered((struct order){ .cn = "common.example", .sans = SANS });

    (void)state;
    for (size_t i = 0; i < countof(covered); i++)
        if (covers(cert, covered[i].host) != covered[i].is_covered)
            fail_msg("\"%s\" is %scovered", covered[i].host, covered[i].is_covered ? "not " : "");
}

static void cert_with_a_nul_in_a_name_covers_nothing_by_it(void **state)
{
    static const uint8_t raw[] = "\x30\x19\x82\x17"
                                 "good.example\0.evil.test";
    autofree(cert) struct cert *cert =
        cert_ordered((struct order){ .raw_sans = span_of(raw, sizeof raw - 1) });
    size_t position = 0;
    struct cert_san san;
    char field[CERT_SAN_TEXT_MAX];

    (void)state;
    assert_int_equal(cert_n_sans(cert), 1);
    assert_false(covers(cert, "good.example"));
    assert_true(cert_next_san(cert, &position, &san));
    assert_string_equal(cert_san_text(&san, field), "good.example\xef\xbf\xbd.evil.test");
    assert_string_equal(cert_name(cert), "good.example\xef\xbf\xbd.evil.test");
}

static void cert_with_60000_names_is_read(void **state)
{
    autodone(buf) struct buf names = BUF_INIT(4U << 20);
    autodone(buf) struct buf sans = BUF_INIT(4U << 20);

    (void)state;
    for (int i = 0; i < 60000; i++) {
        char name[32];
        const int n = snprintf(name, sizeof name, "h%05d.ex.org", i);

        buf_add_u8(&names, 0x82);
        buf_add_u8(&names, (uint8_t)n);
        buf_add(&names, name, (size_t)n);
    }
    buf_add_u8(&sans, 0x30);
    buf_add_u8(&sans, 0x84);
    buf_add_u32(&sans, (uint32_t)names.size);
    buf_add_span(&sans, buf_span(&names));
    autofree(cert) struct cert *cert = cert_ordered((struct order){ .raw_sans = buf_span(&sans) });

    assert_int_equal(cert_n_sans(cert), 60000);
    assert_true(covers(cert, "h59999.ex.org"));
    assert_false(covers(cert, "h60000.ex.org"));
    assert_string_equal(cert_name(cert), "h00000.ex.org");
}

static const struct {
    const char *raw;
    size_t size;
    size_t n;
} malformed_sans[] = {
    { "\x30\x00", 2, 0 },                     /* an empty list */
    { "\x31\x03\x82\x01\x61", 5, 0 },         /* no SEQUENCE */
    { "\x30\x05\x82\x01\x61\x82\x05", 7, 1 }, /* the second is cut off */
    { "\x30\x03\x82\x80\x61", 5, 0 },         /* indefinite length */
    { "\x30\x05\x9f\x22\x01\x61\x00", 7, 0 }, /* a tag of two bytes */
    { "\x30\x85\x01\x01\x01\x01\x01", 7, 0 }, /* a length of five bytes */
    { "\x30", 1, 0 },
};

static void cert_with_malformed_names_has_those_before_the_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(malformed_sans); i++) {
        autofree(cert) struct cert *cert = cert_ordered((struct order){ .cn = "a",
            .raw_sans = span_of(malformed_sans[i].raw, malformed_sans[i].size) });

        assert_int_equal(cert_n_sans(cert), malformed_sans[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_covers_names_as_rfc_9525_says),
        cmocka_unit_test(cert_with_a_nul_in_a_name_covers_nothing_by_it),
        cmocka_unit_test(cert_with_60000_names_is_read),
        cmocka_unit_test(cert_with_malformed_names_has_those_before_the_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
