/* x509/cert: what it tells is what five other parsers say of the same files. */
#include "testing.h"

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "testing_oracle.h"
#include "x509/cert.h"

enum column {
    NAME,
    SOURCE,
    LICENCE,
    ORIGIN,
    VERDICT,
    PARSERS,
    SERIAL,
    BEGINS,
    ENDS,
    KEY,
    IS_CA,
    SAN_DNS
};

static void check_serial(const struct cert *cert, struct span expected, const char *origin)
{
    const char *ours = cert_serial(cert);
    autofree(str) char *theirs = span_dup(expected);
    const char *digits = theirs;

    if (*digits == '-' && *ours == '-') {
        digits++;
        ours++;
    }
    ours += strspn(ours, "0");
    digits += strspn(digits, "0");
    if (strcasecmp(ours, digits) != 0)
        fail_msg("%s: serial %s, not %s", origin, ours, digits);
}

static void check_key(const struct cert *cert, struct span expected, const char *origin)
{
    char ours[64];
    const char *const curve =
        strcmp(cert_key_curve(cert), "secp256r1") == 0 ? "P-256" : cert_key_curve(cert);

    switch (cert_key(cert)) {
    case CERT_KEY_RSA:
        (void)snprintf(ours, sizeof ours, "RSA-%d", cert_key_bits(cert));
        break;
    case CERT_KEY_EC:
        (void)snprintf(ours, sizeof ours, "EC-%s", curve);
        break;
    case CERT_KEY_DSA:
        (void)snprintf(ours, sizeof ours, "DSA");
        break;
    case CERT_KEY_ED25519:
        (void)snprintf(ours, sizeof ours, "Ed25519");
        break;
    case CERT_KEY_ED448:
    case CERT_KEY_OTHER:
        (void)snprintf(ours, sizeof ours, "0"); /* unknown to the five as well */
        break;
    }
    if (cert_key_bits(cert) == 0)
        (void)snprintf(ours, sizeof ours, "0");
    if (span_is(expected, "EC-secp256r1"))
        expected = SPAN_LITERAL("EC-P-256");
    if (!span_is(expected, ours))
        fail_msg("%s: key %s, not %.*s", origin, ours, (int)expected.size,
            (const char *)expected.data);
}

static void check_instant(int64_t ours, struct span expected, const char *origin)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, ours);
    if (!span_is(expected, text))
        fail_msg("%s: instant %s, not %.*s", origin, text, (int)expected.size,
            (const char *)expected.data);
}

static bool next_dns(const struct cert *cert, size_t *position, struct cert_san *san)
{
    while (cert_next_san(cert, position, san))
        if (san->kind == CERT_SAN_DNS)
            return true;
    return false;
}

static void check_dns_names(const struct cert *cert, struct span expected, const char *origin)
{
    autofree(json) struct json *list = NULL;
    struct err err = { 0 };
    struct cert_san san = { 0 };
    size_t position = 0;

    assert_works(json_parse(expected, &list, &err), &err);
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *const name = json_as_text(json_list_item(list, i));

        if (!next_dns(cert, &position, &san))
            fail_msg("%s: DNS name %zu is missing", origin, i);
        if (name && !span_is(san.value, name))
            fail_msg("%s: DNS name %zu is not \"%s\"", origin, i, name);
    }
    if (next_dns(cert, &position, &san))
        fail_msg("%s: too many DNS names", origin);
}

static bool is_agreed(struct span cell)
{
    return !span_is(cell, "-") && !span_is(cell, "None") && !span_is(cell, "DISAGREE");
}

static void check_facts(const struct cert *cert, const struct oracle_row *row, const char *origin)
{
    const struct span *const cells = row->cells;

    if (is_agreed(cells[SERIAL]))
        check_serial(cert, cells[SERIAL], origin);
    if (is_agreed(cells[BEGINS]))
        check_instant(cert_not_before(cert), cells[BEGINS], origin);
    if (is_agreed(cells[ENDS]))
        check_instant(cert_not_after(cert), cells[ENDS], origin);
    if (is_agreed(cells[KEY]))
        check_key(cert, cells[KEY], origin);
    if (is_agreed(cells[IS_CA]) && cert_is_ca(cert) != span_is(cells[IS_CA], "1"))
        fail_msg("%s: CA flag", origin);
    if (is_agreed(cells[SAN_DNS]))
        check_dns_names(cert, cells[SAN_DNS], origin);
}

static void check_cert(const struct oracle_row *row)
{
    char name[256];
    autofree(cert) struct cert *cert = NULL;
    autofree(str) char *origin = span_dup(row->cells[ORIGIN]);
    struct err err = { 0 };

    (void)snprintf(name, sizeof name, "x509/der/%.64s.der", (const char *)row->cells[NAME].data);
    autodone(buf) struct buf der = oracle_file(name);
    const bool is_read = cert_from_der(buf_span(&der), &cert, &err);

    if (span_is(row->cells[VERDICT], "import") && !is_read)
        fail_msg("%s: %s", origin, err.msg);
    if (span_is(row->cells[VERDICT], "reject") && is_read)
        fail_msg("%s was accepted", origin);
    if (is_read)
        check_facts(cert, row, origin);
}

static void cert_agrees_with_five_parsers(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("x509", check_cert), 2247);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_agrees_with_five_parsers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
