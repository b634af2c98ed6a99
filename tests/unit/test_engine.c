/* F2: every address, every key type, and a word for whatever goes wrong. */
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/loop.h"
#include "probe/engine.h"
#include "testing.h"
#include "testing_tls.h"

#define DAY 86400
#define ALLOW "127.0.0.0/8,::1"

static struct test_cert root;
static struct test_cert ca;
static struct test_cert good;
static struct test_cert good_rsa;
static char *root_pem;

static int make_certs(void **state)
{
    (void)state;
    root = test_cert_new(
        &(struct test_cert_plan){ .name = "Root", .is_ca = true, .ends_in = 3000 * DAY });
    ca = test_cert_new(&(struct test_cert_plan){ .name = "CA",
        .is_ca = true,
        .issuer = &root,
        .ends_in = 40 * DAY });
    good = test_cert_new(&(struct test_cert_plan){ .name = "good",
        .sans = "DNS:good.test,DNS:localhost,IP:127.0.0.1",
        .issuer = &ca,
        .ends_in = 90 * DAY });
    good_rsa = test_cert_new(&(struct test_cert_plan){ .key = TEST_KEY_RSA,
        .name = "good",
        .sans = "DNS:good.test",
        .issuer = &ca,
        .ends_in = 20 * DAY });
    root_pem = test_cert_pem(&root);
    return 0;
}

static int drop_certs(void **state)
{
    (void)state;
    test_cert_done(&root);
    test_cert_done(&ca);
    test_cert_done(&good);
    test_cert_done(&good_rsa);
    free(root_pem);
    return 0;
}

/* Running an engine until it has answered. */

struct run {
    struct loop *loop;
    struct engine *engine;
    size_t n_left;
    size_t n_errors[PROBE_N_ERRORS]; /* of first sights */
    struct probe_result *last;
    struct test_peer *peer; /* may be NULL */
    size_t n_connections;   /* it had when the first result came */
};

static void keep(void *ctx, struct probe_result *result)
{
    struct run *const run = ctx;

    if (run->peer && !run->last)
        run->n_connections = test_peer_n_connections(run->peer);
    if (result->n_sights > 0)
        run->n_errors[result->sights[0].error]++;
    probe_result_free(run->last);
    run->last = result;
    if (--run->n_left == 0)
        loop_stop(run->loop);
}

static void begin(struct run *run, const struct probe_conf *conf)
{
    struct err err = { 0 };

    assert_works(loop_new(&run->loop, &err), &err);
    assert_works(engine_new(run->loop, conf, NULL, NULL, &run->engine, &err), &err);
}

static void end(struct run *run)
{
    engine_free(run->engine);
    loop_free(run->loop);
}

static struct probe_conf usual_conf(void)
{
    return (struct probe_conf){ .allow = ALLOW,
        .system_trust_dir = "",
        .trust_pem = span_text(root_pem) };
}

static struct probe_result *look_with(const struct probe_conf *conf,
    const struct probe_target *target)
{
    struct run run = { .n_left = 1 };
    struct err err = { 0 };

    begin(&run, conf);
    assert_works(engine_submit(run.engine, target, keep, &run, &err), &err);
    assert_int_equal(engine_n_targets(run.engine), 1);
    loop_run(run.loop);
    assert_int_equal(engine_n_targets(run.engine), 0);
    end(&run);
    return run.last;
}

static struct probe_result *look(const struct probe_target *target)
{
    const struct probe_conf conf = usual_conf();

    return look_with(&conf, target);
}

static struct probe_result *look_at_tls(SSL_CTX *tls, const char *sni)
{
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct probe_result *const result = look(&(struct probe_target){ .id = 7,
        .host = "127.0.0.1",
        .port = test_peer_port(peer),
        .sni = sni });

    test_peer_free(peer);
    SSL_CTX_free(tls);
    return result;
}

static struct probe_result *look_at(const struct test_peer_plan *plan, enum probe_protocol protocol)
{
    struct test_peer *const peer = test_peer_new(plan);
    struct probe_result *const result = look(&(struct probe_target){ .host = "127.0.0.1",
        .port = test_peer_port(peer),
        .protocol = protocol,
        .sni = "good.test",
        .timeouts = { .connect_ms = 2000, .starttls_ms = 300, .handshake_ms = 300 } });

    assert_int_equal(test_peer_n_mistakes(peer), 0);
    test_peer_free(peer);
    return result;
}

static void assert_error(const struct probe_result *result, enum probe_error error,
    const char *says)
{
    assert_int_equal(result->error, PROBE_OK);
    assert_int_equal(result->n_sights, 1);
    assert_string_equal(probe_error_name(result->sights[0].error), probe_error_name(error));
    assert_contains(result->sights[0].message, says);
    assert_int_equal(result->sights[0].slot, PROBE_SLOT_NONE);
}

/* What is seen. */

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

/* What goes wrong. */

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

/* Names and addresses. */

static void looks_at_every_address_behind_a_name(void **state)
{
    static const struct test_name names[] = {
        { .name = "two.test", .addresses = "127.0.0.1 127.0.0.2" },
        { .name = "both.test", .addresses = "::1 127.0.0.1" },
        { .name = "alias.test", .addresses = "", .alias_of = "two.test" },
        { .name = "partial.test", .addresses = "127.0.0.1", .fails_for = 28 },
        { .name = "none.test", .addresses = "" },
        { .name = "broken.test", .addresses = "", .fails_for = 1 },
        { .name = "silent.test", .is_silent = true },
        { .name = "bad.test", .addresses = "169.254.169.254 127.0.0.1" },
        { 0 },
    };
    static const struct {
        const char *name;
        enum probe_error error;
        const char *says;
        size_t n_sights;
        bool is_complete;
    } cases[] = {
        { "two.test", PROBE_OK, "", 2, true },
        { "TWO.test.", PROBE_OK, "", 2, true },
        { "both.test", PROBE_OK, "", 2, true },
        { "alias.test", PROBE_OK, "", 2, true },
        { "partial.test", PROBE_OK, "", 1, false },
        { "bad.test", PROBE_OK, "", 2, true },
        { "none.test", PROBE_DNS, "no address", 0, true },
        { "nosuch.test", PROBE_DNS, "no such name", 0, true },
        { "broken.test", PROBE_DNS, "DNS failed", 0, false },
        { "silent.test", PROBE_DNS, "in time", 0, false },
    };
    struct test_dns *const dns = test_dns_new(names);
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct probe_conf conf = usual_conf();

    (void)state;
    conf.dns_servers = test_dns_server(dns);
    for (size_t i = 0; i < countof(cases); i++) {
        autofree(probe_result) struct probe_result *result =
            look_with(&conf, &(struct probe_target){ .host = cases[i].name,
                                 .port = test_peer_port(peer),
                                 .timeouts.dns_ms = 1000 });

        assert_int_equal(result->error, cases[i].error);
        assert_contains(result->message, cases[i].says);
        assert_int_equal(result->n_sights, cases[i].n_sights);
        assert_int_equal(result->is_dns_complete, cases[i].is_complete);
        for (size_t k = 0; k < result->n_sights; k++) {
            const struct probe_sight *const sight = &result->sights[k];
            const enum probe_error expected = strcmp(sight->address, "127.0.0.1") == 0 ? PROBE_OK
                                              : strncmp(sight->address, "169.", 4) == 0
                                                  ? PROBE_DENIED
                                                  : PROBE_REFUSED;

            if (strcmp(sight->address, "::1") != 0 || sight->error != PROBE_NOT_ROUTABLE)
                assert_int_equal(sight->error, expected);
        }
    }
    test_peer_free(peer);
    test_dns_free(dns);
    SSL_CTX_free(tls);
}

static void does_not_go_where_it_must_not(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]", "::ffff:127.0.0.1",
        "0.0.0.0", "169.254.169.254", "fe80::1", "224.0.0.1", "255.255.255.255",
        "::", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254" };
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct probe_conf conf = usual_conf();

    (void)state;
    conf.allow = NULL;
    for (size_t i = 0; i < countof(hosts); i++) {
        autofree(probe_result) struct probe_result *result = look_with(&conf,
            &(struct probe_target){ .host = hosts[i], .port = test_peer_port(peer) });

        assert_true(result->n_sights >= 1);
        for (size_t k = 0; k < result->n_sights; k++) {
            assert_int_equal(result->sights[k].error, PROBE_DENIED);
            assert_contains(result->sights[k].message, "not in the list of allowed ranges");
        }
    }
    assert_int_equal(test_peer_n_connections(peer), 0);
    test_peer_free(peer);
    SSL_CTX_free(tls);
}

/* F52; RFC 7617, 2 has this credential. */
static void shows_the_proxy_its_credential(void **state)
{
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct test_peer *const proxy = test_peer_new(&(struct test_peer_plan){ .is_proxy = true,
        .proxy_wants = "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" });
    autofree(str) char *where = xasprintf("127.0.0.1:%d", test_peer_port(proxy));
    struct probe_conf conf = usual_conf();
    struct probe_target target = { .host = "good.test", .port = test_peer_port(peer) };

    (void)state;
    conf.proxy = where;
    autofree(probe_result) struct probe_result *without = look_with(&conf, &target);
    assert_error(without, PROBE_PROXY, "407 Proxy Authentication Required");

    conf.proxy_credential = "Aladdin:open sesame";
    autofree(probe_result) struct probe_result *with = look_with(&conf, &target);
    assert_string_equal(with->sights[0].message, "");
    assert_int_equal(with->sights[0].error, PROBE_OK);

    /* Another proxy, of the target's own, is not shown it. */
    conf.proxy = "127.0.0.1:1";
    target.proxy = where;
    autofree(probe_result) struct probe_result *other = look_with(&conf, &target);
    assert_error(other, PROBE_PROXY, "407");
    test_peer_free(proxy);
    test_peer_free(peer);
    SSL_CTX_free(tls);
}

/* F52 */
static void goes_through_a_proxy(void **state)
{
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct test_peer *const proxy = test_peer_new(&(struct test_peer_plan){ .is_proxy = true });
    autofree(str) char *where = xasprintf("http://127.0.0.1:%d/", test_peer_port(proxy));
    struct probe_conf conf = usual_conf();

    (void)state;
    conf.proxy = where;
    autofree(probe_result) struct probe_result *result = look_with(&conf,
        &(struct probe_target){ .host = "good.test", .port = test_peer_port(peer) });
    assert_int_equal(result->n_sights, 1);
    assert_string_equal(result->sights[0].message, "");
    assert_string_equal(result->sights[0].address, "proxy");
    assert_string_equal(probe_chain_name(result->sights[0].chain), "trusted");

    autofree(probe_result) struct probe_result *refused =
        look_with(&conf, &(struct probe_target){ .host = "good.test", .port = test_free_port() });
    assert_error(refused, PROBE_PROXY, "502 Bad Gateway");

    conf.allow = NULL;
    autofree(probe_result) struct probe_result *denied = look_with(&conf,
        &(struct probe_target){ .host = "localhost", .port = test_peer_port(peer) });
    assert_int_equal(denied->error, PROBE_DENIED);
    test_peer_free(proxy);
    test_peer_free(peer);
    SSL_CTX_free(tls);
}

/* Before TLS; the dialogues themselves are tests/unit/test_starttls.c's. */

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

/* Many. */

static long peak_kb(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void holds_2000_in_flight_in_bounded_memory(void **state)
{
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_SILENT });
    struct run run = { .n_left = 2000 };
    struct err err = { 0 };
    struct probe_conf conf = usual_conf();
    const long before = peak_kb();

    (void)state;
    conf.max_in_flight = 400;
    conf.max_per_address = 400;
    begin(&run, &conf);
    for (int i = 0; i < 2000; i++) {
        const struct probe_target target = { .id = i,
            .host = "127.0.0.1",
            .port = test_peer_port(peer),
            .sni = "good.test",
            .timeouts.handshake_ms = 100 };

        assert_true(engine_has_room(run.engine));
        assert_works(engine_submit(run.engine, &target, keep, &run, &err), &err);
    }
    loop_run(run.loop);
    assert_int_equal(run.n_errors[PROBE_TIMEOUT], 2000);
    assert_true(peak_kb() - before < 256L * 1024); /* sanitizers take their share */
    probe_result_free(run.last);
    end(&run);
    test_peer_free(peer);
}

static void a_dead_address_holds_nobody_up(void **state)
{
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const dead =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_SILENT, .address = "127.0.0.2" });
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct run run = { .n_left = 1 };
    struct err err = { 0 };
    struct probe_conf conf = usual_conf();
    struct run ignored = { .n_left = SIZE_MAX };

    (void)state;
    conf.max_in_flight = 8;
    conf.max_per_address = 4;
    begin(&run, &conf);
    for (int i = 0; i < 20; i++)
        assert_works(engine_submit(run.engine,
                         &(struct probe_target){ .id = i,
                             .host = "127.0.0.2",
                             .port = test_peer_port(dead) },
                         keep, &ignored, &err),
            &err);
    assert_works(engine_submit(run.engine,
                     &(struct probe_target){ .id = 99,
                         .host = "127.0.0.1",
                         .port = test_peer_port(peer) },
                     keep, &run, &err),
        &err);
    loop_run(run.loop);
    assert_int_equal(run.n_errors[PROBE_OK], 1);
    assert_int_equal(engine_n_targets(run.engine), 20);
    engine_cancel(run.engine, 0, &ignored);  /* connected */
    engine_cancel(run.engine, 19, &ignored); /* waiting for its turn */
    engine_cancel(run.engine, 19, &ignored); /* gone */
    assert_int_equal(engine_n_targets(run.engine), 18);
    probe_result_free(run.last);
    engine_free(run.engine); /* with the rest in flight */
    loop_free(run.loop);
    test_peer_free(dead);
    test_peer_free(peer);
    SSL_CTX_free(tls);
}

static void the_first_answer_does_not_wait_for_the_others(void **state)
{
    SSL_CTX *const tls = test_tls_new(&good, NULL, &ca);
    struct test_peer *const peer =
        test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    struct run run = { .n_left = 10, .peer = peer };
    struct err err = { 0 };
    struct probe_conf conf = usual_conf();

    (void)state;
    conf.max_per_address = 1;
    begin(&run, &conf);
    for (int i = 0; i < 10; i++)
        assert_works(engine_submit(run.engine,
                         &(struct probe_target){ .id = i,
                             .host = "127.0.0.1",
                             .port = test_peer_port(peer) },
                         keep, &run, &err),
            &err);
    loop_run(run.loop);
    assert_in_range(run.n_connections, 2, 3); /* a handshake for each kind of key */
    probe_result_free(run.last);
    end(&run);
    test_peer_free(peer);
    SSL_CTX_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_does_not_wait_for_the_others),
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
        cmocka_unit_test(looks_at_every_address_behind_a_name),
        cmocka_unit_test(does_not_go_where_it_must_not),
        cmocka_unit_test(goes_through_a_proxy),
        cmocka_unit_test(shows_the_proxy_its_credential),
        cmocka_unit_test(begins_tls_inside_other_protocols),
        cmocka_unit_test(says_that_starttls_was_refused),
        cmocka_unit_test(holds_2000_in_flight_in_bounded_memory),
        cmocka_unit_test(a_dead_address_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
