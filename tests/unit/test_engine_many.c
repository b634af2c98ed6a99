/* probe/engine: many at once. */
#include <sys/resource.h>

#include "net/loop.h"
#include "testing_engine.h"

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
        cmocka_unit_test(holds_2000_in_flight_in_bounded_memory),
        cmocka_unit_test(a_dead_address_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
