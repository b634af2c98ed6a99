/* See the header. */
#include "testing_engine.h"

#include "net/loop.h"

struct test_cert root;
struct test_cert ca;
struct test_cert good;
struct test_cert good_rsa;
char *root_pem;

int make_certs(void **state)
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

int drop_certs(void **state)
{
    (void)state;
    test_cert_done(&root);
    test_cert_done(&ca);
    test_cert_done(&good);
    test_cert_done(&good_rsa);
    free(root_pem);
    return 0;
}

void keep(void *ctx, struct probe_result *result)
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

void begin(struct run *run, const struct probe_conf *conf)
{
    struct err err = { 0 };

    assert_works(loop_new(&run->loop, &err), &err);
    assert_works(engine_new(run->loop, conf, NULL, NULL, &run->engine, &err), &err);
}

void end(struct run *run)
{
    engine_free(run->engine);
    loop_free(run->loop);
}

struct probe_conf usual_conf(void)
{
    return (struct probe_conf){ .allow = ALLOW,
        .system_trust_dir = "",
        .trust_pem = span_text(root_pem) };
}

struct probe_result *look_with(const struct probe_conf *conf, const struct probe_target *target)
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

struct probe_result *look(const struct probe_target *target)
{
    const struct probe_conf conf = usual_conf();

    return look_with(&conf, target);
}

struct probe_result *look_at_tls(SSL_CTX *tls, const char *sni)
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

struct probe_result *look_at(const struct test_peer_plan *plan, enum probe_protocol protocol)
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

void assert_error(const struct probe_result *result, enum probe_error error, const char *says)
{
    assert_int_equal(result->error, PROBE_OK);
    assert_int_equal(result->n_sights, 1);
    assert_string_equal(probe_error_name(result->sights[0].error), probe_error_name(error));
    assert_contains(result->sights[0].message, says);
    assert_int_equal(result->sights[0].slot, PROBE_SLOT_NONE);
}
