/*
 * vault_ca_token: authorities whose key lies in a token (F21): what is signed, and what happens
 * when the token does not do what it should.
 */
#include "testing_authority.h"
#include "testing_softhsm.h"

#include <openssl/ocsp.h>

/* A token, its PIN, and a vault that was told of both. */
struct token_bench {
    struct bench *bench;
    char dir[64];
    char *pin;
    char *where;
    struct vault_masters known; /* the master key, once the vault is unlocked */
};

static void start_with(struct token_bench *t, const char *where)
{
    struct vault_given given = { .pin = t->pin, .ca_token = where };

    if (t->bench->pid) {
        vault_client_set_fd(t->bench->client, -1);
        stop_vault(t->bench->pid, 0);
    }
    t->bench->pid = start_vault_with(t->bench, t->bench->client, &given);
}

/* Another vault, with the master key of before. */
static void restart_with(struct token_bench *t, const char *where)
{
    struct err err = { 0 };

    start_with(t, where);
    assert_works(vault_unlock(t->bench->client, &t->known, NULL, &err), &err);
}

static void write_pin(const struct token_bench *t, const char *pin)
{
    struct err err = { 0 };

    assert_works(fs_write_atomic(t->pin, span_text(pin), 0600, &err), &err);
}

static int setup_token(void **state)
{
    struct token_bench *t = xcalloc(1, sizeof *t);

    (void)snprintf(t->dir, sizeof t->dir, "/tmp/certdesk-token-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    assert_int_equal(setup((void **)&t->bench), 0);
    *state = t;
    if (!make_token(t->dir))
        return 0;
    t->pin = xasprintf("%s/pin", t->dir);
    t->where = xstrdup(MODULE "\ntest\nbrought");
    write_pin(t, "87654321\n");
    start_with(t, t->where);
    t->known = unlock_new(t->bench);
    return 0;
}

static int teardown_token(void **state)
{
    struct token_bench *t = *state;

    if (fs_exists(t->dir))
        remove_token(t->dir);
    free(t->pin);
    free(t->where);
    assert_int_equal(teardown((void **)&t->bench), 0);
    free(t);
    return 0;
}

/* No SoftHSM: nothing to test. */
static struct token_bench *need_token(void **state)
{
    struct token_bench *t = *state;

    if (!t->where) {
        print_message("no SoftHSM here\n");
        skip();
    }
    return t;
}

static bool make_root(struct token_bench *t, enum vault_algorithm algorithm, const char *key,
    struct made *ret, struct err *err)
{
    return make(t->bench,
        (struct vault_ca_new){ .algorithm = algorithm,
            .is_root = true,
            .is_in_token = true,
            .token_label = "certdesk CA house",
            .token_key = key },
        ret, err);
}

static bool issue(struct token_bench *t, const struct made *made, struct buf *der, struct err *err)
{
    autodone(buf) struct buf csr = BUF_INIT(8192);

    write_request(&ordinary, &csr);
    const struct vault_ca_leaf leaf = leaf_of(made, buf_span(&csr));

    return sign(t->bench, made, &leaf, der, err);
}

static void assert_issues(struct token_bench *t, const struct made *made)
{
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };

    assert_works(issue(t, made, &der, &err), &err);
    X509 *root = cert_of(&made->der);
    X509 *cert = cert_of(&der);

    assert_int_equal(verify_strictly(cert, root, NULL), X509_V_OK);
    X509_free(cert);
    X509_free(root);
}

static bool contains(const struct buf *where, struct span what)
{
    return memmem(where->data, where->size, what.data, what.size) != NULL;
}

static void every_kind_of_key_in_a_token_signs_what_verifies(void **state)
{
    static const enum vault_algorithm algorithms[] = { VAULT_P256, VAULT_P384, VAULT_RSA_2048,
        VAULT_RSA_3072 };
    struct token_bench *t = need_token(state);

    for (size_t i = 0; i < countof(algorithms); i++) {
        autodone(made) struct made made;
        autodone(buf) struct buf crl_der = BUF_INIT(65536);
        struct vault_ca_crl crl = { .number = 1, .entries = BUF_INIT(VAULT_CA_CRL_MAX) };
        struct vault_ocsp ocsp = { .n_items = 1,
            .items = { { .serial = span_of(serial, sizeof serial) } } };
        autodone(buf) struct buf answer = BUF_INIT(65536);
        bool is_in_token = false;
        struct err err = { 0 };

        assert_works(make_root(t, algorithms[i], NULL, &made, &err), &err);
        assert_issues(t, &made);
        ocsp.this_at = crl.this_at = made.now;
        ocsp.next_at = crl.next_at = made.now + DAY;
        assert_works(vault_ca_sign_crl(t->bench->client, buf_span(&made.sealed), &authority, &crl,
                         &crl_der, &err),
            &err);
        assert_works(vault_ca_sign_ocsp(t->bench->client, buf_span(&made.sealed), &authority, &ocsp,
                         &answer, &err),
            &err);
        assert_works(vault_ca_prove(t->bench->client, buf_span(&made.sealed), &authority,
                         &is_in_token, &err),
            &err);
        assert_true(is_in_token);
        buf_done(&crl.entries);
    }
}

static void an_intermediate_in_a_token_takes_its_certificate(void **state)
{
    static const char *const names = "dns:example.org";
    static const struct wish short_lived = { .sans = "DNS:www.example.org" };
    struct token_bench *t = need_token(state);
    autodone(made) struct made made;
    autodone(buf) struct buf cert = BUF_INIT(65536);
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    X509 *root = NULL;
    struct err err = { 0 };

    assert_works(make(t->bench,
                     (struct vault_ca_new){ .algorithm = VAULT_P384,
                         .permitted = &names,
                         .n_permitted = 1,
                         .is_in_token = true,
                         .token_label = "certdesk CA sub" },
                     &made, &err),
        &err);
    sign_elsewhere(buf_span(&made.der), true, &root, &cert);
    assert_works(vault_ca_install(t->bench->client, buf_span(&made.sealed), &authority,
                     buf_span(&cert), &sealed, &err),
        &err);
    buf_clear(&made.sealed);
    buf_add_span(&made.sealed, buf_span(&sealed));
    autodone(buf) struct buf der = BUF_INIT(65536);
    autodone(buf) struct buf csr = BUF_INIT(8192);

    write_request(&short_lived, &csr);
    struct vault_ca_leaf leaf = leaf_of(&made, buf_span(&csr));

    leaf.not_after = made.now + 10 * DAY;
    assert_works(sign(t->bench, &made, &leaf, &der, &err), &err);
    X509_free(root);
}

static void no_other_kind_of_key_is_made_there(void **state)
{
    struct token_bench *t = need_token(state);
    static const enum vault_algorithm algorithms[] = { VAULT_P521, VAULT_ED25519 };

    for (size_t i = 0; i < countof(algorithms); i++) {
        autodone(made) struct made made;
        struct err err = { 0 };

        assert_fails(make_root(t, algorithms[i], NULL, &made, &err), &err, ERR_INVALID);
        assert_contains(err.msg, "P-256 or P-384");
    }
}

/* A key pair that somebody else made: by another vault, under the label that the settings name. */
static void a_key_that_is_there_is_taken_only_where_the_settings_name_it(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made first;
    autodone(made) struct made made;
    autodone(made) struct made other;
    struct err err = { 0 };

    assert_works(make(t->bench,
                     (struct vault_ca_new){ .algorithm = VAULT_P256,
                         .is_root = true,
                         .is_in_token = true,
                         .token_label = "brought" },
                     &first, &err),
        &err);
    assert_works(make_root(t, VAULT_P256, "brought", &made, &err), &err);
    assert_true(span_equal(buf_span(&first.spki), buf_span(&made.spki)));
    assert_issues(t, &made);
    assert_fails(make_root(t, VAULT_RSA_2048, "brought", &other, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "is not rsa-2048");
    made_done(&other);
    /* What is not named is as if it were not there, whose ever it is. */
    assert_fails(make_root(t, VAULT_P256, "certdesk CA house", &other, &err), &err, ERR_DENIED);
    assert_contains(err.msg, "ca.pkcs11_key");
    made_done(&other);
    restart_with(t, MODULE "\ntest\n");
    assert_fails(make_root(t, VAULT_P256, "brought", &other, &err), &err, ERR_DENIED);
    assert_issues(t, &made);
}

/* Two keys of one name: the id tells them apart. */
static void keys_of_one_name_do_not_get_mixed_up(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made a;
    autodone(made) struct made b;
    struct err err = { 0 };

    assert_works(make_root(t, VAULT_P256, NULL, &a, &err), &err);
    assert_works(make_root(t, VAULT_P256, NULL, &b, &err), &err);
    for (int i = 0; i < 3; i++) {
        assert_issues(t, &a);
        assert_issues(t, &b);
    }
}

static void a_wrong_pin_is_told_and_tried_once(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made made;
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };

    assert_works(make_root(t, VAULT_P256, NULL, &made, &err), &err);
    write_pin(t, "11111111\n");
    restart_with(t, t->where);
    for (int i = 0; i < 12; i++) {
        assert_fails(issue(t, &made, &der, &err), &err, ERR_CONFLICT);
        assert_contains(err.msg, i == 0 ? "PIN is wrong" : "refused this PIN before");
        assert_null(strstr(err.msg, "1111"));
    }
    /* What has nothing to do with it goes on. */
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);

    assert_works(vault_make_key(t->bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    write_pin(t, "87654321\n");
    restart_with(t, t->where);
    assert_issues(t, &made);
}

/* Pulled while it serves, put back, and after a restart of the vault: it goes on. */
static void a_token_that_was_pulled_is_found_again(void **state)
{
    struct token_bench *t = need_token(state);
    autofree(str) char *away = xasprintf("%s.away", t->dir);
    autodone(made) struct made made;
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };

    assert_works(make_root(t, VAULT_P256, NULL, &made, &err), &err);
    assert_issues(t, &made);
    assert_int_equal(rename(t->dir, away), 0);
    assert_false(issue(t, &made, &der, &err));
    assert_true(err.kind == ERR_UNAVAILABLE || err.kind == ERR_CONFLICT);
    assert_contains(err.msg, "could not sign a certificate: the token with the authority's key");
    assert_false(issue(t, &made, &der, &err));
    assert_int_equal(rename(away, t->dir), 0);
    assert_issues(t, &made);
    kill(t->bench->pid, SIGKILL);
    stop_vault(t->bench->pid, SIGKILL);
    t->bench->pid = 0;
    restart_with(t, t->where);
    assert_issues(t, &made);
}

/* Its key was deleted, or another has taken its place under the same name and id. */
static void another_key_in_its_place_signs_nothing(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made a;
    autodone(made) struct made b;
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };
    bool is_in_token;

    assert_works(make_root(t, VAULT_P256, NULL, &a, &err), &err);
    /* The token of before is gone; a new one has a key of this name. */
    start_with(t, t->where);
    remove_token(t->dir);
    assert_int_equal(mkdir(t->dir, 0700), 0);
    assert_true(make_token(t->dir));
    write_pin(t, "87654321\n");
    restart_with(t, t->where);
    assert_works(make_root(t, VAULT_P256, NULL, &b, &err), &err);
    assert_fails(issue(t, &a, &der, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "has no private key \"certdesk CA house\": it is the key of token");
    assert_fails(vault_ca_prove(t->bench->client, buf_span(&a.sealed), &authority, &is_in_token,
                     &err),
        &err, ERR_CONFLICT);
    assert_issues(t, &b);
}

static void without_a_token_in_the_settings_nothing_is_signed(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made made;
    autodone(made) struct made other;
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct err err = { 0 };

    assert_works(make_root(t, VAULT_P256, NULL, &made, &err), &err);
    restart_with(t, NULL);
    assert_fails(issue(t, &made, &der, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "ca.pkcs11_module");
    assert_fails(make_root(t, VAULT_P256, NULL, &other, &err), &err, ERR_CONFLICT);
    made_done(&other);
    restart_with(t, "/nonexistent/module.so\ntest\n");
    assert_fails(issue(t, &made, &der, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "could not load the PKCS#11 module");
    restart_with(t, MODULE "\nelsewhere\n");
    assert_fails(issue(t, &made, &der, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "there is no token \"elsewhere\"");
}

/* Nothing of a key is in what the database keeps, not even sealed: the seal is too small for it. */
static void what_is_sealed_is_no_key(void **state)
{
    struct token_bench *t = need_token(state);
    autodone(made) struct made sealed_one;
    autodone(made) struct made made;
    struct err err = { 0 };

    assert_works(make(t->bench,
                     (struct vault_ca_new){ .algorithm = VAULT_RSA_3072, .is_root = true },
                     &sealed_one, &err),
        &err);
    assert_works(make_root(t, VAULT_RSA_3072, NULL, &made, &err), &err);
    assert_true(made.sealed.size + 1000 < sealed_one.sealed.size);
    assert_false(contains(&made.sealed, SPAN_LITERAL("certdesk CA house")));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_token, teardown_token)
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_key_in_a_token_signs_what_verifies),
        TEST(an_intermediate_in_a_token_takes_its_certificate),
        TEST(no_other_kind_of_key_is_made_there),
        TEST(a_key_that_is_there_is_taken_only_where_the_settings_name_it),
        TEST(keys_of_one_name_do_not_get_mixed_up),
        TEST(a_wrong_pin_is_told_and_tried_once),
        TEST(a_token_that_was_pulled_is_found_again),
        TEST(another_key_in_its_place_signs_nothing),
        TEST(without_a_token_in_the_settings_nothing_is_signed),
        TEST(what_is_sealed_is_no_key),
    };

    be_a_vault_if_told(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
