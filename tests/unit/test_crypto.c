/* All that a TLS client may meet works with the algorithms that are left. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "probe/crypto.h"
#include "testing.h"
#include "testing_tls.h"

#define ALL "ALL:!aNULL:!eNULL:!PSK:!SRP:!aDSS:@SECLEVEL=0"

static struct crypto *crypto;
static struct test_cert ec;
static struct test_cert rsa;
static struct test_cert ed25519;

static int prepare(void **state)
{
    const struct test_cert_plan plan = { .name = "localhost", .ends_in = 86400 };
    struct test_cert_plan other = plan;
    struct err err = { 0 };

    (void)state;
    assert_works(crypto_new(&crypto, &err), &err);
    ec = test_cert_new(&plan);
    other.key = TEST_KEY_RSA;
    rsa = test_cert_new(&other);
    other.key = TEST_KEY_ED25519;
    ed25519 = test_cert_new(&other);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    test_cert_done(&ec);
    test_cert_done(&rsa);
    test_cert_done(&ed25519);
    crypto_free(crypto);
    return 0;
}

static SSL_CTX *client_new(void)
{
    SSL_CTX *const ctx = SSL_CTX_new_ex(crypto_context(crypto), NULL, TLS_client_method());

    SSL_CTX_set_security_level(ctx, 0);
    assert_true(SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION));
    assert_true(SSL_CTX_set_cipher_list(ctx, ALL));
    return ctx;
}

/* A server that has a certificate of every kind. */
static SSL_CTX *server_new(void)
{
    SSL_CTX *const ctx = test_tls_new(&ec, &rsa, NULL);

    SSL_CTX_set_security_level(ctx, 0);
    assert_true(SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION));
    assert_true(SSL_CTX_set_cipher_list(ctx, ALL));
    SSL_CTX_set_dh_auto(ctx, 1);
    return ctx;
}

/* Shake hands in memory, until neither end gets further; take both contexts. */
static SSL *shake(SSL_CTX *client_ctx, SSL_CTX *server_ctx, SSL **server)
{
    SSL *const client = SSL_new(client_ctx);
    BIO *ours = NULL;
    BIO *theirs = NULL;

    *server = SSL_new(server_ctx);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    assert_true(BIO_new_bio_pair(&ours, 0, &theirs, 0));
    SSL_set_bio(client, ours, ours);
    SSL_set_bio(*server, theirs, theirs);
    SSL_set_connect_state(client);
    SSL_set_accept_state(*server);
    for (int i = 0; i < 20 && !SSL_is_init_finished(client); i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(*server);
    }
    return client;
}

static void assert_shakes(SSL_CTX *client_ctx, SSL_CTX *server_ctx, const char *what)
{
    SSL *server = NULL;
    SSL *const client = shake(client_ctx, server_ctx, &server);

    if (!SSL_is_init_finished(client))
        fail_msg("%s: %s", what, ERR_error_string(ERR_peek_error(), NULL));
    assert_non_null(X509_get0_pubkey(SSL_get0_peer_certificate(client)));
    SSL_free(client);
    SSL_free(server);
    ERR_clear_error();
}

/* F2: whatever an old server insists on. */
static void every_cipher_of_openssl_works(void **state)
{
    SSL_CTX *const whole = server_new();
    STACK_OF(SSL_CIPHER) *const ciphers = SSL_CTX_get_ciphers(whole);

    (void)state;
    assert_in_range(sk_SSL_CIPHER_num(ciphers), 60, 300);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *const cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *const name = SSL_CIPHER_get_name(cipher);
        char list[80];
        SSL_CTX *const server = server_new();

        snprintf(list, sizeof(list), "%s:@SECLEVEL=0", name);
        if (strncmp(name, "TLS_", 4) == 0) {
            assert_true(SSL_CTX_set_ciphersuites(server, name));
        } else {
            assert_true(SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION));
            assert_true(SSL_CTX_set_cipher_list(server, list));
        }
        assert_shakes(client_new(), server, name);
    }
    SSL_CTX_free(whole);
}

static void every_version_works(void **state)
{
    static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };

    (void)state;
    for (size_t i = 0; i < countof(versions); i++) {
        SSL_CTX *const server = server_new();

        assert_true(SSL_CTX_set_max_proto_version(server, versions[i]));
        assert_shakes(client_new(), server, "a version");
    }
}

static void every_group_works(void **state)
{
    static char groups[][16] = { "X25519", "X448", "P-256", "P-384", "P-521", "ffdhe2048",
        "ffdhe8192" };

    (void)state;
    for (size_t i = 0; i < countof(groups); i++) {
        SSL_CTX *const server = server_new();

        assert_true(SSL_CTX_set1_groups_list(server, groups[i]));
        assert_shakes(client_new(), server, groups[i]);
    }
}

static void every_signature_works(void **state)
{
    static const char *const algorithms[] = { "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384",
        "rsa_pss_rsae_sha512", "RSA+SHA256", "RSA+SHA512", "RSA+SHA1", "ECDSA+SHA256", "ed25519" };

    (void)state;
    for (size_t i = 0; i < countof(algorithms); i++) {
        const bool is_ed25519 = strcmp(algorithms[i], "ed25519") == 0;
        SSL_CTX *const server =
            is_ed25519 ? test_tls_new(&ed25519, NULL, NULL) : test_tls_new(&ec, &rsa, NULL);
        SSL_CTX *const client = client_new();
        char list[40];

        snprintf(list, sizeof(list), "%s", algorithms[i]);
        SSL_CTX_set_security_level(server, 0);
        assert_true(SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION));
        assert_true(SSL_CTX_set1_sigalgs_list(client, list));
        assert_shakes(client, server, algorithms[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cipher_of_openssl_works),
        cmocka_unit_test(every_version_works),
        cmocka_unit_test(every_group_works),
        cmocka_unit_test(every_signature_works),
    };

    return cmocka_run_group_tests(tests, prepare, tidy);
}
