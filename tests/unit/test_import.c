/*
 * import/read: what others' files hold, by the tables of verdicts that come with them; and what is
 * said of files that hold nothing for us. F25, F26.
 */
#include "testing_oracle.h"
#include "testing_x509.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/alloc.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "codec/hex.h"
#include "import/found.h"
#include "import/read.h"
#include "import/reading.h"
#include "x509/pem.h"

/* As read_upload(), of one part. */
static bool read_file(struct span file, struct span password, struct found *found,
    struct import_refusal *refusal, struct err *err)
{
    struct import_upload upload = { .parts = { file }, .password = password };

    *refusal = (struct import_refusal){ 0 };
    *err = (struct err){ 0 };
    return read_upload(&upload, READING_ITERATIONS, found, refusal, err);
}

/* "%D0%9F" to bytes, over itself. */
static struct span percent_decoded(struct span text, uint8_t *field)
{
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++) {
        struct err err = { 0 };

        if (text.data[i] != '%') {
            field[n++] = text.data[i];
            continue;
        }
        assert_works(hex_decode(span_slice(text, i + 1, 2), &field[n++], 1, &err), &err);
        i += 2;
    }
    return span_of(field, n);
}

static const char *hash_text(struct span bytes, char field[static 65])
{
    uint8_t hash[SHA256_SIZE];

    digest_sha256(bytes, hash);
    return hex_encode(span_of(hash, sizeof hash), field, 65);
}

/* ---- PKCS#12 ---- */

enum pfx_column {
    PFX_FILE,
    PFX_PASSWORD = 3,
    PFX_VERDICT,
    PFX_CERTS,
    PFX_KEYS,
    PFX_SPKI,
    PFX_LEAF,
    PFX_ALL,
    PFX_WRONG_OPENS = 11
};

static bool has_cert(const struct found *found, struct span sha256)
{
    for (size_t i = 0; i < found->n_certs; i++) {
        char text[65];

        if (span_is(sha256, hash_text(buf_span(&found->certs[i].der), text)))
            return true;
    }
    return false;
}

static void check_pfx_content(const struct found *found, const struct oracle_row *row,
    const char *name)
{
    struct span all = row->cells[PFX_ALL], one;
    char text[65];

    (void)snprintf(text, sizeof text, "%zu", found->n_certs);
    if (!span_is(row->cells[PFX_CERTS], text))
        fail_msg("%s: %s certificates", name, text);
    (void)snprintf(text, sizeof text, "%zu", found->n_keys);
    if (!span_is(row->cells[PFX_KEYS], text))
        fail_msg("%s: %s keys", name, text);
    if (found->n_keys > 0 &&
        !span_is(row->cells[PFX_SPKI], hash_text(buf_span(&found->keys[0].spki), text)))
        fail_msg("%s: another key", name);
    while (!span_is(all, "-") && span_split(&all, ',', &one))
        if (!has_cert(found, one))
            fail_msg("%s: a certificate is missing", name);
}

static void check_wrong_password(struct span file, const struct oracle_row *row, const char *name)
{
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    if (span_is(row->cells[PFX_WRONG_OPENS], "1"))
        return;
    if (read_file(file, SPAN_LITERAL("not the password"), &found, &refusal, &err))
        fail_msg("%s: opens with a wrong password", name);
    if (refusal.fault != IMPORT_WRONG_PASSWORD)
        fail_msg("%s: a wrong password is told as fault %d: %s", name, (int)refusal.fault, err.msg);
}

static void check_pfx(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[PFX_FILE]);
    autofree(str) char *path = xasprintf("pfx/files/%s", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[PFX_VERDICT];
    struct import_refusal refusal;
    uint8_t password[256];
    struct err err;
    bool is_read = read_file(buf_span(&file), percent_decoded(row->cells[PFX_PASSWORD], password),
        &found, &refusal, &err);

    if (span_is(verdict, "reject") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read)
        assert_true(refusal.fault != IMPORT_FAULT_NONE);
    if (span_is(verdict, "optional") && !is_read)
        assert_int_equal(refusal.fault, IMPORT_UNSUPPORTED);
    if (span_is(verdict, "stretch-accept")) {
        if (!is_read)
            fail_msg("%s: %s", name, err.msg);
        assert_true(found.n_certs > 0 && found.n_keys == 1);
        check_wrong_password(buf_span(&file), row, name);
    }
    if (!span_starts_with(verdict, "accept"))
        return;
    if (!is_read)
        fail_msg("%s: %s", name, err.msg);
    check_pfx_content(&found, row, name);
    check_wrong_password(buf_span(&file), row, name);
}

static void pfx_files_of_others_are_read(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("pfx", check_pfx), 59);
}

/* ---- keys ---- */

enum key_column { KEY_FILE, KEY_FORMAT = 3, KEY_PASSWORD, KEY_VERDICT, KEY_SPKI };

static void check_key_wrong_password(struct span file, const struct oracle_row *row,
    const char *name)
{
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    if (row->cells[KEY_PASSWORD].size == 0)
        return;
    /* test-ca.key.der stands in the table with the password of its PEM, and needs none. */
    if (read_file(file, SPAN_LITERAL("not the password"), &found, &refusal, &err)) {
        found_done(&found);
        assert_true(read_file(file, SPAN_EMPTY, &found, &refusal, &err));
        return;
    }
    if (refusal.fault != IMPORT_WRONG_PASSWORD)
        fail_msg("%s: a wrong password is told as fault %d: %s", name, (int)refusal.fault, err.msg);
    if (read_file(file, SPAN_EMPTY, &found, &refusal, &err) ||
        refusal.fault != IMPORT_PASSWORD_NEEDED)
        fail_msg("%s: a missing password is told as fault %d: %s", name, (int)refusal.fault,
            err.msg);
}

static void check_key(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[KEY_FILE]);
    autofree(str) char *path = xasprintf("keys/files/%s", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[KEY_VERDICT];
    struct import_refusal refusal;
    uint8_t password[256];
    char hash[65];
    struct err err;
    bool is_read = read_file(buf_span(&file), percent_decoded(row->cells[KEY_PASSWORD], password),
        &found, &refusal, &err);

    if (span_is(verdict, "accept") && !is_read)
        fail_msg("%s: %s", name, err.msg);
    if (span_is(verdict, "reject-or-unsupported") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read) {
        assert_true(refusal.fault != IMPORT_FAULT_NONE);
        return;
    }
    assert_int_equal(found.n_keys, 1);
    if (!span_is(row->cells[KEY_SPKI], "-") &&
        !span_is(row->cells[KEY_SPKI], hash_text(buf_span(&found.keys[0].spki), hash)))
        fail_msg("%s: another key", name);
    check_key_wrong_password(buf_span(&file), row, name);
}

static void key_files_of_others_are_read(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("keys", check_key), 151);
}

/* ---- certificates ---- */

static void check_cert(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[0]);
    autofree(str) char *path = xasprintf("x509/der/%s.der", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[4];
    struct import_refusal refusal;
    struct err err;
    bool is_read = read_file(buf_span(&file), SPAN_EMPTY, &found, &refusal, &err);

    if (span_is(verdict, "import") && !is_read)
        fail_msg("%s: %s", name, err.msg);
    if (span_is(verdict, "reject") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read)
        return;
    assert_int_equal(found.n_certs, 1);
    assert_int_equal(found.n_keys, 0);
    assert_true(span_equal(buf_span(&found.certs[0].der), buf_span(&file)));
}

static void certificates_of_others_are_read_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(oracle_each("x509", check_cert), 2247);
}

/* ---- passwords beyond ASCII, and other people's habits ---- */

/* A PKCS#12 file of ours; `password` and the key derivations' are bytes as they are given. */
static struct buf make_pfx(const struct made *site, const char *password, int key_nid, int cert_nid)
{
    struct buf file = BUF_INIT(1U << 20);
    unsigned char *der = NULL;
    PKCS12 *const pfx = PKCS12_create(password, NULL, site->key, site->x509, NULL, key_nid,
        cert_nid, 1000, 1000, 0);

    assert_non_null(pfx);
    const int size = i2d_PKCS12(pfx, &der);

    assert_true(size > 0);
    buf_add(&file, der, (size_t)size);
    OPENSSL_free(der);
    PKCS12_free(pfx);
    return file;
}

#define UMLAUTS "p\xC3\xA4ssw\xC3\xB6rd"
#define UMLAUTS_LATIN1 "p\xE4ssw\xF6rd"
#define UMLAUTS_TWICE "p\xC3\x83\xC2\xA4ssw\xC3\x83\xC2\xB6rd"

static void a_password_is_tried_as_other_programs_write_it(void **state)
{
    static const struct {
        const char *written;
        const char *typed;
        int nid;
        bool opens;
    } cases[] = {
        { UMLAUTS, UMLAUTS, NID_aes_256_cbc, true },
        { UMLAUTS, UMLAUTS, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, true },
        { UMLAUTS_LATIN1, UMLAUTS, NID_aes_256_cbc, true },
        { UMLAUTS_TWICE, UMLAUTS, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, true },
        { "plain", "plain", NID_aes_128_cbc, true },
        { "plain", "Plain", NID_aes_128_cbc, false },
        { UMLAUTS, "passwort", NID_aes_256_cbc, false },
        { "\xE4\xB8\x96\xE7\x95\x8C", "\xE4\xB8\x96\xE7\x95\x8C", NID_aes_256_cbc, true },
    };
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf file =
            make_pfx(&site, cases[i].written, cases[i].nid, cases[i].nid);
        autodone(found) struct found found = { 0 };
        struct import_refusal refusal;
        struct err err;
        bool is_read =
            read_file(buf_span(&file), span_text(cases[i].typed), &found, &refusal, &err);

        if (is_read != cases[i].opens)
            fail_msg("case %zu: %s", i, is_read ? "opened" : err.msg);
        if (is_read)
            assert_true(found.n_keys == 1 && found.n_certs == 1);
        else
            assert_int_equal(refusal.fault, IMPORT_WRONG_PASSWORD);
    }
}

/* Indefinite lengths all the way down, as Java's and macOS' old writers have them. */
static void to_ber(struct span der, struct buf *ber)
{
    struct span rest = der;

    while (rest.size > 0) {
        const uint8_t *at = rest.data;
        long size;
        int tag, class;
        const int flags = ASN1_get_object(&at, &size, &tag, &class, (long)rest.size);
        const size_t head = (size_t)(at - rest.data);
        const struct span content = span_of(at, (size_t)size);

        assert_false(flags & 0x80);
        if (flags & V_ASN1_CONSTRUCTED) {
            buf_add_u8(ber, rest.data[0]);
            buf_add_u8(ber, 0x80);
            to_ber(content, ber);
            buf_add_u16(ber, 0);
        } else {
            buf_add_span(ber, span_slice(rest, 0, head + content.size));
        }
        rest = span_slice(rest, head + content.size, SIZE_MAX);
    }
}

static void a_file_in_ber_is_read_like_one_in_der(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf file = make_pfx(&site, "1234", NID_aes_256_cbc, NID_aes_256_cbc);
    autodone(buf) struct buf ber = BUF_INIT(1U << 20);
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    to_ber(buf_span(&file), &ber);
    assert_true(ber.size > file.size || memcmp(ber.data, file.data, 8) != 0);
    assert_works(read_file(buf_span(&ber), SPAN_LITERAL("1234"), &found, &refusal, &err), &err);
    assert_true(found.n_keys == 1 && found.n_certs == 1);
    /* Cut anywhere, it is damaged and not something else. */
    for (size_t n = 40; n < file.size; n += 7) {
        autodone(found) struct found none = { 0 };

        assert_false(read_file(span_of(file.data, n), SPAN_LITERAL("1234"), &none, &refusal, &err));
        if (refusal.fault != IMPORT_MALFORMED)
            fail_msg("cut at %zu: fault %d", n, (int)refusal.fault);
    }
}

/* ---- what other programs write by default ---- */

/* RFC 8410, 10.3: the same key in PKCS#8's first version, and in its second with both its extras.
 */
#define CURDLE_CHAIRS_1                                                                            \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"                           \
    "-----END PRIVATE KEY-----\n"
#define CURDLE_CHAIRS_2                                                                            \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"                           \
    "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"                           \
    "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"                                                               \
    "-----END PRIVATE KEY-----\n"

static void a_key_with_its_public_half_behind_it_is_read(void **state)
{
    autodone(found) struct found first = { 0 };
    autodone(found) struct found second = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    assert_works(read_file(span_text(CURDLE_CHAIRS_1), SPAN_EMPTY, &first, &refusal, &err), &err);
    assert_works(read_file(span_text(CURDLE_CHAIRS_2), SPAN_EMPTY, &second, &refusal, &err), &err);
    assert_true(first.n_keys == 1 && second.n_keys == 1);
    assert_true(span_equal(buf_span(&first.keys[0].spki), buf_span(&second.keys[0].spki)));
    assert_true(span_equal(secret_span(first.keys[0].pkcs8), secret_span(second.keys[0].pkcs8)));
}

/* GnuTLS' certtool writes PKCS#12 as PEM unless it is told otherwise. */
static void a_pkcs12_file_may_be_in_pem(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf file = make_pfx(&site, "1234", NID_aes_256_cbc, NID_aes_256_cbc);
    autodone(buf) struct buf pem = BUF_INIT(1U << 20);
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    pem_write(buf_span(&file), "PKCS12", &pem);
    assert_works(read_file(buf_span(&pem), SPAN_LITERAL("1234"), &found, &refusal, &err), &err);
    assert_true(found.n_keys == 1 && found.n_certs == 1);
    assert_false(read_file(buf_span(&pem), SPAN_LITERAL("12345"), &found, &refusal, &err));
    assert_int_equal(refusal.fault, IMPORT_WRONG_PASSWORD);
}

/* A signer that is told by its key's identifier makes it CMS (RFC 5652, 5.1), and no PKCS#7. */
static void a_signed_message_in_cms_gives_its_certificates(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    const unsigned char id[] = "an identifier";
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    BIO *const message = BIO_new_mem_buf("hello", 5);
    unsigned char *der = NULL;
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    ASN1_OCTET_STRING_set(octets, id, sizeof id);
    assert_int_equal(X509_add1_ext_i2d(site.x509, NID_subject_key_identifier, octets, 0,
                         X509V3_ADD_REPLACE),
        1);
    assert_true(X509_sign(site.x509, site.key, EVP_sha256()) > 0);
    CMS_ContentInfo *const cms =
        CMS_sign(site.x509, site.key, NULL, message, CMS_BINARY | CMS_USE_KEYID);

    assert_non_null(cms);
    const int size = i2d_CMS_ContentInfo(cms, &der);

    assert_true(size > 0);
    const struct span file = span_of(der, (size_t)size);

    assert_works(read_file(file, SPAN_EMPTY, &found, &refusal, &err), &err);
    assert_int_equal(found.n_certs, 1);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    ASN1_OCTET_STRING_free(octets);
    BIO_free(message);
}

/* A certificate, and its key with a password of its own, as Java lets a program do. */
static struct buf make_pfx_with_two_passwords(const struct made *site, const char *file_password,
    const char *key_password)
{
    struct buf file = BUF_INIT(1U << 20);
    unsigned char *der = NULL;
    STACK_OF(PKCS12_SAFEBAG) *certs = NULL, *keys = NULL;
    STACK_OF(PKCS7) *safes = NULL;

    assert_non_null(PKCS12_add_cert(&certs, site->x509));
    assert_non_null(PKCS12_add_key(&keys, site->key, 0, 1000, NID_aes_256_cbc, key_password));
    assert_int_equal(PKCS12_add_safe(&safes, certs, NID_aes_256_cbc, 1000, file_password), 1);
    assert_int_equal(PKCS12_add_safe(&safes, keys, -1, 0, NULL), 1);
    PKCS12 *const pfx = PKCS12_add_safes(safes, 0);

    assert_int_equal(PKCS12_set_mac(pfx, file_password, -1, NULL, 0, 1000, EVP_sha256()), 1);
    const int size = i2d_PKCS12(pfx, &der);

    buf_add(&file, der, (size_t)size);
    OPENSSL_free(der);
    PKCS12_free(pfx);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(certs, PKCS12_SAFEBAG_free);
    sk_PKCS12_SAFEBAG_pop_free(keys, PKCS12_SAFEBAG_free);
    return file;
}

static void a_key_with_another_password_than_its_file_is_told(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf file = make_pfx_with_two_passwords(&site, "1234", "5678");
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    assert_false(read_file(buf_span(&file), SPAN_LITERAL("1234"), &found, &refusal, &err));
    assert_int_equal(refusal.fault, IMPORT_WRONG_PASSWORD);
    assert_contains(err.msg, "has another one");
    assert_false(read_file(buf_span(&file), SPAN_LITERAL("5678"), &found, &refusal, &err));
    assert_string_equal(err.msg, "wrong password");
}

/* Else the record would have no key, and nobody would know until it is deployed. */
static void what_is_given_as_a_key_or_chain_holds_one(void **state)
{
    static const struct {
        const char *label;
        enum import_part part;
        const char *says;
    } cases[] = {
        { "PUBLIC KEY", IMPORT_KEY, "no private key in it, only a public key" },
        { "CERTIFICATE REQUEST", IMPORT_KEY, "no private key in it, only a certificate request" },
        { "EC PARAMETERS", IMPORT_KEY, "no private key in it, only the parameters of a key" },
        { "X509 CRL", IMPORT_CHAIN, "no certificate in it, only a list of revoked certificates" },
        { "CERTIFICATE", IMPORT_KEY, "no private key in it" },
        { "CERTIFICATE", IMPORT_CHAIN, NULL }, /* a copy is no fault */
    };
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf der = made_der(&site);

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf other = BUF_INIT(1U << 20);
        autodone(found) struct found found = { 0 };
        struct import_upload upload = { .parts = { buf_span(&der) } };
        struct import_refusal refusal = { 0 };
        struct err err = { 0 };

        pem_write(buf_span(&der), cases[i].label, &other);
        upload.parts[cases[i].part] = buf_span(&other);
        bool is_read = read_upload(&upload, READING_ITERATIONS, &found, &refusal, &err);

        assert_int_equal(is_read, cases[i].says == NULL);
        if (is_read)
            continue;
        assert_true(refusal.fault == IMPORT_MALFORMED && refusal.part == cases[i].part);
        assert_contains(err.msg, cases[i].says);
    }
}

/* PowerShell's ">", and editors that call it "Unicode". */
static void text_in_utf16_is_read_as_any_other(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf der = made_der(&site);
    autodone(buf) struct buf pem = BUF_INIT(1U << 16);

    (void)state;
    pem_write(buf_span(&der), "CERTIFICATE", &pem);
    for (int is_big_endian = 0; is_big_endian < 2; is_big_endian++) {
        autodone(buf) struct buf wide = BUF_INIT(1U << 16);
        autodone(found) struct found found = { 0 };
        struct import_refusal refusal;
        struct err err;

        buf_add_text(&wide, is_big_endian ? "\xFE\xFF" : "\xFF\xFE");
        for (size_t i = 0; i < pem.size; i++) {
            buf_add_char(&wide, is_big_endian ? '\0' : buf_text(&pem)[i]);
            buf_add_char(&wide, is_big_endian ? buf_text(&pem)[i] : '\0');
        }
        assert_works(read_file(buf_span(&wide), SPAN_EMPTY, &found, &refusal, &err), &err);
        assert_int_equal(found.n_certs, 1);
    }
}

/* ---- what is none of ours ---- */

static const struct {
    const char *text;
    enum import_fault fault;
    const char *says;
} strangers[] = {
    { "", IMPORT_FAULT_NONE, "" },
    { "hello", IMPORT_MALFORMED, "neither PKCS#12" },
    { "PK\3\4....", IMPORT_MALFORMED, "ZIP" },
    { "ssh-ed25519 AAAA", IMPORT_MALFORMED, "SSH" },
    { "PuTTY-User-Key-File-3: ssh-rsa", IMPORT_MALFORMED, "PuTTY" },
    { "-----BEGIN CERTIFICATE-----\nAA", IMPORT_MALFORMED, "ends early" },
    { "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", IMPORT_MALFORMED, "PEM" },
    { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", IMPORT_MALFORMED,
        "private key" },
    { "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", IMPORT_MALFORMED,
        "neither a certificate nor a private key" },
    { "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        IMPORT_UNSUPPORTED, "ssh-keygen" },
    { "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: NONESUCH-CBC,00\n\nAAAA\n"
      "-----END RSA PRIVATE KEY-----\n",
        IMPORT_UNSUPPORTED, "unsupported encryption" },
};

static void what_is_none_of_ours_is_told_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(strangers); i++) {
        autodone(found) struct found found = { 0 };
        struct import_refusal refusal;
        struct err err;
        bool is_read = read_file(span_text(strangers[i].text), SPAN_EMPTY, &found, &refusal, &err);

        assert_int_equal(is_read, strangers[i].fault == IMPORT_FAULT_NONE);
        if (refusal.fault != strangers[i].fault)
            fail_msg("%s: fault %d, %s", strangers[i].text, (int)refusal.fault, err.msg);
        if (!is_read)
            assert_contains(err.msg, strangers[i].says);
    }
}

/* Hundreds of certificates are more than anybody's chain; the same one twice is one. */
static void there_is_a_limit_and_copies_do_not_count(void **state)
{
    autodone(found) struct found found = { 0 };
    struct err err = { 0 };

    (void)state;
    for (unsigned i = 0; i < 2 * IMPORT_CERTS_MAX; i++) {
        const uint16_t number = (uint16_t)(i / 2);

        assert_works(found_add_cert(&found, IMPORT_FILE, span_of(&number, sizeof number), &err),
            &err);
    }
    assert_int_equal(found.n_certs, IMPORT_CERTS_MAX);
    assert_fails(found_add_cert(&found, IMPORT_FILE, SPAN_LITERAL("one more"), &err), &err,
        ERR_LIMIT);
}

/* A second, and not a day, whatever a file asks for. */
static void derivations_are_paid_from_one_purse(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(buf) struct buf file = make_pfx(&site, "1234", NID_aes_256_cbc, NID_aes_256_cbc);
    struct import_upload upload = { .parts = { buf_span(&file) },
        .password = SPAN_LITERAL("1234") };

    (void)state;
    for (int64_t purse = 0; purse <= 3000; purse += 1000) {
        autodone(found) struct found found = { 0 };
        struct import_refusal refusal = { 0 };
        struct err err = { 0 };
        bool is_read = read_upload(&upload, purse, &found, &refusal, &err);

        assert_int_equal(is_read, purse == 3000); /* the MAC, the certificates, the key */
        if (is_read)
            continue;
        assert_int_equal(refusal.fault, IMPORT_TOO_COSTLY);
        assert_int_equal(err.kind, ERR_LIMIT);
    }
}

static int setup(void **state)
{
    (void)state;
    read_prepare();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pfx_files_of_others_are_read),
        cmocka_unit_test(key_files_of_others_are_read),
        cmocka_unit_test(certificates_of_others_are_read_as_they_are),
        cmocka_unit_test(a_password_is_tried_as_other_programs_write_it),
        cmocka_unit_test(a_file_in_ber_is_read_like_one_in_der),
        cmocka_unit_test(a_key_with_its_public_half_behind_it_is_read),
        cmocka_unit_test(a_pkcs12_file_may_be_in_pem),
        cmocka_unit_test(a_signed_message_in_cms_gives_its_certificates),
        cmocka_unit_test(a_key_with_another_password_than_its_file_is_told),
        cmocka_unit_test(what_is_given_as_a_key_or_chain_holds_one),
        cmocka_unit_test(text_in_utf16_is_read_as_any_other),
        cmocka_unit_test(what_is_none_of_ours_is_told_what_it_is),
        cmocka_unit_test(there_is_a_limit_and_copies_do_not_count),
        cmocka_unit_test(derivations_are_paid_from_one_purse),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
