/* x509/cert: what is in a certificate, and what is kept of it. */
#include "testing_cert.h"

#include "x509/name.h"

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
        cmocka_unit_test(cert_is_parsed_once_in_a_while),
        cmocka_unit_test(cert_remembers_whose_signature_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
