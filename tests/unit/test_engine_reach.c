/* probe/engine, F2: every address behind a name, none that it must not go to, and the way by a
 * proxy. */
#include "testing_engine.h"

#include "base/alloc.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_every_address_behind_a_name),
        cmocka_unit_test(does_not_go_where_it_must_not),
        cmocka_unit_test(goes_through_a_proxy),
        cmocka_unit_test(shows_the_proxy_its_credential),
    };

    return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
