/* probe/engine, F2: every key type, and a word for whatever goes wrong. */
#include "testing_engine.h"

#include "base/clock.h"

static void sees_a_trusted_chain_and_when_its_path_ends(void **state)
{
    (void)state;
    autofree(probe_result) struct probe_result *result =
        look_at_tls(test_tls_new(&good, NULL, &ca), "good.test");
    const struct probe_sight *const sight = result->sights;

    assert_int_equal(result->id, 7);
    assert_int_equal(result->n_sights, 1);
    assert_int_equal(sight->error, PROBE_OK);
    assert_string_equal(sight->address, "127.0.0.1");
    assert_string_equal(probe_slot_name(sight->slot), "ecdsa");
    assert_string_equal(probe_chain_name(sight->chain), "trusted");
    assert_string_equal(sight->chain_message, "");
    assert_true(sight->is_name_ok);
    assert_int_equal(sight->n_certs, 2);
    assert_true(sight->is_complete_path);
    /* The intermediate ends first. */
    assert_in_range(sight->path_expires_at, clock_now() + 40 * DAY - 60, clock_now() + 40 * DAY);
    assert_string_equal(sight->protocol, "TLSv1.3");
    assert_string_equal(sight->kx_group, "X25519");
    assert_true(strlen(sight->cipher) > 0);

    const struct probe_cert *const leaf = &result->certs[sight->certs[0]];
    uint8_t *der = NULL;
    const int size = i2d_X509(good.x509, &der);
    assert_true(span_equal(leaf->der, span_of(der, (size_t)size)));
    OPENSSL_free(der);
}

static void sees_both_certificates_of_a_pair(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *const tls = test_tls_new(&good, &good_rsa, &ca);

        SSL_CTX_set_max_proto_version(tls, version);
        autofree(probe_result) struct probe_result *result = look_at_tls(tls, "good.test");
        unsigned seen = 0;

        assert_int_equal(result->n_sights, 2);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(result->sights[i].error, PROBE_OK);
            assert_string_equal(probe_chain_name(result->sights[i].chain), "trusted");
            seen |= 1U << result->sights[i].slot;
        }
        assert_int_equal(seen, 1U << PROBE_SLOT_RSA | 1U << PROBE_SLOT_ECDSA);
        assert_int_equal(result->n_certs, 3); /* the intermediate is there once */
    }
}

static void a_server_with_one_kind_of_key_is_no_failure(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *const tls = test_tls_new(&good_rsa, NULL, &ca);

        SSL_CTX_set_max_proto_version(tls, version);
        autofree(probe_result) struct probe_result *result = look_at_tls(tls, "good.test");

        assert_int_equal(result->n_sights, 1);
        assert_int_equal(result->sights[0].slot, PROBE_SLOT_RSA);
        assert_int_equal(result->sights[0].error, PROBE_OK);
    }
}

static void sees_servers_of_every_version(void **state)
{
    static const struct {
        int version;
        const char *name;
    } versions[] = {
        { TLS1_VERSION, "TLSv1" },
        { TLS1_1_VERSION, "TLSv1.1" },
        { TLS1_2_VERSION, "TLSv1.2" },
        { TLS1_3_VERSION, "TLSv1.3" },
    };

    (void)state;
    for (size_t i = 0; i < countof(versions); i++) {
        SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);

        SSL_CTX_set_cipher_list(tls, "ALL:@SECLEVEL=0");
        assert_true(SSL_CTX_set_min_proto_version(tls, versions[i].version));
        assert_true(SSL_CTX_set_max_proto_version(tls, versions[i].version));
        autofree(probe_result) struct probe_result *result = look_at_tls(tls, "good.test");

        assert_string_equal(result->sights[0].message, "");
        assert_string_equal(result->sights[0].protocol, versions[i].name);
    }
}

static void sees_an_ed25519_certificate(void **state)
{
    struct test_cert cert = test_cert_new(&(struct test_cert_plan){ .key = TEST_KEY_ED25519,
        .name = "e",
        .sans = "DNS:good.test",
        .ends_in = DAY });

    (void)state;
    autofree(probe_result) struct probe_result *result =
        look_at_tls(test_tls_new(&cert, NULL, NULL), "good.test");
    assert_string_equal(result->sights[0].message, "");
    assert_string_equal(probe_slot_name(result->sights[0].slot), "other");
    test_cert_done(&cert);
}

static void judges_chains(void **state)
{
    struct test_cert other_root = test_cert_new(
        &(struct test_cert_plan){ .name = "Other", .is_ca = true, .ends_in = 300 * DAY });
    const struct {
        struct test_cert_plan plan;
        bool sends_ca;
        const struct test_cert *sends;
        const char *verdict;
        bool is_complete;
    } cases[] = {
        { { .issuer = &ca, .begins_in = -9 * DAY, .ends_in = -DAY }, true, NULL, "expired", true },
        { { .issuer = &ca, .begins_in = DAY, .ends_in = 9 * DAY }, true, NULL, "not_yet_valid",
            true },
        { { .issuer = &ca, .ends_in = DAY }, false, NULL, "incomplete", false },
        { { .ends_in = DAY }, false, NULL, "self_signed", false },
        { { .ends_in = -DAY, .begins_in = -9 * DAY }, false, NULL, "self_signed", false },
        { { .issuer = &other_root, .ends_in = DAY }, false, &other_root, "untrusted_root", false },
        { { .issuer = &other_root, .ends_in = DAY }, false, NULL, "incomplete", false },
        { { .issuer = &good, .ends_in = DAY }, false, &good, "incomplete", false },
        { { .issuer = &ca, .ends_in = DAY, .is_sha1 = true }, true, NULL, "invalid", true },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct test_cert_plan plan = cases[i].plan;

        plan.name = "leaf";
        plan.sans = "DNS:good.test";
        struct test_cert leaf = test_cert_new(&plan);
        autofree(probe_result) struct probe_result *result =
            look_at_tls(test_tls_new(&leaf, NULL, cases[i].sends_ca ? &ca : cases[i].sends),
                "good.test");

        assert_int_equal(result->sights[0].error, PROBE_OK);
        assert_string_equal(probe_chain_name(result->sights[0].chain), cases[i].verdict);
        assert_int_equal(result->sights[0].is_complete_path, cases[i].is_complete);
        assert_true(result->sights[0].chain_message[0] != '\0');
        test_cert_done(&leaf);
    }
    test_cert_done(&other_root);
}

static void compares_the_name_that_was_sent(void **state)
{
    static const struct {
        const char *sni;
        bool is_ok;
    } cases[] = {
        { "good.test", true },
        { "GOOD.test.", true },
        { "bad.test", false },
        { NULL, true }, /* then the address counts */
        { "", true },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autofree(probe_result) struct probe_result *result =
            look_at_tls(test_tls_new(&good, NULL, &ca), cases[i].sni);

        assert_int_equal(result->sights[0].is_name_ok, cases[i].is_ok);
    }
}

static int demand_certificate(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static void a_server_that_wants_our_certificate_has_shown_its_own(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);

        SSL_CTX_set_max_proto_version(tls, version);
        SSL_CTX_set_cert_verify_callback(tls, demand_certificate, NULL);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        autofree(probe_result) struct probe_result *result = look_at_tls(tls, "good.test");

        assert_int_equal(result->n_sights, 1);
        assert_string_equal(result->sights[0].message, "");
        assert_string_equal(probe_chain_name(result->sights[0].chain), "trusted");
    }
}

static void reads_60000_names_and_large_certificates(void **state)
{
    static const struct {
        size_t n_sans;
        size_t padding;
        enum probe_error error;
    } cases[] = {
        { 60000, 0, PROBE_OK },
        { 0, 1000000, PROBE_OK },
        { 0, 1100000, PROBE_CERTIFICATE_UNREADABLE },
        { 0, 5000000, PROBE_CERTIFICATE_UNREADABLE },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct test_cert leaf = test_cert_new(&(struct test_cert_plan){ .name = "n1.x.io",
            .issuer = &ca,
            .ends_in = DAY,
            .n_sans = cases[i].n_sans,
            .padding = cases[i].padding });
        autofree(probe_result) struct probe_result *result =
            look_at_tls(test_tls_new(&leaf, NULL, &ca), "n59999.x.io");

        assert_int_equal(result->sights[0].error, cases[i].error);
        assert_int_equal(result->sights[0].is_name_ok, cases[i].n_sans > 0);
        if (cases[i].error != PROBE_OK)
            assert_contains(result->sights[0].message, "larger than");
        test_cert_done(&leaf);
    }
}

static int refuse_name(SSL *ssl, int *alert, void *arg)
{
    (void)ssl;
    (void)arg;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void says_which_way_it_went_wrong(void **state)
{
    static const struct test_peer_step greets[] = { { .say = "220 mail.test ESMTP\r\n" }, { 0 } };
    static const struct test_peer_step speaks_http[] = {
        { .say = "HTTP/1.1 400 Bad Request\r\n\r\n" }, { 0 }
    };
    SSL_CTX *const tls = test_tls_new(&good, NULL, NULL);

    (void)state;
    SSL_CTX_set_tlsext_servername_callback(tls, refuse_name);
    const struct {
        struct test_peer_plan plan;
        enum probe_error error;
        const char *says;
    } cases[] = {
        { { .end = TEST_PEER_SILENT, .steps = greets }, PROBE_NOT_TLS, "not speak TLS" },
        { { .end = TEST_PEER_SILENT, .steps = speaks_http }, PROBE_NOT_TLS, "not speak TLS" },
        { { .end = TEST_PEER_CLOSE }, PROBE_CLOSED, "the connection during the handshake" },
        { { .end = TEST_PEER_RESET }, PROBE_CLOSED, "reset" },
        { { .end = TEST_PEER_SILENT }, PROBE_TIMEOUT, "handshake" },
        { { .end = TEST_PEER_TLS, .tls = tls }, PROBE_TLS_ALERT, "unrecognized name" },
    };

    for (size_t i = 0; i < countof(cases); i++) {
        autofree(probe_result) struct probe_result *result = look_at(&cases[i].plan, PROBE_TLS);

        assert_error(result, cases[i].error, cases[i].says);
    }
    SSL_CTX_free(tls);
}

static void says_that_a_connection_was_refused(void **state)
{
    (void)state;
    autofree(probe_result) struct probe_result *result =
        look(&(struct probe_target){ .host = "127.0.0.1", .port = test_free_port() });

    assert_error(result, PROBE_REFUSED, "refused");
    assert_int_equal(probe_result_error(result, NULL), PROBE_REFUSED);
}

static void begins_tls_inside_other_protocols(void **state)
{
    static const struct test_peer_step smtp[] = {
        { .say = "220-hello\r\n220 mail.test\r\n" },
        { .expect = "EHLO certdesk.invalid\r\n", .say = "250-mail.test\r\n250 STARTTLS\r\n" },
        { .expect = "STARTTLS\r\n", .say = "220 go\r\n" },
        { 0 },
    };
    static const struct test_peer_step postgres[] = {
        { .expect = "\0\0\0\x08\x04\xd2\x16\x2f", .expect_size = 8, .say = "S" },
        { 0 },
    };
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);

    (void)state;
    autofree(probe_result) struct probe_result *mail =
        look_at(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .steps = smtp, .tls = tls },
            PROBE_SMTP);
    assert_string_equal(mail->sights[0].message, "");
    assert_true(mail->sights[0].is_name_ok);
    autofree(probe_result) struct probe_result *database =
        look_at(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .steps = postgres, .tls = tls },
            PROBE_POSTGRES);
    assert_string_equal(database->sights[0].message, "");
    SSL_CTX_free(tls);
}

static void says_that_starttls_was_refused(void **state)
{
    static const struct test_peer_step no[] = {
        { .expect = "\0\0\0\x08\x04\xd2\x16\x2f", .expect_size = 8, .say = "N" },
        { 0 },
    };

    (void)state;
    autofree(probe_result) struct probe_result *refused =
        look_at(&(struct test_peer_plan){ .end = TEST_PEER_SILENT, .steps = no }, PROBE_POSTGRES);
    assert_error(refused, PROBE_STARTTLS_REFUSED, "does not offer TLS");
    autofree(probe_result) struct probe_result *silent =
        look_at(&(struct test_peer_plan){ .end = TEST_PEER_SILENT }, PROBE_SMTP);
    assert_error(silent, PROBE_TIMEOUT, "begin TLS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_a_trusted_chain_and_when_its_path_ends),
        cmocka_unit_test(sees_both_certificates_of_a_pair),
        cmocka_unit_test(a_server_with_one_kind_of_key_is_no_failure),
        cmocka_unit_test(sees_servers_of_every_version),
        cmocka_unit_test(sees_an_ed25519_certificate),
        cmocka_unit_test(judges_chains),
        cmocka_unit_test(compares_the_name_that_was_sent),
        cmocka_unit_test(a_server_that_wants_our_certificate_has_shown_its_own),
        cmocka_unit_test(reads_60000_names_and_large_certificates),
        cmocka_unit_test(says_which_way_it_went_wrong),
        cmocka_unit_test(says_that_a_connection_was_refused),
        cmocka_unit_test(begins_tls_inside_other_protocols),
        cmocka_unit_test(says_that_starttls_was_refused),
    };

    return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
