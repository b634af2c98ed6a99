/* What an engine is not even asked: hosts, ports and settings that cannot be. */
#include "net/loop.h"
#include "probe/engine.h"
#include "testing.h"

static void ignore(void *ctx, struct probe_result *result)
{
    (void)ctx;
    probe_result_free(result);
}

static void refuses_targets_that_cannot_be(void **state)
{
    static const struct {
        const char *host;
        int port;
        const char *sni;
        const char *says;
    } cases[] = {
        { "", 443, NULL, "empty" },
        { "a b", 443, NULL, "not a host" },
        { "127.1", 443, NULL, "neither a name nor an address" },
        { "1.2.3.256", 443, NULL, "neither a name nor an address" },
        { "good.test", 70000, NULL, "70000 is not a port" },
        { "good.test", 0, NULL, "not a port" },
        { "good.test", 443, "a/b", "SNI" },
    };
    const struct probe_conf conf = { .system_trust_dir = "" };
    struct loop *loop = NULL;
    struct engine *engine = NULL;
    struct err err = { 0 };

    (void)state;
    assert_works(loop_new(&loop, &err), &err);
    assert_works(engine_new(loop, &conf, NULL, NULL, &engine, &err), &err);
    for (size_t i = 0; i < countof(cases); i++) {
        const struct probe_target target = { .host = cases[i].host,
            .port = cases[i].port,
            .sni = cases[i].sni };

        assert_fails(engine_submit(engine, &target, ignore, NULL, &err), &err, ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
    }
    engine_free(engine);
    loop_free(loop);
}

static void refuses_a_configuration_that_cannot_be(void **state)
{
    const struct {
        struct probe_conf conf;
        const char *says;
    } cases[] = {
        { { .allow = "127.0.0.0/8,nonsense" }, "\"nonsense\" is not an address range" },
        { { .allow = "127.0.0.0/33" }, "not an address range" },
        { { .dns_servers = "not a server" }, "not a list of DNS servers" },
        { { .proxy = "a b:1" }, "cannot use the proxy" },
        { { .trust_pem = SPAN_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                      "-----END CERTIFICATE-----\n") },
            "certificate is malformed" },
    };
    struct loop *loop = NULL;
    struct err err = { 0 };

    (void)state;
    assert_works(loop_new(&loop, &err), &err);
    for (size_t i = 0; i < countof(cases); i++) {
        struct engine *engine = NULL;

        assert_fails(engine_new(loop, &cases[i].conf, NULL, NULL, &engine, &err), &err,
            ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
        assert_null(engine);
    }
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_targets_that_cannot_be),
        cmocka_unit_test(refuses_a_configuration_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
