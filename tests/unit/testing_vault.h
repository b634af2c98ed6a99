/*
 * testing_vault: real vaults as children of a test, each on a key directory of its own.
 */
#pragma once

#include "testing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/secret.h"
#include "base/subprocess.h"
#include "vault/client.h"
#include "vault/client_keys.h"
#include "vault/hsm_process.h"
#include "vault/process.h"

struct bench {
    char dir[64];
    struct vault_client *client;
    pid_t pid; /* of the vault that the client speaks to */
};

static const struct vault_binding site = { VAULT_TLS, "csr/1" };

/* Files, as the supervisor would open them; NULL where there is none. */
struct vault_given {
    const char *passphrase;
    const char *old_passphrase;
    const char *pkcs11;
    const char *pin;
    const char *ca_token; /* "MODULE\nTOKEN\nKEY", whose PIN is in `pin`, too */
};

/* "" is nothing, in the arguments of a vault. */
static inline int open_given(const char *path)
{
    return path[0] ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* What a vault was told of the token with authorities' keys. */
static struct {
    char *pin;
    char *where;
} told_token;

/* In the vault: this program once more, as the token's process. */
static inline bool start_told_token(int fd, struct err *err)
{
    char *argv[] = { xstrdup("vault"), xstrdup("token"), xstrdup(told_token.pin),
        xstrdup(told_token.where), NULL };
    struct subprocess_fd fds[] = { { fd, 3 }, { STDOUT_FILENO, STDOUT_FILENO } };
    struct subprocess_conf conf = { "/proc/self/exe", argv, environ, fds, countof(fds) };
    pid_t pid;
    bool ok = subprocess_spawn(&conf, &pid, err);

    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    return ok;
}

/*
 * The tests' program is the vault's, too: a fork of a process with threads could be stuck before it
 * begins. The first line of main().
 */
static inline void be_a_vault_if_told(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "token") == 0) {
        struct hsm_process_conf token = { .fd = 3,
            .pin_fd = open_given(argv[2]),
            .where = argv[3] };

        _exit(hsm_process_main(&token));
    }
    if (argc != 8 || strcmp(argv[1], "vault") != 0)
        return;
    told_token.pin = argv[5];
    told_token.where = argv[7];
    struct vault_process_conf conf = { .fd = 3,
        .key_dir_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .access = { .passphrase_fd = open_given(argv[3]),
            .old_passphrase_fd = open_given(argv[4]),
            .pin_fd = open_given(argv[5]),
            .pkcs11 = argv[6][0] ? argv[6] : NULL,
            .wants_passphrase = argv[3][0] != '\0',
            .wants_pkcs11 = argv[6][0] != '\0' },
        .start_token = argv[7][0] ? start_told_token : NULL };

    _exit(vault_process_main(&conf));
}

static inline char *given_or_nothing(const char *path)
{
    return xstrdup(path ? path : "");
}

/* Start a vault on the bench's directory and hand its socket to `client`. */
static inline pid_t start_vault_with(const struct bench *bench, struct vault_client *client,
    const struct vault_given *given)
{
    int ours = -1, theirs = -1;
    struct err err = { 0 };
    pid_t pid = 0;

    assert_works(frame_pair(&ours, &theirs, &err), &err);
    char *argv[] = { xstrdup("vault"), xstrdup("vault"), xstrdup(bench->dir),
        given_or_nothing(given->passphrase), given_or_nothing(given->old_passphrase),
        given_or_nothing(given->pin), given_or_nothing(given->pkcs11),
        given_or_nothing(given->ca_token), NULL };
    struct subprocess_fd fds[] = { { theirs, 3 }, { STDOUT_FILENO, STDOUT_FILENO } };
    struct subprocess_conf conf = { "/proc/self/exe", argv, environ, fds, countof(fds) };

    assert_works(subprocess_spawn(&conf, &pid, &err), &err);
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    fd_close(theirs);
    vault_client_set_fd(client, ours);
    return pid;
}

static inline pid_t start_vault(const struct bench *bench, struct vault_client *client,
    const char *passphrase)
{
    struct vault_given given = { .passphrase = passphrase };

    return start_vault_with(bench, client, &given);
}

static inline int setup(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);

    (void)snprintf(bench->dir, sizeof bench->dir, "/tmp/certdesk-vault-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    bench->client = vault_client_new(0);
    bench->pid = start_vault(bench, bench->client, NULL);
    *state = bench;
    return 0;
}

static inline void stop_vault(pid_t pid, int expected_signal)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (expected_signal)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == expected_signal);
    else
        assert_int_equal(status, 0);
}

static inline int teardown(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = { "master.key", "opened", "passphrase", "old" };

    vault_client_free(bench->client);
    if (bench->pid)
        stop_vault(bench->pid, 0);
    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *path = xasprintf("%s/%s", bench->dir, names[i]);

        (void)unlink(path);
    }
    assert_int_equal(rmdir(bench->dir), 0);
    free(bench);
    return 0;
}

static const struct vault_masters nothing_known;

/* The first key of a new directory, as the database would then know it. */
static inline struct vault_masters unlock_new(struct bench *bench)
{
    struct vault_masters known = { .n = 1 };
    struct err err = { 0 };

    assert_works(vault_unlock(bench->client, &nothing_known, &known.items[0], &err), &err);
    assert_int_equal(known.items[0].state, VAULT_CURRENT);
    return known;
}

static inline EVP_PKEY *public_of(struct span spki)
{
    const uint8_t *at = spki.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.size);

    assert_non_null(key);
    return key;
}

/* A certificate of that public key, signed by somebody else. */
static inline void make_cert(struct span spki, struct buf *der)
{
    EVP_PKEY *issuer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *key = public_of(spki);
    X509 *cert = X509_new();
    uint8_t *bytes = NULL;

    assert_true(cert && issuer && X509_set_version(cert, X509_VERSION_3) == 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, issuer, EVP_sha256()) > 0);
    int size = i2d_X509(cert, &bytes);

    assert_true(size > 0);
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    X509_free(cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer);
}

/* Open a key of `site` for a certificate of its public half. */
static inline bool open_for(struct bench *bench, struct span sealed, struct span spki,
    struct secret **ret, struct err *err)
{
    autodone(buf) struct buf cert = BUF_INIT(65536);

    make_cert(spki, &cert);
    return vault_open_key(bench->client, sealed, &site, buf_span(&cert), ret, err);
}
