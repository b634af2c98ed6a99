/* x509/cert: what strangers send, as PEM and as DER. */
#include "testing_cert.h"

#include "base/alloc.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_with_a_10_kb_serial_is_cut_for_display),
        cmocka_unit_test(cert_shows_a_negative_serial_as_such),
        cmocka_unit_test(cert_from_year_0_and_to_year_9999_is_read),
        cmocka_unit_test(cert_subject_is_clean_text_whatever_it_holds),
        cmocka_unit_test(cert_subject_of_absurd_length_is_cut),
        cmocka_unit_test(cert_comes_and_goes_as_pem),
        cmocka_unit_test(cert_from_pem_rejects),
        cmocka_unit_test(cert_from_der_rejects_what_is_cut_long_or_huge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
