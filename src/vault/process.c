/* vault/process: see the header. */
#include "vault/process.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/protocol.h"
#include "vault/recovery.h"

#define EXIT_FATAL 78
#define SECURE_HEAP (256u << 10)

/* Everything the libraries would otherwise look for later, when it is too late. */
static bool warm_up(struct err *err)
{
    uint8_t byte;

    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
            NULL) != 1 ||
        CRYPTO_secure_malloc_init(SECURE_HEAP, 32) == 0 || RAND_priv_bytes(&byte, 1) != 1 ||
        sodium_init() < 0)
        return fail(err, ERR_INTERNAL, "could not start the cryptographic libraries");
    return true;
}

static bool confine(int key_dir_fd, struct err *err)
{
    static const struct sandbox_path here = { ".", SANDBOX_READ | SANDBOX_WRITE };
    struct sandbox_files files = { .paths = &here, .n_paths = 1, .no_tcp = true };

    if (fchdir(key_dir_fd) != 0)
        return fail_errno(err, ERR_INVALID, "could not enter the key directory");
    (void)close(key_dir_fd);
    return sandbox_files(&files, NULL, err) && sandbox_calls(SANDBOX_VAULT_KEYS, err);
}

/* Answer one request. False: the server is gone, or no longer makes sense. */
static bool serve_one(struct vault *vault, int fd, struct buf *in, struct buf *out, struct err *err)
{
    struct frame request;

    if (!frame_receive(fd, -1, in, &request, NULL, NULL, err))
        return false;
    buf_clear(out);
    vault_answer(vault, &request, clock_mono_ms(), out);
    buf_clear(in);
    ERR_clear_error();
    return frame_send_bytes(fd, buf_span(out), err);
}

static bool serve(struct vault *vault, int fd, struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT_SECRET(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    bool is_tight = false;

    while (serve_one(vault, fd, &in, &out, err)) {
        if (!vault->is_unlocked || is_tight)
            continue;
        if (!sandbox_calls(SANDBOX_VAULT, err))
            return false;
        is_tight = true;
    }
    return false;
}

static bool take_recovery_key(struct vault *vault, const char *text, struct err *err)
{
    if (text[0] == '\0')
        return true;
    vault->has_recovery_key = true;
    return recovery_public_parse(text, vault->recovery_key, err) ||
           err_wrap(err, "backup.recovery_key");
}

int vault_process_main(int fd, int key_dir_fd, int passphrase_fd, const char *recovery_key)
{
    autodone(vault) struct vault vault;
    struct err err = { 0 };

    secret_forbid_dumps();
    vault_init(&vault, passphrase_fd >= 0 ? &master_passphrase : &master_file, passphrase_fd);
    if (!warm_up(&err) || !take_recovery_key(&vault, recovery_key, &err) ||
        !confine(key_dir_fd, &err)) {
        fprintf(stderr, "certdesk: vault: %s\n", err.msg);
        return EXIT_FATAL;
    }
    (void)serve(&vault, fd, &err);
    if (err.kind == ERR_NOT_FOUND || err.kind == ERR_UNAVAILABLE)
        return 0; /* the server has ended */
    log_error("vault.failed", KV_ERR(&err));
    return 1;
}
