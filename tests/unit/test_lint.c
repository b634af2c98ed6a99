/* F48: what is questionable about a certificate. */
#include "testing.h"

#include "testing_x509.h"
#include "x509/cert.h"
#include "x509/lint.h"

#define ISSUED INT64_C(1784000000) /* July 2026: 200 days are allowed */
#define DAY INT64_C(86400)

static const struct {
    const char *title;
    struct order order;
    bool is_public;
    const char *codes; /* separated by blanks */
    const char *says;
} cases[] = {
    { "nothing", { .sans = "DNS:a", .purposes = "serverAuth", .not_after = ISSUED + 90 * DAY },
        true, "", "" },
    { "an RSA key of 1024 bits",
        { .sans = "DNS:a", .key = "RSA1024", .not_after = ISSUED + 90 * DAY }, true, "weak_key",
        "RSA key of 1024 bits; 2048 are the least" },
    { "no names", { .cn = "a", .not_after = ISSUED + 90 * DAY }, false, "no_names",
        "the common name does not count" },
    { "names that are no hosts", { .sans = "email:a@b", .not_after = ISSUED + 90 * DAY }, false,
        "no_names", "no host name" },
    { "an address is enough", { .sans = "IP:::1", .not_after = ISSUED + 90 * DAY }, false, "", "" },
    { "a CA", { .sans = "DNS:a", .constraints = "CA:TRUE", .not_after = ISSUED + 90 * DAY }, false,
        "is_ca", "CA certificate" },
    { "for clients only",
        { .sans = "DNS:a", .purposes = "clientAuth", .not_after = ISSUED + 90 * DAY }, false,
        "no_server_auth", "leaves out TLS servers" },
    { "for anything",
        { .sans = "DNS:a", .purposes = "anyExtendedKeyUsage", .not_after = ISSUED + 90 * DAY },
        false, "", "" },
    { "for clients, too, and public",
        { .sans = "DNS:a", .purposes = "serverAuth,clientAuth", .not_after = ISSUED + 90 * DAY },
        true, "client_auth", "public CAs stop" },
    { "for clients, too, and private",
        { .sans = "DNS:a", .purposes = "serverAuth,clientAuth", .not_after = ISSUED + 90 * DAY },
        false, "", "" },
    { "valid for too long", { .sans = "DNS:a", .not_after = ISSUED + 201 * DAY }, true,
        "long_validity", "valid for 201 days; 200 are allowed" },
    { "valid for just as long", { .sans = "DNS:a", .not_after = ISSUED + 200 * DAY }, true, "",
        "" },
    { "the rule of the day of issue",
        { .sans = "DNS:a", .not_before = 1700000000, .not_after = 1700000000 + 398 * DAY }, true,
        "", "" },
    { "the rule of 2029",
        { .sans = "DNS:a", .not_before = 1868227200, .not_after = 1868227200 + 48 * DAY }, true,
        "long_validity", "47 are allowed" },
    { "private and valid for long", { .sans = "DNS:a", .not_after = ISSUED + 825 * DAY }, false, "",
        "" },
    { "private and valid for too long", { .sans = "DNS:a", .not_after = ISSUED + 826 * DAY }, false,
        "long_validity", "825 are allowed" },
    { "backwards", { .sans = "DNS:a", .not_after = ISSUED - DAY }, true, "backwards",
        "ends before" },
};

static struct cert *cert_of(const struct made *made)
{
    autodone(buf) struct buf der = made_der(made);
    struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    return cert;
}

static void check_findings(const struct cert *cert, bool is_public, const char *title,
    const char *codes, const char *says)
{
    struct lint_finding findings[LINT_MAX];
    autodone(buf) struct buf found = BUF_INIT(1000);
    const size_t n = lint_cert(cert, is_public, findings);

    for (size_t i = 0; i < n; i++)
        buf_addf(&found, "%s%s", i > 0 ? " " : "", findings[i].code);
    if (strcmp(buf_text(&found), codes) != 0 || (n > 0 && !strstr(findings[0].message, says)))
        fail_msg("%s: \"%s\", %s", title, buf_text(&found), n > 0 ? findings[0].message : "");
}

static void lint_finds_what_it_should_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct order order = cases[i].order;

        order.not_before = order.not_before ? order.not_before : ISSUED;
        autodone(made) struct made made = make(order);
        autofree(cert) struct cert *cert = cert_of(&made);

        check_findings(cert, cases[i].is_public, cases[i].title, cases[i].codes, cases[i].says);
    }
}

static void lint_finds_a_signature_that_can_be_forged(void **state)
{
    autodone(made) struct made root =
        make((struct order){ .cn = "Root", .constraints = "CA:TRUE" });
    autodone(made) struct made made = make((struct order){ .sans = "DNS:a",
        .digest = "SHA1",
        .issuer = &root,
        .not_before = ISSUED,
        .not_after = ISSUED + DAY });
    autofree(cert) struct cert *cert = cert_of(&made);

    (void)state;
    check_findings(cert, true, "SHA-1", "weak_signature", "ecdsa-with-SHA1, which can be forged");
}

static void lint_finds_odd_serial_numbers(void **state)
{
    autodone(made) struct made made =
        make((struct order){ .sans = "DNS:a", .not_before = ISSUED, .not_after = ISSUED + DAY });
    uint8_t serial[21];

    (void)state;
    memset(serial, 0x7a, sizeof serial);
    ASN1_STRING_set(X509_get_serialNumber(made.x509), serial, sizeof serial);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *lengthy = cert_of(&made);

    check_findings(lengthy, true, "21 bytes", "odd_serial", "longer than 20 bytes");
    ASN1_STRING_set(X509_get_serialNumber(made.x509), serial, sizeof serial - 1);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *fine = cert_of(&made);

    check_findings(fine, true, "20 bytes", "", "");
    ASN1_INTEGER_set_int64(X509_get_serialNumber(made.x509), -1);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *negative = cert_of(&made);

    check_findings(negative, true, "negative", "odd_serial", "is negative");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint_finds_what_it_should_and_nothing_else),
        cmocka_unit_test(lint_finds_a_signature_that_can_be_forged),
        cmocka_unit_test(lint_finds_odd_serial_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
