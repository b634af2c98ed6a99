/* F12, F25: what is asked of a request to sign. */
#include "testing.h"

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "testing_oracle.h"
#include "testing_x509.h"
#include "x509/csr.h"

static void csr_tells_what_is_asked_for(void **state)
{
    autodone(buf) struct buf der = request_for("www.example.org", "DNS:a.example,IP:192.0.2.1");
    autodone(buf) struct buf pem = BUF_INIT(65536);
    autofree(csr) struct csr *csr = NULL;
    autofree(csr) struct csr *again = NULL;
    char field[CERT_SAN_TEXT_MAX];
    struct cert_san san;
    size_t position = 0;
    struct err err = { 0 };

    (void)state;
    assert_works(csr_from_any(buf_span(&der), &csr, &err), &err);
    assert_true(csr_is_signed(csr));
    assert_string_equal(csr_subject(csr), "CN=www.example.org");
    assert_string_equal(csr_common_name(csr), "www.example.org");
    assert_string_equal(csr_key_algorithm(csr), "ec");
    assert_int_equal(csr_key(csr), CERT_KEY_EC);
    assert_int_equal(csr_key_bits(csr), 256);
    assert_string_equal(csr_key_curve(csr), "P-256");
    assert_int_equal(csr_n_sans(csr), 2);
    assert_true(csr_next_san(csr, &position, &san));
    assert_string_equal(cert_san_text(&san, field), "a.example");
    assert_true(csr_next_san(csr, &position, &san));
    assert_string_equal(cert_san_text(&san, field), "192.0.2.1");
    csr_to_pem(csr, &pem);
    assert_works(csr_from_any(buf_span(&pem), &again, &err), &err);
    assert_ptr_equal(csr, again); /* nobody parses it twice */
    assert_true(span_equal(csr_der(csr), csr_der(again)));
    assert_memory_equal(csr_spki_sha256(csr), csr_spki_sha256(again), CERT_SHA256_SIZE);
}

static void csr_that_was_tampered_with_is_not_signed(void **state)
{
    autodone(buf) struct buf der = request_for("www.example.org", NULL);
    autofree(csr) struct csr *before = NULL;
    autofree(csr) struct csr *csr = NULL;
    struct err err = { 0 };
    const size_t at = span_find(buf_span(&der), SPAN_LITERAL("www.example"));

    (void)state;
    assert_works(csr_from_any(buf_span(&der), &before, &err), &err);
    assert_true(csr_is_signed(before));
    der.data[at] = 'x';
    assert_works(csr_from_any(buf_span(&der), &csr, &err), &err);
    assert_string_equal(csr_common_name(csr), "xww.example.org");
    assert_false(csr_is_signed(csr));
    assert_int_equal(csr_n_sans(csr), 0);
}

static void add_sans(X509_REQ *request, int attribute, const char *first, const char *second)
{
    STACK_OF(X509_EXTENSION) *const list = sk_X509_EXTENSION_new_null();

    if (first)
        sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, first));
    if (second)
        sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, second));
    assert_int_equal(X509_REQ_add_extensions_nid(request, list, attribute), 1);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

/* Of two lists a CA may take the one that was not judged here. */
static void csr_with_several_lists_of_names_is_told(void **state)
{
    static const struct {
        int first_attribute;
        const char *sans[2];
        int second_attribute; /* NID_undef: none */
        const char *others;
        bool is_whole;
    } cases[] = {
        { NID_ext_req, { "DNS:a.example", NULL }, NID_undef, NULL, true },
        { NID_ms_ext_req, { "DNS:a.example", NULL }, NID_undef, NULL, true },
        { NID_ext_req, { NULL, NULL }, NID_undef, NULL, true },
        { NID_ext_req, { "DNS:a.example", "DNS:b.example" }, NID_undef, NULL, false },
        { NID_ext_req, { "DNS:a.example", NULL }, NID_ms_ext_req, "DNS:b.example", false },
        { NID_ms_ext_req, { "DNS:a.example", NULL }, NID_ext_req, "DNS:b.example", false },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        X509_REQ *const request = X509_REQ_new();
        EVP_PKEY *const key = make_key("EC");
        autofree(csr) struct csr *csr = NULL;
        unsigned char *der = NULL;
        struct err err = { 0 };

        X509_REQ_set_pubkey(request, key);
        add_sans(request, cases[i].first_attribute, cases[i].sans[0], cases[i].sans[1]);
        if (cases[i].second_attribute != NID_undef)
            add_sans(request, cases[i].second_attribute, cases[i].others, NULL);
        assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
        const int size = i2d_X509_REQ(request, &der);

        assert_works(csr_from_any(span_of(der, (size_t)size), &csr, &err), &err);
        if (csr_sans_are_whole(csr) != cases[i].is_whole)
            fail_msg("case %zu", i);
        assert_true(csr_is_signed(csr));
        OPENSSL_free(der);
        X509_REQ_free(request);
        EVP_PKEY_free(key);
    }
}

static void what_is_pasted_for_a_request_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "but a certificate" },
        { "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "but a private key" },
        { "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "but a public key" },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autofree(csr) struct csr *csr = NULL;
        struct err err = { 0 };

        assert_fails(csr_from_any(span_text(cases[i].text), &csr, &err), &err, ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
    }
}

static void csr_from_any_rejects(void **state)
{
    autodone(buf) struct buf der = request_for("a", NULL);
    autofree(csr) struct csr *csr = NULL;
    struct err err = { 0 };
    uint8_t *const huge = xcalloc(1, 2 * CSR_MAX_BYTES + 1);

    (void)state;
    for (size_t size = 0; size < der.size; size++)
        assert_fails(csr_from_any(span_of(der.data, size), &csr, &err), &err, ERR_INVALID);
    buf_add_text(&der, "xy");
    assert_fails(csr_from_any(buf_span(&der), &csr, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "2 bytes after the request");
    assert_fails(csr_from_any(span_of(huge, 2 * CSR_MAX_BYTES + 1), &csr, &err), &err, ERR_LIMIT);
    huge[0] = 0x30;
    assert_fails(csr_from_any(span_of(huge, CSR_MAX_BYTES + 1), &csr, &err), &err, ERR_LIMIT);
    free(huge);
    assert_fails(csr_from_any(SPAN_LITERAL("hello"), &csr, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "no certificate request");
    assert_null(csr);
}

enum column { FILE_NAME, VERDICT, PARSERS, SIGNERS, SAN_DNS };

static void check_names(const struct csr *csr, struct span expected, const char *file)
{
    autofree(json) struct json *list = NULL;
    struct err err = { 0 };
    struct cert_san san;
    size_t position = 0;
    size_t n = 0;

    assert_works(json_parse(expected, &list, &err), &err);
    while (csr_next_san(csr, &position, &san)) {
        if (san.kind != CERT_SAN_DNS)
            continue;
        const char *const name = json_as_text(json_list_item(list, n++));

        if (!name || !span_is(san.value, name))
            fail_msg("%s: DNS name %zu", file, n);
    }
    assert_int_equal(n, json_list_size(list));
}

static void check_csr(const struct oracle_row *row)
{
    char path[256];
    autofree(csr) struct csr *csr = NULL;
    autofree(str) char *file = span_dup(row->cells[FILE_NAME]);
    struct err err = { 0 };

    (void)snprintf(path, sizeof path, "csr/files/%s", file);
    autodone(buf) struct buf bytes = oracle_file(path);
    const bool is_good = csr_from_any(buf_span(&bytes), &csr, &err) && csr_is_signed(csr);

    if (span_is(row->cells[VERDICT], "accept") && !is_good)
        fail_msg("%s: %s", file, err.msg);
    if (span_is(row->cells[VERDICT], "reject") && is_good)
        fail_msg("%s was accepted", file);
    if (is_good)
        check_names(csr, row->cells[SAN_DNS], file);
}

static void csr_agrees_with_three_parsers(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("csr", check_csr), 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csr_tells_what_is_asked_for),
        cmocka_unit_test(csr_that_was_tampered_with_is_not_signed),
        cmocka_unit_test(csr_with_several_lists_of_names_is_told),
        cmocka_unit_test(what_is_pasted_for_a_request_is_told),
        cmocka_unit_test(csr_from_any_rejects),
        cmocka_unit_test(csr_agrees_with_three_parsers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
