/*
 * vault_ca: what the vault signs with an authority's key, and what it refuses whoever asks (F21).
 *
 * The real process behind a real socket; what it signed is checked with OpenSSL's own verifier,
 * strictly.
 */
#include "testing_vault.h"

#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "vault/client_ca.h"

#define DAY INT64_C(86400)

static const struct vault_binding authority = { VAULT_CA, "ca/1" };
static const uint8_t serial[16] = { 0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* An authority in its seal. */
struct made {
    struct buf sealed;
    struct buf spki;
    struct buf der;
    int64_t now;
};

static void made_done(struct made *made)
{
    buf_done(&made->sealed);
    buf_done(&made->spki);
    buf_done(&made->der);
}
DEFINE_AUTODONE(made);

static const struct vault_csr nobody;
static const struct vault_csr example = { .common_name = "Example Root",
    .organization = "Example" };

static bool make(struct bench *bench, struct vault_ca_new new, struct made *ret, struct err *err)
{
    *ret =
        (struct made){ BUF_INIT(VAULT_SEALED_MAX), BUF_INIT(8192), BUF_INIT(65536), clock_now() };
    if (!new.subject)
        new.subject = &example;
    new.serial = span_of(serial, sizeof serial);
    new.not_before = ret->now - DAY;
    new.not_after = ret->now + 365 * DAY;
    return vault_ca_make(bench->client, &new, &authority, &ret->sealed, &ret->spki, &ret->der, err);
}

/* A request as a stranger would write it. */
struct wish {
    const char *common_name;
    const char *sans; /* as OpenSSL's configuration has them */
    const char *key;  /* "P-256" */
    size_t rsa_bits;  /* instead */
    bool wants_ca;
    bool is_forged; /* signed by another key */
    bool has_nul;   /* in its CN */
};

static void add_wish(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
    if (value)
        sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
}

static void write_request(const struct wish *wish, struct buf *der)
{
    EVP_PKEY *key = wish->rsa_bits
                        ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", wish->rsa_bits)
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", wish->key ? wish->key : "P-256");
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509_REQ *request = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    uint8_t *bytes = NULL;

    if (wish->common_name)
        assert_int_equal(X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request),
                             NID_commonName, MBSTRING_UTF8,
                             (const unsigned char *)wish->common_name,
                             wish->has_nul ? (int)strlen(wish->common_name) + 6 : -1, -1, 0),
            1);
    add_wish(list, NID_subject_alt_name, wish->sans);
    add_wish(list, NID_basic_constraints, wish->wants_ca ? "critical,CA:TRUE" : NULL);
    add_wish(list, NID_key_usage, "keyCertSign"); /* has no effect */
    assert_int_equal(X509_REQ_add_extensions(request, list), 1);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, wish->is_forged ? other : key, EVP_sha256()) > 0);
    int size = i2d_X509_REQ(request, &bytes);

    assert_true(size > 0);
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static struct vault_ca_leaf leaf_of(const struct made *made, struct span csr)
{
    return (struct vault_ca_leaf){ .csr = csr,
        .serial = span_of(serial, sizeof serial),
        .not_before = made->now - 300,
        .not_after = made->now + 90 * DAY,
        .usage = VAULT_USE_SERVER,
        .crl_url = "http://pki.example.org/pki/house.crl",
        .ocsp_url = "http://pki.example.org/ocsp/house",
        .issuer_url = "http://pki.example.org/pki/house.crt" };
}

static bool sign(struct bench *bench, const struct made *made, const struct vault_ca_leaf *leaf,
    struct buf *der, struct err *err)
{
    return vault_ca_sign(bench->client, buf_span(&made->sealed), &authority, leaf, der, err);
}

static X509 *cert_of(const struct buf *der)
{
    const uint8_t *at = der->data;
    X509 *cert = d2i_X509(NULL, &at, (long)der->size);

    assert_non_null(cert);
    return cert;
}

static int verify_strictly(X509 *cert, X509 *root, X509_CRL *crl)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    X509_STORE_add_cert(store, root);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT | (crl ? X509_V_FLAG_CRL_CHECK : 0));
    if (crl)
        X509_STORE_add_crl(store, crl);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    (void)X509_verify_cert(ctx);
    int verdict = X509_STORE_CTX_get_error(ctx);

    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return verdict;
}

static const struct wish ordinary = { .common_name = "www.example.org",
    .sans = "DNS:www.example.org,IP:192.0.2.1" };

static void every_kind_of_root_issues_what_verifies_strictly(void **state)
{
    static const enum vault_algorithm algorithms[] = { VAULT_P256, VAULT_P384, VAULT_RSA_2048,
        VAULT_ED25519 };
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(65536);

    (void)unlock_new(bench);
    write_request(&ordinary, &csr);
    for (size_t i = 0; i < countof(algorithms); i++) {
        autodone(made) struct made made;
        autodone(buf) struct buf der = BUF_INIT(65536);
        struct err err = { 0 };

        assert_works(make(bench,
                         (struct vault_ca_new){ .algorithm = algorithms[i], .is_root = true },
                         &made, &err),
            &err);
        struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

        assert_works(sign(bench, &made, &leaf, &der, &err), &err);
        X509 *root = cert_of(&made.der);
        X509 *cert = cert_of(&der);

        assert_int_equal(verify_strictly(cert, root, NULL), X509_V_OK);
        assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
        assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
        assert_int_equal(X509_get_pathlen(root), 0);
        X509_free(cert);
        X509_free(root);
    }
}

static const char *const permitted[] = { "dns:example.org", "email:example.org" };
static const char *const excluded[] = { "dns:secret.example.org", "ip:0.0.0.0/0", "ip:::/0" };

static const struct {
    struct wish wish;
    enum err_kind kind;
    const char *says;
} refused[] = {
    { { "www.example.org", "DNS:www.example.org", .is_forged = true }, ERR_INVALID,
        "not signed by its own key" },
    { { "www.example.org", "DNS:www.example.org", .wants_ca = true }, ERR_INVALID,
        "of an authority" },
    { { "www.example.org", "DNS:www.example.com" }, ERR_DENIED, "may issue for" },
    { { "www.example.com", "DNS:www.example.org" }, ERR_DENIED, "may issue for" },
    { { "www.example.com", NULL }, ERR_DENIED, "may issue for" },
    { { NULL, "DNS:a.secret.example.org" }, ERR_DENIED, "may issue for" },
    { { NULL, "DNS:*.example.org" }, ERR_DENIED, "excluded" },
    { { NULL, "DNS:www.example.org,IP:192.0.2.1" }, ERR_DENIED, "may issue for" },
    { { NULL, "DNS:www.example.org,IP:2001:db8::1" }, ERR_DENIED, "may issue for" },
    { { NULL, "DNS:www.example.org,email:a@example.com" }, ERR_DENIED, "may issue for" },
    { { NULL, "DNS:www.example.org,RID:1.2.3" }, ERR_INVALID, "neither host" },
    { { NULL, "DNS:www.example.org,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:root" }, ERR_INVALID,
        "neither host" },
    { { NULL, "DNS:exa mple.org" }, ERR_INVALID, "not a host's name" },
    { { NULL, "DNS:*.*.example.org" }, ERR_INVALID, "not a host's name" },
    { { NULL, "email:@example.org" }, ERR_INVALID, "not a mail address" },
    { { NULL, NULL }, ERR_INVALID, "names no server" },
    { { "Just a Person", NULL }, ERR_INVALID, "names no server" },
    { { "www.example.org\0.evil", "DNS:www.example.org", .has_nul = true }, ERR_INVALID,
        "no plain text" },
    { { "www.example.org", NULL, .rsa_bits = 1024 }, ERR_INVALID, "not between 2048" },
    { { "www.example.org", NULL, .key = "secp256k1" }, ERR_INVALID, "none of the curves" },
    { { "Example Root", "DNS:www.example.org" }, ERR_INVALID, "own subject" },
};

static void what_no_authority_may_issue_is_refused_with_the_reason(void **state)
{
    struct bench *bench = *state;
    static const struct vault_csr plain = { .common_name = "Example Root" };
    autodone(made) struct made made;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(make(bench,
                     (struct vault_ca_new){ .algorithm = VAULT_P256,
                         .is_root = true,
                         .subject = &plain,
                         .permitted = permitted,
                         .n_permitted = countof(permitted),
                         .excluded = excluded,
                         .n_excluded = countof(excluded) },
                     &made, &err),
        &err);
    for (size_t i = 0; i < countof(refused); i++) {
        autodone(buf) struct buf csr = BUF_INIT(65536);
        autodone(buf) struct buf der = BUF_INIT(65536);

        write_request(&refused[i].wish, &csr);
        struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

        assert_fails(sign(bench, &made, &leaf, &der, &err), &err, refused[i].kind);
        assert_contains(err.msg, refused[i].says);
        assert_int_equal(der.size, 0);
    }
}

static void no_certificate_outlives_or_predates_its_authority(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(65536);
    autodone(buf) struct buf der = BUF_INIT(65536);
    autodone(made) struct made made;
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&ordinary, &csr);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                     &made, &err),
        &err);
    struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

    leaf.not_after = made.now + 365 * DAY + 1;
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_DENIED);
    assert_contains(err.msg, "outlive");
    leaf.not_after--;
    leaf.not_before = made.now - DAY - 1;
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_DENIED);
    leaf.not_before++;
    assert_works(sign(bench, &made, &leaf, &der, &err), &err);
    leaf.not_before = leaf.not_after;
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_INVALID);
    leaf = leaf_of(&made, buf_span(&csr));
    leaf.serial = SPAN_LITERAL("\x80");
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_INVALID);
    leaf = leaf_of(&made, buf_span(&csr));
    leaf.crl_url = "ftp://pki.example.org/";
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_INVALID);
}

static void the_key_of_an_authority_is_for_nothing_else(void **state)
{
    struct bench *bench = *state;
    static const struct vault_binding other = { VAULT_CA, "ca/2" };
    static const struct vault_binding as_tls = { VAULT_TLS, "ca/1" };
    struct vault_csr wish = { .common_name = "www.example.org" };
    autodone(buf) struct buf csr = BUF_INIT(65536);
    autodone(buf) struct buf out = BUF_INIT(65536);
    autodone(made) struct made made;
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&ordinary, &csr);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                     &made, &err),
        &err);
    struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));
    struct span sealed = buf_span(&made.sealed);

    assert_fails(vault_ca_sign(bench->client, sealed, &other, &leaf, &out, &err), &err,
        ERR_INVALID);
    assert_fails(vault_ca_sign(bench->client, sealed, &as_tls, &leaf, &out, &err), &err,
        ERR_DENIED);
    assert_fails(vault_build_csr(bench->client, sealed, &authority, &wish, &out, &err), &err,
        ERR_DENIED);
    assert_fails(vault_build_csr(bench->client, sealed, &as_tls, &wish, &out, &err), &err,
        ERR_INVALID);
    assert_fails(vault_open_secret(bench->client, sealed, &authority, &never, &err), &err,
        ERR_DENIED);
    assert_fails(vault_open_key(bench->client, sealed, &authority, buf_span(&made.der), &never,
                     &err),
        &err, ERR_DENIED);
    assert_fails(vault_ca_install(bench->client, sealed, &authority, buf_span(&made.der), &out,
                     &err),
        &err, ERR_CONFLICT);
    /* Nor does a key of another purpose sign certificates. */
    autodone(buf) struct buf tls = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);

    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &tls, &spki, &err), &err);
    assert_fails(vault_ca_sign(bench->client, buf_span(&tls), &site, &leaf, &out, &err), &err,
        ERR_DENIED);
    assert_fails(vault_make_key(bench->client, VAULT_P256, &authority, &tls, &spki, &err), &err,
        ERR_DENIED);
    assert_int_equal(out.size, 0);
}

/* Somebody else's root signs the request; *ret_root may be NULL. */
static void sign_elsewhere(struct span request_der, bool is_ca, X509 **ret_root, struct buf *der)
{
    const uint8_t *at = request_der.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)request_der.size);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *root = X509_new(), *cert = X509_new();
    STACK_OF(X509_EXTENSION) *wanted = X509_REQ_get_extensions(request);
    X509 *both[] = { root, cert };
    uint8_t *bytes = NULL;

    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(root), NID_commonName, MBSTRING_UTF8,
        (const unsigned char *)"Outside Root", -1, -1, 0);
    X509_set_pubkey(root, key);
    X509_set_subject_name(cert, X509_REQ_get_subject_name(request));
    X509_set_pubkey(cert, X509_REQ_get0_pubkey(request));
    for (size_t i = 0; i < countof(both); i++) {
        X509V3_CTX ctx;

        X509_set_version(both[i], X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(both[i]), (long)i + 1);
        X509_gmtime_adj(X509_getm_notBefore(both[i]), -7200);
        X509_gmtime_adj(X509_getm_notAfter(both[i]), 30 * 86400);
        X509_set_issuer_name(both[i], X509_get_subject_name(root));
        X509V3_set_ctx(&ctx, root, both[i], NULL, NULL, 0);
        X509_EXTENSION *id = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");

        X509_add_ext(both[i], id, -1);
        X509_EXTENSION_free(id);
        if (i == 0) {
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:TRUE");
            X509_add_ext(root, id, -1);
            X509_EXTENSION_free(id);
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_key_usage, "critical,keyCertSign");
        } else {
            id = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
        }
        X509_add_ext(both[i], id, -1);
        X509_EXTENSION_free(id);
    }
    assert_int_equal(sk_X509_EXTENSION_num(wanted), 3); /* basic constraints, key usage, names */
    for (int i = 0; is_ca && i < sk_X509_EXTENSION_num(wanted); i++)
        X509_add_ext(cert, sk_X509_EXTENSION_value(wanted, i), -1);
    assert_true(X509_sign(root, key, EVP_sha256()) > 0 && X509_sign(cert, key, EVP_sha256()) > 0);
    int size = i2d_X509(cert, &bytes);

    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    sk_X509_EXTENSION_pop_free(wanted, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    X509_free(cert);
    if (ret_root)
        *ret_root = root;
    else
        X509_free(root);
}

static void an_intermediate_signs_once_it_has_its_certificate(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(65536);
    autodone(buf) struct buf cert = BUF_INIT(65536);
    autodone(buf) struct buf no_ca = BUF_INIT(65536);
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf der = BUF_INIT(65536);
    autodone(made) struct made made;
    autodone(made) struct made root;
    X509 *outside = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&(struct wish){ "www.example.org", "DNS:www.example.org" }, &csr);
    assert_works(make(bench,
                     (struct vault_ca_new){ .algorithm = VAULT_P256,
                         .permitted = permitted,
                         .n_permitted = countof(permitted) },
                     &made, &err),
        &err);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                     &root, &err),
        &err);
    struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

    leaf.not_after = made.now + 10 * DAY;
    assert_fails(sign(bench, &made, &leaf, &der, &err), &err, ERR_CONFLICT);
    sign_elsewhere(buf_span(&made.der), true, &outside, &cert);
    sign_elsewhere(buf_span(&made.der), false, NULL, &no_ca);
    assert_fails(vault_ca_install(bench->client, buf_span(&made.sealed), &authority,
                     buf_span(&no_ca), &sealed, &err),
        &err, ERR_INVALID);
    assert_contains(err.msg, "CA:TRUE");
    assert_fails(vault_ca_install(bench->client, buf_span(&made.sealed), &authority,
                     buf_span(&root.der), &sealed, &err),
        &err, ERR_INVALID);
    assert_contains(err.msg, "another key");
    assert_fails(vault_ca_install(bench->client, buf_span(&made.sealed), &authority,
                     SPAN_LITERAL("nothing"), &sealed, &err),
        &err, ERR_INVALID);
    assert_works(vault_ca_install(bench->client, buf_span(&made.sealed), &authority,
                     buf_span(&cert), &sealed, &err),
        &err);
    assert_works(vault_ca_sign(bench->client, buf_span(&sealed), &authority, &leaf, &der, &err),
        &err);
    leaf.not_after = made.now + 31 * DAY; /* its certificate ends sooner than was hoped for */
    assert_fails(vault_ca_sign(bench->client, buf_span(&sealed), &authority, &leaf, &der, &err),
        &err, ERR_DENIED);
    X509 *leaf_cert = cert_of(&der), *ca = cert_of(&cert);
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    sk_X509_push(chain, ca);
    X509_STORE_add_cert(store, outside);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf_cert, chain), 1);
    (void)X509_verify_cert(ctx);
    assert_int_equal(X509_STORE_CTX_get_error(ctx), X509_V_OK);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(chain);
    X509_free(leaf_cert);
    X509_free(ca);
    X509_free(outside);
}

static void a_list_of_revoked_ones_revokes(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(65536);
    autodone(buf) struct buf der = BUF_INIT(65536);
    autodone(buf) struct buf list = BUF_INIT(65536);
    autodone(made) struct made made;
    struct vault_ca_crl crl = { .number = 7, .entries = BUF_INIT(VAULT_CA_CRL_MAX) };
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&ordinary, &csr);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                     &made, &err),
        &err);
    struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

    assert_works(sign(bench, &made, &leaf, &der, &err), &err);
    X509 *cert = cert_of(&der), *root = cert_of(&made.der);

    crl.this_at = made.now - 10;
    crl.next_at = made.now + DAY;
    for (int is_revoked = 0; is_revoked < 2; is_revoked++) {
        X509_CRL *parsed;

        if (is_revoked) {
            vault_ca_crl_add(&crl, SPAN_LITERAL("\x01\x02"), made.now - 20, 0);
            vault_ca_crl_add(&crl, span_of(serial, sizeof serial), made.now - 5, 1);
        }
        buf_clear(&list);
        assert_works(vault_ca_sign_crl(bench->client, buf_span(&made.sealed), &authority, &crl,
                         &list, &err),
            &err);
        const uint8_t *at = list.data;

        parsed = d2i_X509_CRL(NULL, &at, (long)list.size);
        assert_non_null(parsed);
        assert_int_equal(X509_CRL_verify(parsed, X509_get0_pubkey(root)), 1);
        assert_int_equal(verify_strictly(cert, root, parsed),
            is_revoked ? X509_V_ERR_CERT_REVOKED : X509_V_OK);
        X509_CRL_free(parsed);
    }
    vault_ca_crl_add(&crl, SPAN_LITERAL("\x03"), made.now,
        6); /* certificateHold: nothing is held */
    assert_fails(vault_ca_sign_crl(bench->client, buf_span(&made.sealed), &authority, &crl, &list,
                     &err),
        &err, ERR_INVALID);
    buf_done(&crl.entries);
    X509_free(cert);
    X509_free(root);
}

static void answers_to_ocsp_are_signed_and_say_what_was_asked(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf out = BUF_INIT(65536);
    autodone(made) struct made made;
    struct vault_ocsp ocsp = { .nonce = SPAN_LITERAL("0123456789abcdef") };
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_ED25519, .is_root = true },
                     &made, &err),
        &err);
    ocsp.this_at = made.now;
    ocsp.next_at = made.now + DAY;
    for (int i = 0; i < 3; i++)
        ocsp.items[ocsp.n_items++] = (struct vault_ocsp_item){ .hash = VAULT_OCSP_SHA256,
            .serial = span_of(serial, sizeof serial - (size_t)i),
            .status = (enum vault_ocsp_status)i,
            .revoked_at = i == VAULT_OCSP_REVOKED ? made.now - 60 : 0,
            .reason = i == VAULT_OCSP_REVOKED ? 1 : 0 };
    assert_works(vault_ca_sign_ocsp(bench->client, buf_span(&made.sealed), &authority, &ocsp, &out,
                     &err),
        &err);
    const uint8_t *at = out.data;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)out.size);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    X509 *root = cert_of(&made.der);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *certs = sk_X509_new_null();

    sk_X509_push(certs, root);
    X509_STORE_add_cert(store, root);
    assert_int_equal(OCSP_basic_verify(basic, certs, store, 0), 1);
    for (int i = 0; i < 3; i++) {
        int reason = -1;

        assert_int_equal(OCSP_single_get0_status(OCSP_resp_get0(basic, i), &reason, NULL, NULL,
                             NULL),
            i);
        assert_int_equal(reason, i == 1 ? 1 : -1);
    }
    sk_X509_free(certs);
    X509_STORE_free(store);
    X509_free(root);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
}

static void what_cannot_be_an_authority_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *says;
    } bad[] = { { "example.org", "constraint" }, { "dns:", "constraint" },
        { "dns:*.example.org", "constraint" }, { "dns:.example.org", "constraint" },
        { "ip:192.0.2.1", "constraint" }, { "ip:192.0.2.1/24", "constraint" },
        { "ip:192.0.2.0/33", "constraint" }, { "uri:http://example.org/", "constraint" } };
    struct bench *bench = *state;
    struct err err = { 0 };

    (void)unlock_new(bench);
    for (size_t i = 0; i < countof(bad); i++) {
        autodone(made) struct made made;

        assert_fails(make(bench,
                         (struct vault_ca_new){ .algorithm = VAULT_P256,
                             .is_root = i % 2,
                             .permitted = &bad[i].name,
                             .n_permitted = 1 },
                         &made, &err),
            &err, ERR_INVALID);
        assert_contains(err.msg, bad[i].says);
    }
    for (int is_root = 0; is_root < 2; is_root++) {
        autodone(made) struct made made;

        assert_fails(make(bench,
                         (struct vault_ca_new){ .algorithm = VAULT_P256,
                             .is_root = is_root,
                             .subject = &nobody },
                         &made, &err),
            &err, ERR_INVALID);
        assert_contains(err.msg, "needs a subject");
    }
}

/* More authorities than the vault keeps open, in turn: each signs with its own key, and none is
 * opened for what it is not bound to because it was opened before. */
static void authorities_that_are_kept_open_do_not_get_mixed_up(void **state)
{
    static const struct vault_binding elsewhere = { VAULT_CA, "ca/2" };
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(8192);
    struct made all[6] = { 0 };
    struct err err = { 0 };

    (void)unlock_new(bench);
    write_request(&ordinary, &csr);
    for (size_t i = 0; i < countof(all); i++)
        assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_P256, .is_root = true },
                         &all[i], &err),
            &err);
    for (size_t i = 0; i < 3 * countof(all); i++) {
        struct made *made = &all[i < 12 ? i % countof(all) : (i / 2) % countof(all)];
        const struct vault_ca_leaf leaf = leaf_of(made, buf_span(&csr));
        autodone(buf) struct buf der = BUF_INIT(65536);

        assert_works(sign(bench, made, &leaf, &der, &err), &err);
        X509 *cert = cert_of(&der);
        X509 *root = cert_of(&made->der);

        assert_int_equal(verify_strictly(cert, root, NULL), X509_V_OK);
        X509_free(cert);
        X509_free(root);
        assert_fails(vault_ca_sign(bench->client, buf_span(&made->sealed), &elsewhere, &leaf, &der,
                         &err),
            &err, ERR_INVALID);
        made->sealed.data[made->sealed.size - 1] ^= 1;
        assert_fails(sign(bench, made, &leaf, &der, &err), &err, ERR_INVALID);
        made->sealed.data[made->sealed.size - 1] ^= 1;
    }
    for (size_t i = 0; i < countof(all); i++)
        made_done(&all[i]);
}

int main(int argc, char **argv)
{
    be_a_vault_if_told(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_root_issues_what_verifies_strictly, setup,
            teardown),
        cmocka_unit_test_setup_teardown(what_no_authority_may_issue_is_refused_with_the_reason,
            setup, teardown),
        cmocka_unit_test_setup_teardown(no_certificate_outlives_or_predates_its_authority, setup,
            teardown),
        cmocka_unit_test_setup_teardown(the_key_of_an_authority_is_for_nothing_else, setup,
            teardown),
        cmocka_unit_test_setup_teardown(an_intermediate_signs_once_it_has_its_certificate, setup,
            teardown),
        cmocka_unit_test_setup_teardown(a_list_of_revoked_ones_revokes, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_ocsp_are_signed_and_say_what_was_asked, setup,
            teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_an_authority_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(authorities_that_are_kept_open_do_not_get_mixed_up, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
