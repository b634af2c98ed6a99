/*
 * vault_ca: what the vault signs with an authority's key, and what it refuses whoever asks (F21).
 *
 * The real process behind a real socket; what it signed is checked with OpenSSL's own verifier,
 * strictly.
 */
#include "testing_authority.h"

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

    struct vault_ca_leaf leaf = first_leaf(bench, &csr, &made);

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

    struct vault_ca_leaf leaf = first_leaf(bench, &csr, &made);
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
        cmocka_unit_test_setup_teardown(what_cannot_be_an_authority_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(authorities_that_are_kept_open_do_not_get_mixed_up, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
