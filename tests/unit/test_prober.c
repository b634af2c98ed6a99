/* The prober as a process: asked from many threads, killed, replaced, locked in. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/frame.h"
#include "probe/client.h"
#include "probe/process.h"
#include "probe/wire.h"
#include "testing.h"
#include "testing_tls.h"

#define PROBER_FD 9

static struct test_cert cert;
static SSL_CTX *tls;
static struct test_peer *peer;
static struct test_peer *silent;

/* A process of its own, by exec: whoever forks with threads about has their locks. */
static pid_t spawn_prober(int *ours, bool is_quiet)
{
    static char program[] = "/proc/self/exe";
    static char word[] = "prober";
    char *argv[] = { program, word, NULL };
    posix_spawn_file_actions_t actions;
    struct err err = { 0 };
    int theirs = -1;
    pid_t pid = -1;

    assert_works(frame_pair(ours, &theirs, &err), &err);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs, PROBER_FD);
    if (is_quiet)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(theirs);
    return pid;
}

static pid_t start_prober(struct probe_client *client)
{
    int ours = -1;
    const pid_t pid = spawn_prober(&ours, false);

    probe_client_set_fd(client, ours);
    return pid;
}

static int end_of(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int start_peers(void **state)
{
    (void)state;
    cert = test_cert_new(
        &(struct test_cert_plan){ .name = "good", .sans = "DNS:good.test", .ends_in = 86400 });
    tls = test_tls_new(&cert, NULL, NULL);
    peer = test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_TLS, .tls = tls });
    silent = test_peer_new(&(struct test_peer_plan){ .end = TEST_PEER_SILENT });
    return 0;
}

static int stop_peers(void **state)
{
    (void)state;
    test_peer_free(peer);
    test_peer_free(silent);
    SSL_CTX_free(tls);
    test_cert_done(&cert);
    return 0;
}

static struct probe_target target_at(struct test_peer *at, int64_t id)
{
    return (struct probe_target){ .id = id,
        .host = "127.0.0.1",
        .port = test_peer_port(at),
        .sni = "good.test" };
}

static struct probe_client *client_with(pid_t *pid)
{
    struct probe_client *const client = probe_client_new();
    struct err err = { 0 };

    *pid = start_prober(client);
    assert_works(probe_client_configure(client, &(struct probe_conf){ .allow = "127.0.0.0/8" },
                     &err),
        &err);
    return client;
}

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_there;
    struct probe_result *result;
    struct err err;
};

static void keep_answer(void *ctx, struct probe_result *result, const struct err *err)
{
    struct answer *const answer = ctx;

    pthread_mutex_lock(&answer->lock);
    answer->result = result;
    if (err)
        answer->err = *err;
    answer->is_there = true;
    pthread_cond_signal(&answer->changed);
    pthread_mutex_unlock(&answer->lock);
}

/* Look at `target` and wait for the result, which the caller frees. Inlined, gcc would take it for
 * possible that there is none. */
__attribute__((noinline)) static bool look(struct probe_client *client,
    const struct probe_target *target, struct probe_result **ret, struct err *err)
{
    struct answer answer = { .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER };

    if (!probe_client_submit(client, target, 60000, keep_answer, &answer, err))
        return false;
    pthread_mutex_lock(&answer.lock);
    while (!answer.is_there)
        pthread_cond_wait(&answer.changed, &answer.lock);
    pthread_mutex_unlock(&answer.lock);
    *err = answer.err;
    *ret = answer.result;
    return answer.result != NULL;
}

static void brings_a_result_across(void **state)
{
    pid_t pid;
    autofree(probe_client) struct probe_client *client = client_with(&pid);
    const struct probe_target target = target_at(peer, 42);
    autofree(probe_result) struct probe_result *result = NULL;
    struct err err = { 0 };
    uint8_t *der = NULL;

    (void)state;
    assert_works(look(client, &target, &result, &err), &err);
    assert_int_equal(result->id, 42);
    assert_int_equal(result->error, PROBE_OK);
    assert_int_equal(result->n_sights, 1);
    const struct probe_sight *const sight = result->sights;
    assert_string_equal(sight->message, "");
    assert_string_equal(sight->address, "127.0.0.1");
    assert_string_equal(probe_slot_name(sight->slot), "ecdsa");
    assert_string_equal(probe_chain_name(sight->chain), "self_signed");
    assert_true(sight->is_name_ok);
    assert_string_equal(sight->protocol, "TLSv1.3");
    assert_true(sight->handshake_us > 0);
    assert_in_range(sight->path_expires_at, clock_now() + 86400 - 60, clock_now() + 86400);
    const int size = i2d_X509(cert.x509, &der);
    assert_true(span_equal(result->certs[sight->certs[0]].der, span_of(der, (size_t)size)));
    OPENSSL_free(der);

    probe_client_set_fd(client, -1);
    assert_int_equal(end_of(pid), 0);
}

static void says_what_cannot_be_asked(void **state)
{
    static const struct {
        const char *host;
        int port;
        const char *says;
    } cases[] = {
        { "a b", 443, "not a host" },
        { "good.test", 70000, "not a port" },
        { "", 443, "empty" },
    };
    pid_t pid;
    autofree(probe_client) struct probe_client *client = client_with(&pid);
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const struct probe_target target = { .host = cases[i].host, .port = cases[i].port };
        struct probe_result *result = NULL;

        assert_fails(look(client, &target, &result, &err), &err, ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
        assert_null(result);
    }
    assert_fails(probe_client_configure(client, &(struct probe_conf){ .allow = "nonsense" }, &err),
        &err, ERR_INVALID);
    assert_contains(err.msg, "\"nonsense\" is not an address range");

    /* What was good before still holds. */
    const struct probe_target target = target_at(peer, 1);
    autofree(probe_result) struct probe_result *result = NULL;
    assert_works(look(client, &target, &result, &err), &err);
    assert_int_equal(result->sights[0].error, PROBE_OK);
    probe_client_set_fd(client, -1);
    assert_int_equal(end_of(pid), 0);
}

struct asked {
    struct probe_client *client;
    struct test_peer *at;
    bool worked;
    struct probe_result *result;
    struct err err;
};

static void *ask(void *arg)
{
    struct asked *const asked = arg;
    const struct probe_target target = target_at(asked->at, 5);

    asked->worked = look(asked->client, &target, &asked->result, &asked->err);
    return NULL;
}

static void many_threads_share_one_prober(void **state)
{
    pid_t pid;
    autofree(probe_client) struct probe_client *client = client_with(&pid);
    struct asked asked[24] = { 0 };
    pthread_t threads[24];

    (void)state;
    for (size_t i = 0; i < countof(asked); i++) {
        asked[i].client = client;
        asked[i].at = peer;
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asked[i]), 0);
    }
    for (size_t i = 0; i < countof(asked); i++) {
        pthread_join(threads[i], NULL);
        assert_works(asked[i].worked, &asked[i].err);
        assert_int_equal(asked[i].result->sights[0].error, PROBE_OK);
        probe_result_free(asked[i].result);
    }
    probe_client_set_fd(client, -1);
    assert_int_equal(end_of(pid), 0);
}

static void a_killed_prober_fails_what_is_pending_and_is_replaced(void **state)
{
    pid_t pid;
    autofree(probe_client) struct probe_client *client = client_with(&pid);
    struct asked asked = { .client = client, .at = silent };
    const size_t n_before = test_peer_n_connections(silent);
    const struct probe_target target = target_at(peer, 6);
    autofree(probe_result) struct probe_result *result = NULL;
    const int64_t began_ms = clock_mono_ms();
    struct err err = { 0 };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asked), 0);
    while (test_peer_n_connections(silent) == n_before)
        usleep(1000);
    kill(pid, SIGKILL);
    pthread_join(thread, NULL);
    assert_false(asked.worked);
    assert_int_equal(asked.err.kind, ERR_UNAVAILABLE);
    assert_true(clock_mono_ms() - began_ms < 9000); /* not the handshake's own time-out */
    assert_true(WIFSIGNALED(end_of(pid)));
    assert_false(probe_client_is_connected(client));

    /* Its successor knows the configuration, or this address would be denied. */
    pid = start_prober(client);
    assert_works(look(client, &target, &result, &err), &err);
    assert_int_equal(result->sights[0].error, PROBE_OK);
    probe_client_set_fd(client, -1);
    assert_int_equal(end_of(pid), 0);
}

/* ---- cancelled ---- */

struct mine {
    pthread_mutex_t lock;
    size_t n_failed;
    size_t n_done;
};

static void note_end(void *ctx, struct probe_result *result, const struct err *err)
{
    struct mine *const mine = ctx;

    pthread_mutex_lock(&mine->lock);
    mine->n_failed += err && err->kind == ERR_UNAVAILABLE && strstr(err->msg, "cancelled") != NULL;
    mine->n_done++;
    pthread_mutex_unlock(&mine->lock);
    probe_result_free(result);
}

static bool is_same(const void *ctx, const void *whose)
{
    return ctx == whose;
}

static size_t n_done(struct mine *mine)
{
    pthread_mutex_lock(&mine->lock);
    const size_t n = mine->n_done;
    pthread_mutex_unlock(&mine->lock);
    return n;
}

/* Ask until the prober is full, and for no more than four connections; the last is another's. */
static void fill(struct probe_client *client, const struct probe_target *target, struct mine *mine,
    struct mine *other)
{
    const struct probe_target good = target_at(peer, 8);
    struct err err = { 0 };

    assert_works(probe_client_submit(client, target, 1000, note_end, other, &err), &err);
    for (size_t i = 0; i < 30; i++)
        assert_works(probe_client_submit(client, target, 1000, note_end, mine, &err), &err);
    assert_fails(probe_client_submit(client, &good, 1, note_end, mine, &err), &err,
        ERR_UNAVAILABLE);
}

/* The prober is as full as it gets, and hears of it all the same; others are not concerned. */
static void cancel_all(const struct probe_conf *conf, const struct probe_target *target)
{
    pid_t pid;
    autofree(probe_client) struct probe_client *client = client_with(&pid);
    struct mine gone = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct mine stays = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const struct probe_target good = target_at(peer, 8);
    autofree(probe_result) struct probe_result *result = NULL;
    const int64_t began_ms = clock_mono_ms();
    struct err err = { 0 };

    assert_works(probe_client_configure(client, conf, &err), &err);
    fill(client, target, &gone, &stays);
    probe_client_cancel(client, note_end, is_same, &gone);
    while (n_done(&gone) < 30)
        usleep(1000);
    assert_int_equal(gone.n_failed, 30);
    assert_int_equal(n_done(&stays), 0);
    assert_works(look(client, &good, &result, &err), &err);
    assert_int_equal(result->sights[0].error, PROBE_OK);

    probe_client_cancel(client, note_end, is_same, &stays);
    while (n_done(&stays) < 1)
        usleep(1000);
    probe_client_cancel(client, note_end, is_same, &gone); /* there is none */
    assert_true(clock_mono_ms() - began_ms < 9000);        /* not the handshakes' own time-out */
    probe_client_set_fd(client, -1);
    assert_int_equal(end_of(pid), 0);
}

static void what_is_cancelled_is_answered_at_once(void **state)
{
    const struct probe_conf conf = { .allow = "127.0.0.0/8", .max_in_flight = 4 };
    const struct probe_target target = target_at(silent, 7);

    (void)state;
    cancel_all(&conf, &target);
}

static void what_waits_for_its_name_can_be_cancelled(void **state)
{
    static const struct test_name names[] = { { .name = "silent.test", .is_silent = true }, { 0 } };
    struct test_dns *const dns = test_dns_new(names);
    const struct probe_conf conf = { .allow = "127.0.0.0/8",
        .max_in_flight = 4,
        .dns_servers = test_dns_server(dns),
        .timeouts.dns_ms = 20000,
        .timeouts.total_ms = 60000 };
    const struct probe_target target = { .id = 7, .host = "silent.test", .port = 443 };

    (void)state;
    cancel_all(&conf, &target);
    test_dns_free(dns);
}

static void without_a_prober_it_says_so(void **state)
{
    autofree(probe_client) struct probe_client *client = probe_client_new();
    const struct probe_target target = target_at(peer, 6);
    struct err err = { 0 };

    (void)state;
    assert_works(probe_client_configure(client, &(struct probe_conf){ .allow = "127.0.0.0/8" },
                     &err),
        &err);
    assert_fails(probe_client_submit(client, &target, 10, NULL, NULL, &err), &err, ERR_UNAVAILABLE);
    assert_false(probe_client_is_connected(client));
}

static void *set_nothing(void *arg)
{
    probe_client_set_fd(arg, -1);
    return NULL;
}

/* A prober that was taken over must not take the server with it. */
static void nonsense_from_the_prober_is_not_believed(void **state)
{
    static const struct {
        uint16_t type;
        uint32_t request;
        const char *payload;
        size_t size;
    } lies[] = {
        { 99, 1, "", 0 },
        { WIRE_RESULT, 77, "", 0 },
        { WIRE_CERT, 77, "", 0 },
        { WIRE_RESULT, 1, "", 0 },
        { WIRE_RESULT, 1, "\0\0\0\0\0\0\0\7\xff\0\0\0\0\1\0\0\0\0\0\0\0\0\0", 23 },
        { WIRE_CERT, 1, "short", 5 },
        { WIRE_CONFIGURED, 1, "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < countof(lies); i++) {
        autofree(probe_client) struct probe_client *client = probe_client_new();
        struct asked asked = { .client = client, .at = peer };
        autodone(buf) struct buf payload = BUF_INIT(FRAME_MAX);
        struct frame frame;
        struct err err = { 0 };
        pthread_t thread;
        int ours = -1;
        int theirs = -1;

        assert_works(frame_pair(&ours, &theirs, &err), &err);
        probe_client_set_fd(client, ours);
        assert_int_equal(pthread_create(&thread, NULL, ask, &asked), 0);
        assert_works(frame_receive(theirs, 10000, &payload, &frame, NULL, NULL, &err), &err);
        assert_int_equal(frame.type, WIRE_PROBE);
        frame =
            (struct frame){ lies[i].request, lies[i].type, span_of(lies[i].payload, lies[i].size) };
        assert_works(frame_send(theirs, &frame, NULL, 0, &err), &err);
        pthread_join(thread, NULL);
        assert_false(asked.worked);
        assert_int_equal(asked.err.kind, ERR_UNAVAILABLE);
        assert_int_equal(pthread_create(&thread, NULL, set_nothing, client), 0);
        pthread_join(thread, NULL);
        close(theirs);
    }
}

static void nonsense_from_the_server_ends_the_prober(void **state)
{
    struct err err = { 0 };
    int ours = -1;
    const pid_t pid = spawn_prober(&ours, true);
    char byte;

    (void)state;
    assert_works(frame_send_bytes(ours, SPAN_LITERAL("\xff\xff\xff\xff\0\0\0\1\0\1"), &err), &err);
    assert_int_equal(read(ours, &byte, 1), 0);
    const int status = end_of(pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    close(ours);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "prober") == 0)
        _exit(probe_process_main(PROBER_FD)); /* a leak check at exit is not among its calls */

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_a_result_across),
        cmocka_unit_test(says_what_cannot_be_asked),
        cmocka_unit_test(many_threads_share_one_prober),
        cmocka_unit_test(a_killed_prober_fails_what_is_pending_and_is_replaced),
        cmocka_unit_test(what_is_cancelled_is_answered_at_once),
        cmocka_unit_test(what_waits_for_its_name_can_be_cancelled),
        cmocka_unit_test(without_a_prober_it_says_so),
        cmocka_unit_test(nonsense_from_the_prober_is_not_believed),
        cmocka_unit_test(nonsense_from_the_server_ends_the_prober),
    };

    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
