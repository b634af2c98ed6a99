/* F12: requests as programs write them, held against a profile. */
#include "testing.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include "core/policy.h"
#include "testing_oracle.h"
#include "testing_x509.h"
#include "x509/csr.h"

#define ANY "{\"names\":{\"domains\":[\"*\"],\"wildcards\":true,\"ip\":true},\"usage\":\"client\"}"

struct wish {
    const char *key; /* as make_key(), or a curve, or "E3": RSA with the exponent 3 */
    const char *digest;
    const char *sans;
    const char *constraints;
    struct span raw_sans;
    bool is_pss;
    bool is_tampered;
    bool is_unheard_of; /* the signature's algorithm */
};

static EVP_PKEY *key_for(const char *kind)
{
    if (strcmp(kind, "E3") == 0) {
        EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        BIGNUM *const three = BN_new();
        EVP_PKEY *key = NULL;

        BN_set_word(three, 3);
        assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
        assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three), 1);
        assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
        BN_free(three);
        EVP_PKEY_CTX_free(ctx);
        return key;
    }
    return strncmp(kind, "P-", 2) == 0 || strstr(kind, "256k1") ? EVP_EC_gen(kind) : make_key(kind);
}

static void add_extensions(X509_REQ *request, const struct wish *wish)
{
    STACK_OF(X509_EXTENSION) *const list = sk_X509_EXTENSION_new_null();

    if (wish->sans)
        sk_X509_EXTENSION_push(list,
            X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, wish->sans));
    if (wish->constraints)
        sk_X509_EXTENSION_push(list,
            X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, wish->constraints));
    if (wish->raw_sans.size) {
        ASN1_OCTET_STRING *const value = ASN1_OCTET_STRING_new();

        ASN1_OCTET_STRING_set(value, wish->raw_sans.data, (int)wish->raw_sans.size);
        sk_X509_EXTENSION_push(list,
            X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value));
        ASN1_OCTET_STRING_free(value);
    }
    if (sk_X509_EXTENSION_num(list) > 0)
        X509_REQ_add_extensions(request, list);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

static void sign(X509_REQ *request, EVP_PKEY *key, const struct wish *wish)
{
    EVP_MD_CTX *const ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    const EVP_MD *const digest = wish->digest ? EVP_get_digestbyname(wish->digest) : NULL;

    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, digest, NULL, key), 1);
    if (wish->is_pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(X509_REQ_sign_ctx(request, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

static struct csr *request_of(const struct wish *wish)
{
    X509_REQ *const request = X509_REQ_new();
    EVP_PKEY *const key = key_for(wish->key);
    unsigned char *bytes = NULL;
    struct csr *csr = NULL;
    struct err err = { 0 };

    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "O", MBSTRING_UTF8,
        (const unsigned char *)"Example", -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    add_extensions(request, wish);
    sign(request, key, wish);
    const int n = i2d_X509_REQ(request, &bytes);

    if (wish->is_tampered)
        bytes[n - 1] ^= 1;
    if (wish->is_unheard_of) {
        unsigned char *const algorithm =
            memmem(bytes, (size_t)n, "\x2a\x86\x48\xce\x3d\x04\x03", 7);

        assert_non_null(algorithm);
        algorithm[7] = 99;
    }
    assert_works(csr_from_any(span_of(bytes, (size_t)n), &csr, &err), &err);
    OPENSSL_free(bytes);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return csr;
}

static const struct {
    struct wish wish;
    const char *broken; /* the rules, in order; each of the field "csr" */
    const char *says;   /* in the first message */
} rows[] = {
    { { "EC", "SHA256" }, "", "" },
    { { "P-384", "SHA384" }, "", "" },
    { { "EC", "SHA3-256" }, "", "" },
    { { "P-384", "SHA3-512" }, "", "" },
    { { "RSA2048", "SHA3-384" }, "", "" },
    { { "EC", "SHA3-256", .is_tampered = true }, "csr_signature ", "not signed by its own key" },
    { { "EC", "SHA256", .is_unheard_of = true }, "csr_signature ", "algorithm is not supported" },
    { { "P-521", "SHA512" }, "key_algorithm ", "the key is EC on P-521; the profile allows" },
    { { "secp256k1", "SHA256" }, "key_algorithm ", "EC on secp256k1" },
    { { "P-192", "SHA256" }, "key_weak ", "at least 256 bits, this one has 192" },
    { { "RSA2048", "SHA256" }, "", "" },
    { { "RSA2048", "SHA256", .is_pss = true }, "", "" },
    { { "RSA2048", "SHA1" }, "csr_hash ", "signed with sha1" },
    { { "RSA2048", "SHA1", .is_pss = true }, "csr_hash ", "signed with sha1" },
    { { "RSA2048", "MD5" }, "csr_hash ", "signed with md5" },
    { { "RSA1024", "SHA256" }, "key_weak ", "at least 2048 bits, this one has 1024" },
    { { "E3", "SHA256" }, "key_weak ", "its public exponent is 3" },
    { { "ED25519" }, "key_algorithm ", "the key is Ed25519" },
    { { "ED448" }, "key_algorithm ", "the key is Ed448" },
    { { "EC", "SHA256", .is_tampered = true }, "csr_signature ", "not signed by its own key" },
    { { "EC", "SHA256", "DNS:a.test,DNS:*.b.test,IP:192.0.2.1" }, "", "" },
    { { "EC", "SHA256", "DNS:a.test,email:x@y.test,URI:urn:x" }, "name_kind name_kind ",
        "mail addresses" },
    { { "EC", "SHA256", "RID:1.2.3.4" }, "name_kind ", "names of other kinds" },
    { { "EC", "SHA256", .constraints = "critical,CA:TRUE" }, "csr_ca ", "a CA's certificate" },
    { { "EC", "SHA256", .constraints = "CA:FALSE" }, "", "" },
    { { "EC", "SHA256",
          .raw_sans = SPAN_LITERAL("\x30\x05\x82\x09"
                                   "abc") },
        "name_malformed ", "(subjectAltName) is malformed" },
    { { "EC", "SHA256", .raw_sans = SPAN_LITERAL("\x04\x01x") }, "name_malformed ",
        "is malformed" },
    { { "EC", "SHA256",
          .raw_sans = SPAN_LITERAL("\x30\x03\x82\x01"
                                   "a"
                                   "junk") },
        "name_malformed ", "is malformed" },
    { { "EC", "SHA256",
          .raw_sans = SPAN_LITERAL("\x30\x10\x82\x0e"
                                   "a.test\0.b.test") },
        "name_malformed ", "it holds a NUL" },
};

static void told(const char *rules, const struct csr *csr, struct buf *ret, char says[static 512])
{
    autodone(policy_verdict) struct policy_verdict verdict = { 0 };
    autodone(policy_input) struct policy_input input = { 0 };
    autofree(policy) struct policy *policy = NULL;
    struct err err = { 0 };

    assert_works(policy_from_json(rules, &policy, &err), &err);
    policy_input_from_csr(csr, &input);
    policy_judge(policy, &input, &verdict);
    for (size_t i = 0; i < verdict.n; i++) {
        assert_string_equal(verdict.items[i].field, "csr");
        buf_addf(ret, "%s ", policy_rule_name(verdict.items[i].rule));
    }
    says[0] = '\0';
    if (verdict.n)
        span_copy_text(span_text(verdict.items[0].message), says, 512);
}

static void requests_are_read_and_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        autofree(csr) struct csr *csr = request_of(&rows[i].wish);
        autodone(buf) struct buf broken = BUF_INIT(4096);
        char says[512];

        told(ANY, csr, &broken, says);
        if (strcmp(buf_text(&broken), rows[i].broken) != 0 || !strstr(says, rows[i].says))
            fail_msg("request %zu (%s): %s%s", i, rows[i].wish.key, buf_text(&broken), says);
    }
}

static void a_thousand_names_are_counted(void **state)
{
    autodone(buf) struct buf sans = BUF_INIT(1 << 20);
    autodone(buf) struct buf broken = BUF_INIT(4096);
    autodone(policy_input) struct policy_input input = { 0 };
    char says[512];

    (void)state;
    for (int i = 0; i < POLICY_INPUT_NAMES_MAX + 7; i++)
        buf_addf(&sans, "%sDNS:n%d.test", i ? "," : "", i);
    const struct wish wish = { "EC", "SHA256", buf_text(&sans) };
    autofree(csr) struct csr *csr = request_of(&wish);

    policy_input_from_csr(csr, &input);
    assert_int_equal(input.n_names, POLICY_INPUT_NAMES_MAX);
    assert_int_equal(input.n_more_names, 7);
    told(ANY, csr, &broken, says);
    assert_string_equal(buf_text(&broken), "n_names ");
    assert_string_equal(says,
        "2007 names are asked for; the profile allows 100 in one certificate");
}

static void a_subject_without_end_is_refused(void **state)
{
    X509_REQ *const request = X509_REQ_new();
    EVP_PKEY *const key = make_key("EC");
    const struct wish wish = { "EC", "SHA256" };
    autodone(buf) struct buf broken = BUF_INIT(4096);
    autofree(csr) struct csr *csr = NULL;
    unsigned char *bytes = NULL;
    struct err err = { 0 };
    char says[512];

    (void)state;
    for (int i = 0; i < POLICY_INPUT_FIELDS_MAX + 1; i++)
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "OU", MBSTRING_UTF8,
            (const unsigned char *)"x", -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    sign(request, key, &wish);
    const int n = i2d_X509_REQ(request, &bytes);

    assert_works(csr_from_any(span_of(bytes, (size_t)n), &csr, &err), &err);
    told(ANY, csr, &broken, says);
    assert_string_equal(buf_text(&broken), "subject_malformed ");
    OPENSSL_free(bytes);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
}

enum column { FILE_NAME, VERDICT };

/* Hashes, as the files are named after them. */
static const char *const weak[] = { "md2", "md4", "md5", "sha1", NULL };
static const char *const strong[] = { "sha224", "sha256", "sha384", "sha512", NULL };

static bool names_one(const char *file, const char *const *hashes)
{
    for (size_t i = 0; hashes[i]; i++)
        if (strstr(file, hashes[i]))
            return true;
    return false;
}

/* What three other programs accept, the signature passes; what they refuse, it fails. SHA-1 and MD5
 * prove nothing in any case. */
static void check_request(const struct oracle_row *row)
{
    char name[ORACLE_PATH_SIZE];

    (void)snprintf(name, sizeof name, "csr/files/%.*s", (int)row->cells[FILE_NAME].size,
        (const char *)row->cells[FILE_NAME].data);
    autodone(buf) struct buf file = oracle_file(name);
    autodone(buf) struct buf broken = BUF_INIT(4096);
    autofree(csr) struct csr *csr = NULL;
    struct err err = { 0 };
    char says[512];

    assert_works(csr_from_any(buf_span(&file), &csr, &err), &err);
    told(ANY, csr, &broken, says);
    const bool is_unsigned = strstr(buf_text(&broken), "csr_signature") != NULL;
    const bool is_weak = strstr(buf_text(&broken), "csr_hash") != NULL;

    if (span_is(row->cells[VERDICT], "accept") && is_unsigned)
        fail_msg("%s: %s", name, buf_text(&broken));
    if (span_is(row->cells[VERDICT], "reject") && !is_unsigned)
        fail_msg("%s: %s", name, buf_text(&broken));
    if ((names_one(name, weak) && !is_weak) || (names_one(name, strong) && is_weak))
        fail_msg("%s: %s", name, buf_text(&broken));
}

static void other_peoples_requests_are_judged(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("csr", check_request), 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_and_judged),
        cmocka_unit_test(a_thousand_names_are_counted),
        cmocka_unit_test(a_subject_without_end_is_refused),
        cmocka_unit_test(other_peoples_requests_are_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
