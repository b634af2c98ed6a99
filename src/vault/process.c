/*
 * vault/process: see the header.
 *
 * A second thread makes keys, which takes long, on a socket of its own. It is there before seccomp
 * is, which then binds both, and waits for its socket, which comes with the request to unlock.
 */
#include "vault/process.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/hsm.h"
#include "vault/protocol.h"
#include "vault/recovery.h"

#define EXIT_FATAL 78
#define SECURE_HEAP (256u << 10)

/* The thread that makes keys. */
struct maker {
    struct vault *vault;
    pthread_mutex_t lock;
    pthread_cond_t has_come;
    int fd; /* -1: not yet */
};

/* Everything the libraries would otherwise look for later, when it is too late. */
static bool warm_up(struct err *err)
{
    uint8_t byte;

    tzset(); /* OpenSSL asks for the time of day in UTC, and glibc for a file the first time */
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
            NULL) != 1 ||
        CRYPTO_secure_malloc_init(SECURE_HEAP, 32) == 0 || RAND_priv_bytes(&byte, 1) != 1 ||
        sodium_init() < 0)
        return fail(err, ERR_INTERNAL, "could not start the cryptographic libraries");
    return true;
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answer one request; *ret_fd is what came with it, -1 for nothing. False: the server is gone, or
 * no longer makes sense. */
static bool serve_one(struct vault *vault, int fd, struct buf *in, struct buf *out, int *ret_fd,
    struct err *err)
{
    struct frame request;
    int fds[FRAME_FDS_MAX];
    size_t n_fds = 0;

    if (!frame_receive(fd, -1, in, &request, fds, &n_fds, err))
        return false;
    *ret_fd = n_fds > 0 ? fds[0] : -1;
    for (size_t i = 1; i < n_fds; i++)
        fd_close(fds[i]);
    buf_clear(out);
    vault_answer(vault, &request, wall_clock_ms(), out);
    buf_clear(in);
    ERR_clear_error();
    return frame_send_bytes(fd, buf_span(out), err);
}

static void *make_keys(void *arg)
{
    struct maker *maker = arg;
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT_SECRET(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct err err = { 0 };
    int passed = -1;

    (void)pthread_mutex_lock(&maker->lock);
    while (maker->fd < 0)
        (void)pthread_cond_wait(&maker->has_come, &maker->lock);
    int fd = maker->fd;

    (void)pthread_mutex_unlock(&maker->lock);
    while (serve_one(maker->vault, fd, &in, &out, &passed, &err))
        fd_close(passed);
    fd_close(fd); /* the server's end has closed; so will the other socket's */
    return NULL;
}

static bool start_maker(struct maker *maker, struct vault *vault, struct err *err)
{
    pthread_t thread;

    maker->vault = vault;
    maker->fd = -1;
    (void)pthread_mutex_init(&maker->lock, NULL);
    (void)pthread_cond_init(&maker->has_come, NULL);
    if (pthread_create(&thread, NULL, make_keys, maker) != 0)
        return fail(err, ERR_UNAVAILABLE, "could not start a thread");
    (void)pthread_detach(thread);
    return true;
}

/* Takes `fd`. One is enough: the client sends it once. */
static void give_to_maker(struct maker *maker, int fd)
{
    (void)pthread_mutex_lock(&maker->lock);
    if (maker->fd < 0)
        maker->fd = fd;
    else
        fd_close(fd);
    (void)pthread_cond_signal(&maker->has_come);
    (void)pthread_mutex_unlock(&maker->lock);
}

/*
 * A module for a token needs what only its maker knows: files, sockets, devices. Until the keys are
 * loaded the vault is then not shut in; afterwards it is, as always.
 */
static bool confine_files(const struct vault_process_conf *conf, struct err *err)
{
    static const struct sandbox_path here = { ".", SANDBOX_READ | SANDBOX_WRITE };
    struct sandbox_files files = { .paths = &here, .n_paths = 1, .no_tcp = true };

    if (fchdir(conf->key_dir_fd) != 0)
        return fail_errno(err, ERR_INVALID, "could not enter the key directory");
    (void)close(conf->key_dir_fd);
    return conf->access.pkcs11 || sandbox_files(&files, NULL, err);
}

static bool serve(struct vault *vault, struct maker *maker, int fd, struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT_SECRET(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    bool is_tight = false;
    int passed = -1;

    while (serve_one(vault, fd, &in, &out, &passed, err)) {
        if (passed >= 0 && vault->is_unlocked)
            give_to_maker(maker, passed);
        else
            fd_close(passed);
        if (vault->hsm && hsm_is_gone(vault->hsm))
            return fail(err, ERR_INTERNAL,
                "the token's process has ended: another vault starts one");
        if (!vault->is_unlocked || is_tight)
            continue;
        if (!sandbox_calls(SANDBOX_VAULT, err))
            return false;
        is_tight = true;
    }
    return false;
}

/* While other programs can still be started, and there is no key yet. */
static bool start_token(struct vault *vault, const struct vault_process_conf *conf, struct err *err)
{
    autoclose int theirs = -1;
    int ours = -1;

    if (!conf->start_token)
        return true;
    if (!frame_pair(&ours, &theirs, err))
        return false;
    vault_use_hsm(vault, hsm_new(ours));
    return conf->start_token(theirs, err);
}

static bool take_recovery_key(struct vault *vault, const char *text, struct err *err)
{
    if (text[0] == '\0')
        return true;
    vault->has_recovery_key = true;
    return recovery_public_parse(text, vault->recovery_key, err) ||
           err_wrap(err, "backup.recovery_key");
}

int vault_process_main(const struct vault_process_conf *conf)
{
    /* Not on the stack, and never given back: the other thread ends with the process. */
    static struct ledger ledger;
    static struct vault vault;
    static struct maker maker;
    struct err err = { 0 };

    secret_forbid_dumps();
    vault_init(&vault, vault_sources, &conf->access, &ledger);
    if (!start_token(&vault, conf, &err) || !warm_up(&err) ||
        !take_recovery_key(&vault, conf->recovery_key, &err) || !confine_files(conf, &err) ||
        !start_maker(&maker, &vault, &err) ||
        (!conf->access.pkcs11 && !sandbox_calls(SANDBOX_VAULT_KEYS, &err))) {
        fprintf(stderr, "certdesk: vault: %s\n", err.msg);
        return EXIT_FATAL;
    }
    ledger_init(&ledger, ledger_open());
    (void)serve(&vault, &maker, conf->fd, &err);
    (void)pthread_mutex_lock(&vault.lock); /* for good: nothing more is sealed */
    ca_cache_wipe(&vault.cas);
    master_ring_done(&vault.ring);
    if (err.kind == ERR_NOT_FOUND || err.kind == ERR_UNAVAILABLE)
        return 0; /* the server has ended */
    log_error("vault.failed", KV_ERR(&err));
    return 1;
}
