/*
 * vault: master keys: rotated, from a passphrase, from a token; what may be opened; keys made
 * beside other work.
 */
#include "testing_softhsm.h"
#include "testing_vault.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The supervisor of the tests: when a vault ends, the next is started. */
struct keeper {
    struct bench *bench;
    struct vault_given given;
    _Atomic bool is_stopping;
    pthread_t thread;
    int n_started;
};

static void *keep_going(void *arg)
{
    struct keeper *keeper = arg;

    for (;;) {
        int status = 0;

        assert_int_equal(waitpid(keeper->bench->pid, &status, 0), keeper->bench->pid);
        if (atomic_load(&keeper->is_stopping))
            return NULL;
        keeper->bench->pid = start_vault_with(keeper->bench, keeper->bench->client, &keeper->given);
        keeper->n_started++;
    }
}

static void keep(struct keeper *keeper, struct bench *bench)
{
    *keeper = (struct keeper){ .bench = bench };
    assert_int_equal(pthread_create(&keeper->thread, NULL, keep_going, keeper), 0);
}

static void stop_keeping(struct keeper *keeper)
{
    atomic_store(&keeper->is_stopping, true);
    vault_client_set_fd(keeper->bench->client, -1);
    assert_int_equal(pthread_join(keeper->thread, NULL), 0);
    keeper->bench->pid = 0;
}

/* What the database would say after the new key was promoted. */
static struct vault_masters promoted(const struct vault_masters *known,
    const struct vault_master *made)
{
    struct vault_masters after = *known;

    after.items[0].state = VAULT_RETIRING;
    after.items[after.n] = *made;
    after.items[after.n++].state = VAULT_CURRENT;
    return after;
}

static void a_new_master_key_seals_only_when_it_is_told_to(void **state)
{
    struct bench *bench = *state;
    struct vault_masters known = unlock_new(bench);
    struct vault_master made = { 0 };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    char id[VAULT_KEY_ID_SIZE];
    struct keeper keeper;
    struct err err = { 0 };

    keep(&keeper, bench);
    assert_works(vault_make_master(bench->client, &made, &err), &err);
    assert_int_equal(made.state, VAULT_PENDING);
    assert_string_not_equal(made.identity.key_id, known.items[0].identity.key_id);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("x"), &mail, &sealed, &err), &err);
    assert_true(vault_sealed_under(buf_span(&sealed), id));
    assert_string_equal(id, known.items[0].identity.key_id);
    assert_works(vault_seal_with(bench->client, made.identity.key_id, &err), &err);
    buf_clear(&sealed);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("x"), &mail, &sealed, &err), &err);
    assert_true(vault_sealed_under(buf_span(&sealed), id));
    assert_string_equal(id, made.identity.key_id);
    assert_fails(vault_seal_with(bench->client, "0123456789abcdef", &err), &err, ERR_CONFLICT);
    assert_int_equal(keeper.n_started, 1);
    stop_keeping(&keeper);
}

static void what_was_sealed_is_wrapped_anew_and_opens_without_the_old_key(void **state)
{
    struct bench *bench = *state;
    struct vault_masters known = unlock_new(bench), after;
    struct vault_master made = { 0 };
    struct vault_binding mail = { VAULT_SECRET, "mail/1" }, other = { VAULT_SECRET, "mail/2" };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf again = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf unused = BUF_INIT(VAULT_SEALED_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct keeper keeper;
    struct err err = { 0 };

    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("hunter2"), &mail, &sealed, &err),
        &err);
    keep(&keeper, bench);
    assert_works(vault_make_master(bench->client, &made, &err), &err);
    assert_works(vault_rewrap(bench->client, buf_span(&sealed), &mail, made.identity.key_id, &again,
                     &err),
        &err);
    assert_fails(vault_rewrap(bench->client, buf_span(&sealed), &other, made.identity.key_id,
                     &unused, &err),
        &err, ERR_INVALID);
    /* A vault that holds the new one alone. */
    after = promoted(&known, &made);
    after.items[0] = after.items[1];
    after.n = 1;
    assert_works(vault_reload(bench->client, &after, &err), &err);
    assert_works(vault_open_secret(bench->client, buf_span(&again), &mail, &clear, &err), &err);
    assert_true(span_is(secret_span(clear), "hunter2"));
    assert_fails(vault_open_secret(bench->client, buf_span(&sealed), &mail, &clear, &err), &err,
        ERR_CONFLICT);
    stop_keeping(&keeper);
}

static void a_key_that_was_made_and_forgotten_is_taken_up_again(void **state)
{
    struct bench *bench = *state;
    struct vault_masters known = unlock_new(bench);
    struct vault_master first = { 0 }, second = { 0 };
    struct keeper keeper;
    struct err err = { 0 };

    keep(&keeper, bench);
    assert_works(vault_make_master(bench->client, &first, &err), &err);
    /* Nobody wrote it down: the server was killed. */
    assert_works(vault_reload(bench->client, &known, &err), &err);
    assert_works(vault_make_master(bench->client, &second, &err), &err);
    assert_string_equal(first.identity.key_id, second.identity.key_id);
    stop_keeping(&keeper);
}

static void a_key_that_is_only_announced_need_not_be_there(void **state)
{
    struct bench *bench = *state;
    struct vault_masters known = unlock_new(bench), held;
    struct keeper keeper;
    struct err err = { 0 };

    keep(&keeper, bench);
    known.items[1] = (struct vault_master){ .state = VAULT_PENDING,
        .identity = { .key_id = "0123456789abcdef" } };
    known.n = 2;
    assert_works(vault_reload(bench->client, &known, &err), &err);
    vault_client_masters(bench->client, &held);
    assert_true(held.items[0].is_loaded && !held.items[1].is_loaded);
    known.items[1].state = VAULT_RETIRING;
    assert_fails(vault_reload(bench->client, &known, &err), &err, ERR_CONFLICT);
    assert_fails(vault_is_ready(bench->client, &err), &err, ERR_CONFLICT);
    stop_keeping(&keeper);
}

/* Seals without end, while the vault is started anew. */
struct sealer {
    struct bench *bench;
    _Atomic bool is_stopping;
    _Atomic int n;
    struct err err;
};

static void *seal_on(void *arg)
{
    struct sealer *sealer = arg;
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };

    while (!atomic_load(&sealer->is_stopping)) {
        autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);

        if (!vault_seal_secret(sealer->bench->client, SPAN_LITERAL("x"), &mail, &sealed,
                &sealer->err))
            break;
        atomic_fetch_add(&sealer->n, 1);
    }
    return NULL;
}

static void no_call_fails_while_a_master_key_is_brought_in(void **state)
{
    struct bench *bench = *state;
    struct sealer sealer = { .bench = bench };
    struct vault_master made;
    struct keeper keeper;
    struct err err = { 0 };
    pthread_t thread;

    (void)unlock_new(bench);
    keep(&keeper, bench);
    assert_int_equal(pthread_create(&thread, NULL, seal_on, &sealer), 0);
    for (int i = 0; i < 5; i++)
        assert_works(vault_make_master(bench->client, &made, &err), &err);
    atomic_store(&sealer.is_stopping, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sealer.err.kind, 0);
    assert_true(atomic_load(&sealer.n) > 0);
    stop_keeping(&keeper);
}

struct maker {
    struct bench *bench;
    _Atomic bool is_done;
    bool ok;
};

static void *make_long_keys(void *arg)
{
    struct maker *maker = arg;
    struct err err = { 0 };

    maker->ok = true;
    for (int i = 0; i < 3 && maker->ok; i++) {
        autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
        autodone(buf) struct buf spki = BUF_INIT(8192);

        maker->ok =
            vault_make_key(maker->bench->client, VAULT_RSA_4096, &site, &sealed, &spki, &err);
    }
    atomic_store(&maker->is_done, true);
    return NULL;
}

static void others_are_answered_while_a_long_key_is_made(void **state)
{
    struct bench *bench = *state;
    struct maker maker = { .bench = bench };
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    struct err err = { 0 };
    pthread_t thread;
    int n = 0;

    (void)unlock_new(bench);
    assert_int_equal(pthread_create(&thread, NULL, make_long_keys, &maker), 0);
    while (!atomic_load(&maker.is_done)) {
        autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);

        assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("x"), &mail, &sealed, &err),
            &err);
        n++;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(maker.ok);
    /* One after the other there could be four: before, between and after them. */
    assert_true(n > 20);
}

static void a_changed_passphrase_opens_what_the_old_one_sealed(void **state)
{
    struct bench *bench = *state;
    autofree(str) char *path = xasprintf("%s/passphrase", bench->dir);
    autofree(str) char *old = xasprintf("%s/old", bench->dir);
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct vault_masters known, after;
    struct vault_master made = { 0 };
    struct keeper keeper;
    struct err err = { 0 };

    assert_works(fs_write_atomic(old, SPAN_LITERAL("correct horse battery\n"), 0600, &err), &err);
    assert_works(fs_write_atomic(path, SPAN_LITERAL("another passphrase"), 0600, &err), &err);
    vault_client_set_fd(bench->client, -1);
    stop_vault(bench->pid, 0);
    bench->pid = start_vault(bench, bench->client, old);
    known = unlock_new(bench);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("x"), &mail, &sealed, &err), &err);
    keep(&keeper, bench);
    keeper.given = (struct vault_given){ .passphrase = path, .old_passphrase = old };
    assert_works(vault_make_master(bench->client, &made, &err), &err);
    assert_string_not_equal(made.recipe, known.items[0].recipe);
    after = promoted(&known, &made);
    assert_works(vault_reload(bench->client, &after, &err), &err);
    assert_works(vault_open_secret(bench->client, buf_span(&sealed), &mail, &clear, &err), &err);
    /* Without the old one the node is not ready. */
    keeper.given.old_passphrase = NULL;
    assert_fails(vault_reload(bench->client, &after, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "passphrase is another one");
    stop_keeping(&keeper);
}

static void a_key_opens_only_for_its_certificate(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autodone(buf) struct buf other_sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf other = BUF_INIT(8192);
    autofree(secret) struct secret *clear = NULL;
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &other_sealed, &other, &err),
        &err);
    assert_fails(open_for(bench, buf_span(&sealed), buf_span(&other), &clear, &err), &err,
        ERR_CONFLICT);
    assert_fails(vault_open_key(bench->client, buf_span(&sealed), &site, SPAN_EMPTY, &clear, &err),
        &err, ERR_CONFLICT);
    assert_fails(vault_open_secret(bench->client, buf_span(&sealed), &site, &clear, &err), &err,
        ERR_CONFLICT);
    assert_null(clear);
    assert_works(open_for(bench, buf_span(&sealed), buf_span(&spki), &clear, &err), &err);
}

static void a_killed_vault_does_not_begin_with_a_fresh_allowance(void **state)
{
    struct bench *bench = *state;
    struct vault_stats before = { 0 }, after = { 0 };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(8192);
    autodone(buf) struct buf cert = BUF_INIT(65536);
    struct err err = { 0 };
    int n = 0;

    (void)unlock_new(bench);
    assert_works(vault_make_key(bench->client, VAULT_P256, &site, &sealed, &spki, &err), &err);
    make_cert(buf_span(&spki), &cert);
    for (; n < 5000; n++) {
        autofree(secret) struct secret *clear = NULL;

        if (!vault_open_key(bench->client, buf_span(&sealed), &site, buf_span(&cert), &clear, &err))
            break;
    }
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_works(vault_stats_get(bench->client, &before, &err), &err);
    assert_int_equal(before.n_opened, n);
    kill(bench->pid, SIGKILL);
    stop_vault(bench->pid, SIGKILL);
    bench->pid = start_vault(bench, bench->client, NULL);
    for (n = 0; n < 100; n++) {
        autofree(secret) struct secret *clear = NULL;

        if (!vault_open_key(bench->client, buf_span(&sealed), &site, buf_span(&cert), &clear, &err))
            break;
    }
    /* What two keys a second have earned meanwhile. */
    assert_true(n < 100);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_works(vault_stats_get(bench->client, &after, &err), &err);
    assert_int_equal(after.n_opened, before.n_opened + n);
    assert_int_equal(after.n_refused, before.n_refused + 1);
}

static void a_tokens_key_wraps_the_master_key(void **state)
{
    struct bench *bench = *state;
    char dir[] = "/tmp/certdesk-token-XXXXXX";
    autofree(str) char *pin = NULL, *wrong = NULL;
    struct vault_binding mail = { VAULT_SECRET, "mail/1" };
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct vault_masters known, after;
    struct vault_master made = { 0 };
    struct keeper keeper;
    struct err err = { 0 };

    assert_non_null(mkdtemp(dir));
    if (!make_token(dir))
        skip();
    pin = xasprintf("%s/pin", dir);
    wrong = xasprintf("%s/wrong", dir);
    assert_works(fs_write_atomic(pin, SPAN_LITERAL("87654321\n"), 0600, &err), &err);
    assert_works(fs_write_atomic(wrong, SPAN_LITERAL("11111111\n"), 0600, &err), &err);
    vault_client_set_fd(bench->client, -1);
    stop_vault(bench->pid, 0);
    struct vault_given given = { .pkcs11 = MODULE "\ntest\ncertdesk", .pin = pin };

    bench->pid = start_vault_with(bench, bench->client, &given);
    known = unlock_new(bench);
    assert_int_equal(known.items[0].source, VAULT_PKCS11);
    assert_works(vault_seal_secret(bench->client, SPAN_LITERAL("x"), &mail, &sealed, &err), &err);
    keep(&keeper, bench);
    keeper.given = given;
    assert_works(vault_make_master(bench->client, &made, &err), &err);
    after = promoted(&known, &made);
    assert_works(vault_reload(bench->client, &after, &err), &err);
    assert_works(vault_open_secret(bench->client, buf_span(&sealed), &mail, &clear, &err), &err);
    keeper.given.pin = wrong;
    assert_fails(vault_reload(bench->client, &after, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "PIN is wrong");
    /* With another key than the one that wrapped it, and with none. */
    keeper.given = (struct vault_given){ .pkcs11 = MODULE "\ntest\nother", .pin = pin };
    assert_fails(vault_reload(bench->client, &after, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "no AES key \"other\"");
    keeper.given.pkcs11 = MODULE "\nelsewhere\ncertdesk";
    assert_false(vault_reload(bench->client, &after, &err));
    keeper.given = given;
    assert_works(vault_reload(bench->client, &after, &err), &err);
    stop_keeping(&keeper);
    remove_token(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_new_master_key_seals_only_when_it_is_told_to),
        TEST(what_was_sealed_is_wrapped_anew_and_opens_without_the_old_key),
        TEST(a_key_that_was_made_and_forgotten_is_taken_up_again),
        TEST(a_key_that_is_only_announced_need_not_be_there),
        TEST(no_call_fails_while_a_master_key_is_brought_in),
        TEST(others_are_answered_while_a_long_key_is_made),
        TEST(a_changed_passphrase_opens_what_the_old_one_sealed),
        TEST(a_key_opens_only_for_its_certificate),
        TEST(a_killed_vault_does_not_begin_with_a_fresh_allowance),
        TEST(a_tokens_key_wraps_the_master_key),
    };

    be_a_vault_if_told(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
