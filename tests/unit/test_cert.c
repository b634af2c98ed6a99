#include "testing.h"

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "testing_oracle.h"
#include "testing_x509.h"
#include "x509/cert.h"
#include "x509/name.h"

static struct cert *cert_of(const struct made *made)
{
    autodone(buf) struct buf der = made_der(made);
    struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    return cert;
}

static struct cert *cert_ordered(struct order order)
{
    autodone(made) struct made made = make(order);

    return cert_of(&made);
}

/* ---- what is in a certificate ---- */

/* Each with a blank behind it. */
static const char *extended_key_usages(const struct cert *cert, struct buf *out)
{
    char field[128];

    for (size_t i = 0; cert_text(cert, CERT_EXTENDED_KEY_USAGE, i, field, sizeof field); i++)
        buf_addf(out, "%s ", field);
    return buf_text(out);
}

static void cert_tells_what_it_holds(void **state)
{
    autodone(buf) struct buf usages = BUF_INIT(1024);
    autodone(made) struct made root = make((
        struct order){ .cn = "Root", .o = "Example", .constraints = "critical,CA:TRUE,pathlen:1" });
    autofree(cert) struct cert *ca = cert_of(&root);
    autofree(cert) struct cert *leaf = cert_ordered((struct order){
        .cn = "www.example.org",
        .o = "Ex, \"ample\"",
        .sans =
            "DNS:www.example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org,URI:https://x/",
        .purposes = "serverAuth,clientAuth,1.2.3.4",
        .usage = "critical,digitalSignature,keyAgreement,decipherOnly",
        .not_before = 1763703000,
        .not_after = 1771479000,
        .issuer = &root,
    });
    unsigned usage = 0;

    (void)state;
    assert_string_equal(cert_subject(leaf), "CN=www.example.org,O=Ex\\, \\\"ample\\\"");
    assert_string_equal(cert_issuer(leaf), "CN=Root,O=Example");
    assert_string_equal(cert_common_name(leaf), "www.example.org");
    assert_string_equal(cert_name(leaf), "www.example.org");
    assert_int_equal(cert_not_before(leaf), 1763703000);
    assert_int_equal(cert_not_after(leaf), 1771479000);
    assert_int_equal(strncmp(cert_serial(leaf), "42", 2), 0);
    assert_int_equal(strlen(cert_serial(leaf)), 32);
    assert_string_equal(cert_key_algorithm(leaf), "ec");
    assert_int_equal(cert_key_bits(leaf), 256);
    assert_string_equal(cert_key_curve(leaf), "P-256");
    assert_string_equal(cert_slot(leaf), "ecdsa");
    assert_string_equal(cert_signature_algorithm(leaf), "ecdsa-with-SHA256");
    assert_false(cert_is_ca(leaf));
    assert_int_equal(cert_path_length(leaf), -1);
    assert_true(cert_is_ca(ca));
    assert_int_equal(cert_path_length(ca), 1);
    assert_true(cert_is_self_signed(ca));
    assert_false(cert_is_self_signed(leaf));
    assert_true(cert_is_issued_by(leaf, ca));
    assert_false(cert_is_issued_by(ca, leaf));
    assert_false(cert_is_staging(leaf));
    assert_true(cert_key_usage(leaf, &usage));
    assert_int_equal(usage,
        CERT_USE_DIGITAL_SIGNATURE | CERT_USE_KEY_AGREEMENT | CERT_USE_DECIPHER_ONLY);
    assert_false(cert_key_usage(ca, &usage));
    assert_string_equal(cert_key_usage_name(CERT_USE_CRL_SIGN), "cRLSign");
    assert_string_equal(extended_key_usages(leaf, &usages), "serverAuth clientAuth 1.2.3.4 ");
    assert_true(cert_is_for_key(leaf, cert_spki_sha256(leaf)));
    assert_false(cert_is_for_key(leaf, cert_spki_sha256(ca)));
}

static void cert_lists_its_names(void **state)
{
    static const struct {
        enum cert_san_kind kind;
        const char *word;
        const char *text;
    } expected[] = {
        { CERT_SAN_DNS, "dns", "www.example.org" },
        { CERT_SAN_IP, "ip", "192.0.2.1" },
        { CERT_SAN_IP, "ip", "2001:db8::1" },
        { CERT_SAN_EMAIL, "email", "a@example.org" },
        { CERT_SAN_URI, "uri", "https://x/" },
        { CERT_SAN_OTHER, "other", "#2a0304" },
    };
    autofree(cert) struct cert *leaf = cert_ordered((struct order){
        .sans =
            "DNS:www.example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org,URI:https://x/,"
            "RID:1.2.3.4",
    });
    size_t position = 0;
    struct cert_san san;
    char field[CERT_SAN_TEXT_MAX];

    (void)state;
    assert_int_equal(cert_n_sans(leaf), countof(expected));
    for (size_t i = 0; i < countof(expected); i++) {
        assert_true(cert_next_san(leaf, &position, &san));
        assert_int_equal(san.kind, expected[i].kind);
        assert_string_equal(cert_san_kind_name(san.kind), expected[i].word);
        assert_string_equal(cert_san_text(&san, field), expected[i].text);
    }
    assert_false(cert_next_san(leaf, &position, &san));
    assert_string_equal(cert_name(leaf), "www.example.org");
    assert_string_equal(cert_subject(leaf), "");
}

static void cert_without_any_name_is_called_by_its_serial(void **state)
{
    autofree(cert) struct cert *cert = cert_ordered((struct order){ 0 });
    autofree(cert) struct cert *organisation = cert_ordered((struct order){ .o = "Only" });

    (void)state;
    assert_int_equal(strncmp(cert_name(cert), "serial 42", 9), 0);
    assert_string_equal(cert_name(organisation), "O=Only");
}

static void cert_knows_a_staging_ca(void **state)
{
    autodone(made) struct made root =
        make((struct order){ .cn = "(STAGING) Artificial Apricot R3", .constraints = "CA:TRUE" });
    autofree(cert) struct cert *leaf =
        cert_ordered((struct order){ .cn = "a.example", .issuer = &root });

    (void)state;
    assert_true(cert_is_staging(leaf));
}

static void cert_tells_the_kind_of_key(void **state)
{
    static const struct {
        const char *order;
        const char *digest;
        const char *algorithm;
        int bits;
        const char *slot;
        const char *signature;
    } keys[] = {
        { "RSA1024", "SHA1", "rsa", 1024, "rsa", "sha1WithRSAEncryption" },
        { "EC", "SHA384", "ec", 256, "ecdsa", "ecdsa-with-SHA384" },
        { "ED25519", NULL, "ed25519", 256, "other", "ED25519" },
    };

    (void)state;
    for (size_t i = 0; i < countof(keys); i++) {
        autofree(cert) struct cert *cert = cert_ordered(
            (struct order){ .cn = "a", .key = keys[i].order, .digest = keys[i].digest });

        assert_string_equal(cert_key_algorithm(cert), keys[i].algorithm);
        assert_int_equal(cert_key_bits(cert), keys[i].bits);
        assert_string_equal(cert_slot(cert), keys[i].slot);
        assert_string_equal(cert_signature_algorithm(cert), keys[i].signature);
    }
}

static void cert_lists_its_addresses_on_the_web(void **state)
{
    autodone(made) struct made made = make((struct order){ .cn = "a" });
    char field[64];

    (void)state;
    make_extension(made.x509, made.x509, NID_info_access,
        "OCSP;URI:http://ocsp.example,caIssuers;URI:http://ca.example/1,OCSP;URI:http://ocsp2.example,"
        "caIssuers;DNS:no.url");
    make_extension(made.x509, made.x509, NID_crl_distribution_points,
        "URI:http://crl.example/1,URI:http://crl.example/2");
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *cert = cert_of(&made);

    assert_true(cert_text(cert, CERT_OCSP_URL, 0, field, sizeof field));
    assert_string_equal(field, "http://ocsp.example");
    assert_true(cert_text(cert, CERT_OCSP_URL, 1, field, sizeof field));
    assert_string_equal(field, "http://ocsp2.example");
    assert_false(cert_text(cert, CERT_OCSP_URL, 2, field, sizeof field));
    assert_true(cert_text(cert, CERT_ISSUER_URL, 0, field, sizeof field));
    assert_string_equal(field, "http://ca.example/1");
    assert_false(cert_text(cert, CERT_ISSUER_URL, 1, field, sizeof field));
    assert_true(cert_text(cert, CERT_CRL_URL, 1, field, sizeof field));
    assert_string_equal(field, "http://crl.example/2");
    assert_false(cert_text(cert, CERT_CRL_URL, 2, field, sizeof field));
    assert_true(cert_text(cert, CERT_CRL_URL, 1, field, 8));
    assert_string_equal(field, "http\xe2\x80\xa6");
}

/* ---- names that are covered ---- */

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

/* ---- what strangers send ---- */

static void cert_with_a_10_kb_serial_is_cut_for_display(void **state)
{
    autodone(made) struct made made = make((struct order){ .cn = "a" });
    uint8_t serial[10000];

    (void)state;
    memset(serial, 0x7a, sizeof serial);
    ASN1_STRING_set(X509_get_serialNumber(made.x509), serial, sizeof serial);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *cert = cert_of(&made);

    assert_int_equal(strlen(cert_serial(cert)), CERT_SERIAL_MAX);
    assert_string_equal(cert_serial(cert) + CERT_SERIAL_MAX - 5, "7a\xe2\x80\xa6"); /* 64 bytes */
}

static void cert_shows_a_negative_serial_as_such(void **state)
{
    autodone(made) struct made made = make((struct order){ .cn = "a" });

    (void)state;
    ASN1_INTEGER_set_int64(X509_get_serialNumber(made.x509), -300);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *cert = cert_of(&made);

    assert_string_equal(cert_serial(cert), "-012c");
}

static const struct {
    const char *at;
    int64_t seconds;
} years[] = {
    { "00000101000000Z", INT64_C(-62167219200) },
    { "99991231235959Z", INT64_C(253402300799) },
    { "19491231235959Z", INT64_C(-631152001) },
};

static void cert_from_year_0_and_to_year_9999_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(years); i++) {
        autodone(made) struct made made = make((struct order){ .cn = "a" });

        assert_true(ASN1_TIME_set_string(X509_getm_notAfter(made.x509), years[i].at));
        X509_sign(made.x509, made.key, EVP_sha256());
        autofree(cert) struct cert *cert = cert_of(&made);

        assert_true(cert_not_after(cert) == years[i].seconds);
    }
}

static const struct {
    int type;
    const char *bytes;
    int size;
    const char *subject;
} odd_names[] = {
    { V_ASN1_UTF8STRING, "a\0b", 3,
        "CN=a\xef\xbf\xbd"
        "b" },
    { V_ASN1_UTF8STRING, "a\nb\x7f", 4,
        "CN=a\xef\xbf\xbd"
        "b\xef\xbf\xbd" },
    { V_ASN1_PRINTABLESTRING, "gr\xfc\xdf", 4, "CN=gr\xc3\xbc\xc3\x9f" },
    { V_ASN1_PRINTABLESTRING, "gr\xc3\xbc", 4, "CN=gr\xc3\xbc" },
    { V_ASN1_T61STRING, "\xe9t\xe9", 3, "CN=\xc3\xa9t\xc3\xa9" },
    { V_ASN1_BMPSTRING, "\x00g\x00\xfc", 4, "CN=g\xc3\xbc" },
    { V_ASN1_BIT_STRING, "\x01\xab", 2, "CN=#01ab" },
    { V_ASN1_UTF8STRING, " a ", 3, "CN=\\ a\\ " },
    { V_ASN1_UTF8STRING, "#a;<>+\\", 7, "CN=\\#a\\;\\<\\>\\+\\\\" },
    { V_ASN1_UTF8STRING, "<script>", 8, "CN=\\<script\\>" },
};

static void cert_subject_is_clean_text_whatever_it_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(odd_names); i++) {
        autodone(made) struct made made = make((struct order){ 0 });
        X509_NAME *const name = X509_NAME_new();

        assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, odd_names[i].type,
            (const unsigned char *)odd_names[i].bytes, odd_names[i].size, -1, 0));
        X509_set_subject_name(made.x509, name);
        X509_NAME_free(name);
        X509_sign(made.x509, made.key, EVP_sha256());
        autofree(cert) struct cert *cert = cert_of(&made);

        assert_string_equal(cert_subject(cert), odd_names[i].subject);
    }
}

static void cert_subject_of_absurd_length_is_cut(void **state)
{
    char cn[3000];
    autodone(made) struct made made = make((struct order){ 0 });
    X509_NAME *const name = X509_NAME_new();

    (void)state;
    memset(cn, 'x', sizeof cn);
    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (unsigned char *)cn,
        sizeof cn, -1, 0);
    X509_set_subject_name(made.x509, name);
    X509_NAME_free(name);
    X509_sign(made.x509, made.key, EVP_sha256());
    autofree(cert) struct cert *cert = cert_of(&made);

    assert_int_equal(strlen(cert_subject(cert)), CERT_NAME_MAX);
    assert_int_equal(strlen(cert_common_name(cert)), CERT_NAME_MAX);
    assert_string_equal(cert_subject(cert) + CERT_NAME_MAX - 4, "x\xe2\x80\xa6");
}

/* ---- PEM and DER ---- */

static void cert_comes_and_goes_as_pem(void **state)
{
    autofree(cert) struct cert *cert = cert_ordered((struct order){ .cn = "a" });
    autofree(cert) struct cert *again = NULL;
    autofree(cert) struct cert *third = NULL;
    autodone(buf) struct buf pem = BUF_INIT(65536);
    struct err err = { 0 };

    (void)state;
    buf_add_text(&pem, "subject=/CN=a\n-----BEGIN FOO-----\nAAAA\n-----END FOO-----\n");
    cert_to_pem(cert, &pem);
    assert_contains(buf_text(&pem), "-----END CERTIFICATE-----\n");
    assert_works(cert_from_pem(buf_span(&pem), &again, &err), &err);
    assert_true(span_equal(cert_der(cert), cert_der(again)));
    assert_memory_equal(cert_sha256(cert), cert_sha256(again), CERT_SHA256_SIZE);
    assert_works(cert_from_der(cert_der(cert), &third, &err), &err);
    assert_memory_equal(cert_sha1(cert), cert_sha1(third), CERT_SHA1_SIZE);
}

static const struct {
    const char *text;
    const char *says;
} rejected_pem[] = {
    { "", "no certificate" },
    { "hello", "no certificate" },
    { "-----BEGIN CERTIFICATE-----\nAAAA\n", "ends early" },
    { "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "malformed" },
    { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "malformed" },
    { "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "no certificate" },
};

static void cert_from_pem_rejects(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected_pem); i++) {
        autofree(cert) struct cert *cert = NULL;
        struct err err = { 0 };

        assert_fails(cert_from_pem(span_text(rejected_pem[i].text), &cert, &err), &err,
            ERR_INVALID);
        assert_contains(err.msg, rejected_pem[i].says);
        assert_null(cert);
    }
}

static void cert_from_der_rejects_what_is_cut_long_or_huge(void **state)
{
    autodone(made) struct made made = make((struct order){ .cn = "a" });
    autodone(buf) struct buf der = made_der(&made);
    autofree(cert) struct cert *cert = NULL;
    struct err err = { 0 };
    uint8_t *const huge = xcalloc(1, CERT_MAX_BYTES + 1);

    (void)state;
    for (size_t size = 0; size < der.size; size++)
        assert_fails(cert_from_der(span_of(der.data, size), &cert, &err), &err, ERR_INVALID);
    buf_add_text(&der, "xyz");
    assert_fails(cert_from_der(buf_span(&der), &cert, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "3 bytes after the certificate");
    huge[0] = 0x30;
    assert_fails(cert_from_der(span_of(huge, CERT_MAX_BYTES + 1), &cert, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "larger than 1048576 bytes");
    free(huge);
    assert_null(cert);
}

/* ---- what others say ---- */

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

static void cert_agrees_with_five_parsers(void **state)
{
    size_t n = 0;

    (void)state;
    oracle_need("x509");
    autodone(buf) struct buf table = oracle_file("x509/expect.tsv");
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    while (oracle_next_row(&rest, &row)) {
        char name[256];
        autofree(cert) struct cert *cert = NULL;
        autofree(str) char *origin = span_dup(row.cells[ORIGIN]);
        struct err err = { 0 };

        (void)snprintf(name, sizeof name, "x509/der/%.64s.der", (const char *)row.cells[NAME].data);
        autodone(buf) struct buf der = oracle_file(name);
        const bool is_read = cert_from_der(buf_span(&der), &cert, &err);

        if (span_is(row.cells[VERDICT], "import") && !is_read)
            fail_msg("%s: %s", origin, err.msg);
        if (span_is(row.cells[VERDICT], "reject") && is_read)
            fail_msg("%s was accepted", origin);
        if (is_read)
            check_facts(cert, &row, origin);
        n++;
    }
    assert_int_equal(n, 2247);
}

/* ---- what is kept ---- */

static void cert_is_parsed_once_in_a_while(void **state)
{
    const struct order order = { .cn = "Root", .constraints = "critical,CA:TRUE" };
    autodone(made) struct made root = make(order);
    autodone(made) struct made plain = make((struct order){ .cn = "www.example.org" });
    struct cert *first = cert_of(&root);
    autofree(cert) struct cert *second = cert_of(&root);
    autofree(cert) struct cert *leaf = cert_of(&plain);
    autofree(cert) struct cert *leaf_again = cert_of(&plain);

    (void)state;
    assert_ptr_equal(first, second);
    assert_ptr_equal(leaf, leaf_again);
    cert_free(first);
    for (int i = 0; i < 70; i++) { /* more than are kept */
        autofree(cert) struct cert *other = cert_ordered(order);

        assert_ptr_not_equal(other, second);
        assert_memory_not_equal(cert_sha256(other), cert_sha256(second), CERT_SHA256_SIZE);
    }
    assert_string_equal(cert_subject(second), "CN=Root");
    first = cert_of(&root);
    assert_ptr_not_equal(first, second); /* it had to go meanwhile */
    cert_free(first);
}

/* That one authority's signature was verified says nothing of another with the same name. */
static void cert_remembers_whose_signature_it_has(void **state)
{
    const struct order order = { .cn = "Root", .constraints = "critical,CA:TRUE" };
    autodone(made) struct made root = make(order);
    autodone(made) struct made namesake = make(order);
    autofree(cert) struct cert *right = cert_of(&root);
    autofree(cert) struct cert *wrong = cert_of(&namesake);
    autofree(cert) struct cert *leaf =
        cert_ordered((struct order){ .cn = "www.example.org", .issuer = &root });

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_false(cert_is_issued_by(leaf, wrong));
        assert_true(cert_is_issued_by(leaf, right));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_tells_what_it_holds),
        cmocka_unit_test(cert_lists_its_names),
        cmocka_unit_test(cert_without_any_name_is_called_by_its_serial),
        cmocka_unit_test(cert_knows_a_staging_ca),
        cmocka_unit_test(cert_tells_the_kind_of_key),
        cmocka_unit_test(cert_lists_its_addresses_on_the_web),
        cmocka_unit_test(cert_covers_names_as_rfc_9525_says),
        cmocka_unit_test(cert_with_a_nul_in_a_name_covers_nothing_by_it),
        cmocka_unit_test(cert_with_60000_names_is_read),
        cmocka_unit_test(cert_with_malformed_names_has_those_before_the_fault),
        cmocka_unit_test(cert_with_a_10_kb_serial_is_cut_for_display),
        cmocka_unit_test(cert_shows_a_negative_serial_as_such),
        cmocka_unit_test(cert_from_year_0_and_to_year_9999_is_read),
        cmocka_unit_test(cert_subject_is_clean_text_whatever_it_holds),
        cmocka_unit_test(cert_subject_of_absurd_length_is_cut),
        cmocka_unit_test(cert_comes_and_goes_as_pem),
        cmocka_unit_test(cert_from_pem_rejects),
        cmocka_unit_test(cert_from_der_rejects_what_is_cut_long_or_huge),
        cmocka_unit_test(cert_agrees_with_five_parsers),
        cmocka_unit_test(cert_is_parsed_once_in_a_while),
        cmocka_unit_test(cert_remembers_whose_signature_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
