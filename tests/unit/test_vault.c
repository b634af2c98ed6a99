/*
 * vault: the real process behind a real socket, asked by the real client.
 *
 * Each test starts vaults as children of its own, on a key directory of its own.
 */
#include "testing_vault.h"

#include <pthread.h>

#include "base/clock.h"
#include "vault/checkpoint.h"

static void the_first_start_makes_a_key_file_and_later_ones_find_it(void **state)
{
    struct bench *bench = *state;
    struct vault_masters known = unlock_new(bench), held;
    struct vault_identity first = known.items[0].identity;
    autofree(str) char *path = xasprintf("%s/master.key", bench->dir);
    struct err err = { 0 };
    struct stat st;

    assert_int_equal(strlen(first.key_id), 16);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_works(vault_is_ready(bench->client, &err), &err);

    int status;
    vault_client_set_fd(bench->client, -1);
    assert_int_equal(waitpid(bench->pid, &status, 0), bench->pid);
    bench->pid = start_vault(bench, bench->client, NULL);
    assert_works(vault_unlock(bench->client, &known, NULL, &err), &err);
    vault_client_masters(bench->client, &held);
    assert_true(held.n == 1 && held.items[0].is_loaded);
}

static void nothing_is_done_before_it_is_unlocked(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    struct err err = { 0 };

    assert_fails(vault_seal_secret(bench->client, SPAN_LITERAL("x"),
                     &(struct vault_binding){ VAULT_SECRET, "r" }, &sealed, &err),
        &err, ERR_UNAVAILABLE);
    assert_fails(vault_is_ready(bench->client, &err), &err, ERR_UNAVAILABLE);
}

static void no_key_is_ever_made_where_one_is_expected(void **state)
{
    struct bench *bench = *state;
    struct vault_masters expected = { .n = 1,
        .items = { { .identity = { .key_id = "0123456789abcdef" }, .state = VAULT_CURRENT } } };
    autofree(str) char *path = xasprintf("%s/master.key", bench->dir);
    struct err err = { 0 };

    assert_fails(vault_unlock(bench->client, &expected, NULL, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "missing");
    assert_false(fs_exists(path));
    assert_fails(vault_is_ready(bench->client, &err), &err, ERR_CONFLICT);
}

static void another_master_key_is_refused(void **state)
{
    struct bench *bench = *state;
    struct vault_masters same_id_other_check = unlock_new(bench);
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    struct err err = { 0 };

    same_id_other_check.items[0].identity.check[0] ^= 1;
    assert_fails(vault_unlock(bench->client, &same_id_other_check, NULL, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "another");
    /* The vault itself is locked again, not only the client. */
    kill(bench->pid, SIGKILL);
    stop_vault(bench->pid, SIGKILL);
    autofree(str) char *path = xasprintf("%s/master.key", bench->dir);

    assert_int_equal(unlink(path), 0);
    bench->pid = start_vault(bench, bench->client, NULL);
    assert_fails(vault_seal_secret(bench->client, SPAN_LITERAL("x"),
                     &(struct vault_binding){ VAULT_SECRET, "r" }, &sealed, &err),
        &err, ERR_CONFLICT);
    assert_fails(vault_is_ready(bench->client, &err), &err, ERR_CONFLICT);
    assert_false(fs_exists(path));
}

static void a_damaged_or_readable_key_file_is_refused(void **state)
{
    struct bench *bench = *state;
    autofree(str) char *path = xasprintf("%s/master.key", bench->dir);
    static const struct {
        const char *content;
        mode_t mode;
        const char *says;
    } cases[] = {
        { "certdesk master key 1\n", 0600, "holds no key" },
        { "certdesk master key 1\n00ff\n", 0600, "damaged" },
        { "certdesk master key 2\n", 0600, "damaged, or of a later version" },
        { "certdesk master key 1\n"
          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
            0600, "twice" },
        { "certdesk master key 1\n"
          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
            0640, "0600" },
    };

    for (size_t i = 0; i < countof(cases); i++) {
        struct vault_master first;
        struct err err = { 0 };

        assert_works(fs_write_atomic(path, span_text(cases[i].content), cases[i].mode, &err), &err);
        assert_false(vault_unlock(bench->client, &nothing_known, &first, &err));
        assert_contains(err.msg, cases[i].says);
        assert_null(strstr(err.msg, "0011"));
    }
}

static void what_is_sealed_opens_only_where_it_belongs(void **state)
{
    struct bench *bench = *state;
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    static const struct vault_binding others[] = { { VAULT_SECRET, "mail/2" },
        { VAULT_SECRET, "mail/" }, { VAULT_TLS, "mail/1" } };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("hunter2"), &mail, &sealed, &err),
        &err);
    assert_int_equal(span_find(buf_span(&sealed), SPAN_LITERAL("hunter2")), SIZE_MAX);
    assert_works(vault_open_secret(bench->client, buf_span(&sealed), &mail, &clear, &err), &err);
    assert_true(span_is(secret_span(clear), "hunter2"));
    for (size_t i = 0; i < countof(others); i++)
        assert_fails(vault_open_secret(bench->client, buf_span(&sealed), &others[i], &never, &err),
            &err, ERR_INVALID);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x40;
        assert_false(vault_open_secret(bench->client, buf_span(&sealed), &mail, &never, &err));
        sealed.data[i] ^= 0x40;
    }
    for (size_t n = 0; n < sealed.size; n++)
        assert_fails(vault_open_secret(bench->client, span_slice(buf_span(&sealed), 0, n), &mail,
                         &never, &err),
            &err, ERR_INVALID);
    assert_null(never);
}

static void two_seals_of_the_same_differ(void **state)
{
    struct bench *bench = *state;
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    autodone(buf) struct buf a = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf b = BUF_INIT(VAULT_SEALED_MAX);
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("same"), &mail, &a, &err), &err);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("same"), &mail, &b, &err), &err);
    assert_false(span_equal(buf_span(&a), buf_span(&b)));
}

static void the_vault_is_no_oracle(void **state)
{
    struct bench *bench = *state;
    struct vault_binding audit = { VAULT_AUDIT, "audit" }, secret = { VAULT_SECRET, "s" };
    struct vault_csr csr = { .common_name = "x" };
    struct vault_checkpoint checkpoint = { .seq = 1 };
    autodone(buf) struct buf audit_key = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf site_key = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf unused = BUF_INIT(65536);
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_ED25519, &audit, &audit_key, &unused, &err),
        &err);
    assert_works(vault_make_key(bench->client, VAULT_ED25519, &site, &site_key, &unused, &err),
        &err);
    /* The audit key never leaves and signs no requests; others sign no checkpoints. */
    assert_fails(vault_open_key(bench->client, buf_span(&audit_key), &audit, SPAN_EMPTY, &never,
                     &err),
        &err, ERR_DENIED);
    assert_fails(vault_build_csr(bench->client, buf_span(&audit_key), &audit, &csr, &unused, &err),
        &err, ERR_DENIED);
    assert_fails(vault_sign_checkpoint(bench->client, buf_span(&site_key), &site, &checkpoint,
                     &err),
        &err, ERR_DENIED);
    /* Nor by claiming another purpose. */
    assert_fails(vault_sign_checkpoint(bench->client, buf_span(&site_key), &audit, &checkpoint,
                     &err),
        &err, ERR_INVALID);
    assert_fails(vault_open_secret(bench->client, buf_span(&audit_key), &secret, &never, &err),
        &err, ERR_INVALID);
    assert_fails(vault_make_key(bench->client, VAULT_P256, &audit, &unused, &unused, &err), &err,
        ERR_INVALID);
    assert_fails(vault_make_key(bench->client, VAULT_P256, &secret, &unused, &unused, &err), &err,
        ERR_DENIED);
    assert_null(never);
}

static void a_checkpoint_is_signed_and_tampering_is_seen(void **state)
{
    struct bench *bench = *state;
    struct vault_binding audit = { VAULT_AUDIT, "audit" };
    struct vault_checkpoint checkpoint = { .seq = 77, .hash = { 1, 2, 3 } };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_ED25519, &audit, &sealed, &spki, &err), &err);
    assert_works(vault_sign_checkpoint(bench->client, buf_span(&sealed), &audit, &checkpoint, &err),
        &err);
    /* The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the key. */
    assert_memory_equal(checkpoint.public_key, spki.data + spki.size - 32, 32);
    assert_true(checkpoint_verify(&checkpoint));
    checkpoint.seq++;
    assert_false(checkpoint_verify(&checkpoint));
    checkpoint.seq--;
    checkpoint.hash[31] ^= 1;
    assert_false(checkpoint_verify(&checkpoint));
}

static void opening_is_counted_and_limited(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    struct vault_stats stats = { 0 };
    struct err err = { 0 };
    int n = 0;

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    for (; n < 5000; n++) {
        autofree(secret) struct secret *clear = NULL;

        if (!open_for(bench, buf_span(&sealed), buf_span(&spki), &clear, &err))
            break;
    }
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_true(n >= 200 && n < 5000);
    assert_works(vault_stats_get(bench->client, &stats, &err), &err);
    assert_int_equal(stats.n_opened, n);
    assert_int_equal(stats.n_refused, 1);
}

static void a_vault_that_hangs_is_told_soon_and_no_answer_is_taken_for_another(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autofree(secret) struct secret *clear = NULL;
    struct vault_stats stats = { .n_opened = -1 };
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    assert_int_equal(kill(bench->pid, SIGSTOP), 0);
    const int64_t begun_ms = clock_mono_ms();

    for (int i = 0; i < 2; i++)
        assert_fails(vault_stats_get(bench->client, &stats, &err), &err, ERR_UNAVAILABLE);
    err_clear(&err);
    assert_works(vault_is_ready(bench->client, &err), &err);
    assert_true(clock_mono_ms() - begun_ms < 10000);
    assert_int_equal(kill(bench->pid, SIGCONT), 0);
    /* The answer that came too late is not this one's. */
    assert_works(open_for(bench, buf_span(&sealed), buf_span(&spki), &clear, &err), &err);
    assert_works(vault_stats_get(bench->client, &stats, &err), &err);
    assert_int_equal(stats.n_opened, 1);
    assert_works(vault_is_ready(bench->client, &err), &err);
}

static void a_killed_vault_is_replaced_and_sealed_keys_still_open(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autofree(secret) struct secret *clear = NULL;
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    assert_int_equal(kill(bench->pid, SIGKILL), 0);
    stop_vault(bench->pid, SIGKILL);
    assert_fails(vault_is_ready(bench->client, &err), &err, ERR_UNAVAILABLE);
    assert_fails(open_for(bench, buf_span(&sealed), buf_span(&spki), &never, &err), &err,
        ERR_UNAVAILABLE);
    bench->pid = start_vault(bench, bench->client, NULL);
    assert_works(vault_is_ready(bench->client, &err), &err);
    assert_works(open_for(bench, buf_span(&sealed), buf_span(&spki), &clear, &err), &err);
}

struct caller {
    struct bench *bench;
    bool ok;
    struct err err;
};

static void *make_a_slow_key(void *arg)
{
    struct caller *caller = arg;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);

    caller->ok =
        vault_make_key(caller->bench->client, VAULT_RSA_4096, &site, &sealed, &spki, &caller->err);
    return NULL;
}

static void a_kill_in_the_middle_fails_the_call_and_nothing_else(void **state)
{
    struct bench *bench = *state;
    struct caller caller = { .bench = bench };
    struct err err = { 0 };
    pthread_t thread;

    (void)unlock_new(bench);
    /* Stopped, it cannot answer before it is killed. */
    assert_int_equal(kill(bench->pid, SIGSTOP), 0);
    assert_int_equal(pthread_create(&thread, NULL, make_a_slow_key, &caller), 0);
    assert_int_equal(kill(bench->pid, SIGKILL), 0);
    stop_vault(bench->pid, SIGKILL);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(caller.ok);
    assert_int_equal(caller.err.kind, ERR_UNAVAILABLE);
    bench->pid = start_vault(bench, bench->client, NULL);
    assert_works(vault_is_ready(bench->client, &err), &err);
}

static void a_new_socket_frees_a_call_that_waits_on_the_old_one(void **state)
{
    struct bench *bench = *state;
    struct caller caller = { .bench = bench };
    struct err err = { 0 };
    pthread_t thread;
    pid_t old = bench->pid;

    (void)unlock_new(bench);
    assert_int_equal(kill(old, SIGSTOP), 0);
    assert_int_equal(pthread_create(&thread, NULL, make_a_slow_key, &caller), 0);
    bench->pid = start_vault(bench, bench->client, NULL);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* It may have begun only when the new socket was there. */
    assert_true(caller.ok || caller.err.kind == ERR_UNAVAILABLE);
    assert_works(vault_is_ready(bench->client, &err), &err);
    assert_int_equal(kill(old, SIGKILL), 0);
    stop_vault(old, SIGKILL);
}

static void a_passphrase_gives_the_same_key_again_and_another_one_does_not(void **state)
{
    struct bench *bench = *state;
    autofree(str) char *path = xasprintf("%s/passphrase", bench->dir);
    struct vault_masters known = { 0 };
    struct err err = { 0 };
    int status;

    assert_works(fs_write_atomic(path, SPAN_LITERAL("correct horse battery\n"), 0600, &err), &err);
    for (int i = 0; i < 3; i++) {
        vault_client_set_fd(bench->client, -1);
        assert_int_equal(waitpid(bench->pid, &status, 0), bench->pid);
        if (i == 2)
            assert_works(fs_write_atomic(path, SPAN_LITERAL("another passphrase"), 0600, &err),
                &err);
        bench->pid = start_vault(bench, bench->client, path);
        if (i == 0)
            known = unlock_new(bench);
        else if (i == 1)
            assert_works(vault_unlock(bench->client, &known, NULL, &err), &err);
        else
            assert_fails(vault_unlock(bench->client, &known, NULL, &err), &err, ERR_CONFLICT);
    }
    assert_int_equal(known.items[0].source, VAULT_PASSPHRASE);
}

/* How often `needle` is in the memory of process `pid`. */
static int count_in_memory(pid_t pid, struct span needle)
{
    autofree(str) char *maps_path = xasprintf("/proc/%d/maps", (int)pid);
    autofree(str) char *mem_path = xasprintf("/proc/%d/mem", (int)pid);
    autoclose int mem = open(mem_path, O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen(maps_path, "re");
    char line[512];
    int n = 0;

    assert_true(mem >= 0);
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long long from, to;
        char mode[8];

        if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            mode[1] != 'w' || to - from > (64u << 20))
            continue;
        size_t size = (size_t)(to - from);
        uint8_t *copy = xmalloc(size);
        ssize_t have = pread(mem, copy, size, (off_t)from);

        if (have > 0) {
            struct span rest = span_of(copy, (size_t)have);
            size_t at;

            while ((at = span_find(rest, needle)) != SIZE_MAX) {
                n++;
                rest = span_slice(rest, at + 1, SIZE_MAX);
            }
        }
        free(copy);
    }
    (void)fclose(maps);
    return n;
}

/* What a server does with a key, in a process of its own; then it waits to be looked at. */
static void be_a_server(const struct bench *bench, int out)
{
    struct vault_client *client = vault_client_new(0);
    pid_t pid = start_vault(bench, client, NULL);
    struct vault_csr csr = { .common_name = "canary.example" };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autodone(buf) struct buf der = BUF_INIT(65536);
    struct vault_master first;
    struct err err = { 0 };
    bool ok = vault_unlock(client, &nothing_known, &first, &err) &&
              vault_make_key(client, VAULT_P256, &site, &sealed, &spki, &err) &&
              vault_build_csr(client, buf_span(&sealed), &site, &csr, &der, &err);
    autodone(buf) struct buf both = BUF_INIT(FRAME_MAX);

    frame_put_bytes(&both, buf_span(&sealed));
    frame_put_bytes(&both, buf_span(&spki));
    struct frame frame = { .type = ok, .payload = buf_span(&both) };

    (void)pid;
    if (!frame_send(out, &frame, NULL, 0, &err))
        _exit(1);
    for (;;)
        (void)pause();
}

/* Invariant 3: no private key in the server's memory. */
static void a_made_key_is_nowhere_in_the_memory_of_the_server(void **state)
{
    struct bench *bench = *state;
    int ours = -1, theirs = -1;
    autodone(buf) struct buf payload = BUF_INIT(FRAME_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct frame frame;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(frame_pair(&ours, &theirs, &err), &err);
    pid_t server = fork();

    if (server == 0) {
        fd_close(ours);
        be_a_server(bench, theirs);
    }
    fd_close(theirs);
    assert_works(frame_receive(ours, 60000, &payload, &frame, NULL, NULL, &err), &err);
    assert_int_equal(frame.type, 1);
    struct frame_reader r = frame_reader_of(frame.payload);
    struct span sealed = frame_read_bytes(&r), spki = frame_read_bytes(&r);

    assert_works(open_for(bench, sealed, spki, &clear, &err), &err);

    /* RFC 5915: the private number follows 02 01 01 04 20. */
    struct span pkcs8 = secret_span(clear);
    size_t at = span_find(pkcs8, SPAN_LITERAL("\x02\x01\x01\x04\x20"));

    assert_true(at != SIZE_MAX);
    assert_int_equal(count_in_memory(server, span_slice(pkcs8, at + 5, 32)), 0);
    /* The search would have found it: the sealed key is there. */
    assert_true(count_in_memory(server, span_slice(sealed, 40, 32)) > 0);
    fd_close(ours);
    assert_int_equal(kill(server, SIGKILL), 0);
    stop_vault(server, SIGKILL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_first_start_makes_a_key_file_and_later_ones_find_it),
        TEST(nothing_is_done_before_it_is_unlocked),
        TEST(no_key_is_ever_made_where_one_is_expected),
        TEST(another_master_key_is_refused),
        TEST(a_damaged_or_readable_key_file_is_refused),
        TEST(what_is_sealed_opens_only_where_it_belongs),
        TEST(two_seals_of_the_same_differ),
        TEST(the_vault_is_no_oracle),
        TEST(a_checkpoint_is_signed_and_tampering_is_seen),
        TEST(opening_is_counted_and_limited),
        TEST(a_vault_that_hangs_is_told_soon_and_no_answer_is_taken_for_another),
        TEST(a_killed_vault_is_replaced_and_sealed_keys_still_open),
        TEST(a_kill_in_the_middle_fails_the_call_and_nothing_else),
        TEST(a_new_socket_frees_a_call_that_waits_on_the_old_one),
        TEST(a_passphrase_gives_the_same_key_again_and_another_one_does_not),
        TEST(a_made_key_is_nowhere_in_the_memory_of_the_server),
    };

    be_a_vault_if_told(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
