/*
 * vault/master: keys derived from a passphrase, with Argon2id.
 *
 * The recipe is operations, bytes of memory and salt. The passphrase is the content of a
 * descriptor, without the line feed at its end. A wrong passphrase gives another key, which its id
 * tells. While a passphrase is being changed there are two.
 */
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/master.h"

#define PASSPHRASE_MAX 4096
#define PASSPHRASE_MIN 12

/* What new keys are derived with: 64 MiB, three passes. */
#define NEW_OPS 3
#define NEW_MEMORY (INT64_C(64) << 20)
#define MEMORY_MAX (INT64_C(1) << 30)

struct recipe {
    int64_t ops;
    int64_t memory;
    uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
};

static bool is_given(const struct master_access *access)
{
    return access->passphrase_fd >= 0;
}

static bool read_passphrase(int fd, struct buf *ret, struct err *err)
{
    uint8_t chunk[256];
    ssize_t n;

    /* The same descriptor is read again for the next key. */
    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail_errno(err, ERR_INVALID, "could not read the passphrase");
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        buf_add(ret, chunk, (size_t)n);
    secret_wipe(chunk, sizeof chunk);
    if (n < 0)
        return fail_errno(err, ERR_INVALID, "could not read the passphrase");
    while (ret->size > 0 && (ret->data[ret->size - 1] == '\n' || ret->data[ret->size - 1] == '\r'))
        ret->size--;
    if (ret->size < PASSPHRASE_MIN)
        return fail(err, ERR_INVALID, "the passphrase is shorter than %d bytes", PASSPHRASE_MIN);
    return buf_check(ret, "the passphrase", err);
}

static bool derive(struct span passphrase, const struct recipe *recipe, struct secret **ret,
    struct err *err)
{
    autofree(secret) struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);

    if (crypto_pwhash(secret_bytes(key), MASTER_KEY_SIZE, (const char *)passphrase.data,
            passphrase.size, recipe->salt, (unsigned long long)recipe->ops, (size_t)recipe->memory,
            crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(err, ERR_UNAVAILABLE, "not enough memory to derive the master key");
    *ret = take(&key);
    return true;
}

/* "OPS MEMORY SALT" */
static bool parse_recipe(const char *text, struct recipe *ret, struct err *err)
{
    struct span line = span_text(text), ops, memory;
    size_t size = 0;

    if (!span_split(&line, ' ', &ops) || !span_split(&line, ' ', &memory) ||
        !parse_i64(ops, 1, 100, &ret->ops, err) ||
        !parse_i64(memory, 8192, MEMORY_MAX, &ret->memory, err) ||
        sodium_hex2bin(ret->salt, sizeof ret->salt, (const char *)line.data, line.size, NULL, &size,
            NULL) != 0 ||
        size != sizeof ret->salt)
        return fail(err, ERR_INVALID, "the master key's salt in the database is damaged");
    return true;
}

/* *ret stays NULL where this passphrase gives another key. */
static bool try_one(int fd, const struct recipe *recipe, const char *key_id, struct secret **ret,
    struct err *err)
{
    autodone(buf) struct buf passphrase = BUF_INIT_SECRET(PASSPHRASE_MAX);
    autofree(secret) struct secret *key = NULL;
    struct vault_identity identity;

    if (!read_passphrase(fd, &passphrase, err) || !derive(buf_span(&passphrase), recipe, &key, err))
        return false;
    master_identify_bytes(key, &identity);
    if (strcmp(identity.key_id, key_id) == 0)
        *ret = take(&key);
    return true;
}

static bool load(const struct master_access *access, const struct vault_master *wanted,
    struct secret **ret, struct err *err)
{
    const int fds[] = { access->passphrase_fd, access->old_passphrase_fd };
    autofree(secret) struct secret *key = NULL;
    struct recipe recipe;

    if (!parse_recipe(wanted->recipe, &recipe, err))
        return false;
    for (size_t i = 0; i < countof(fds) && !key; i++)
        if (fds[i] >= 0 && !try_one(fds[i], &recipe, wanted->identity.key_id, &key, err))
            return false;
    if (!key)
        return fail(err, ERR_CONFLICT,
            "the passphrase is another one: it does not give key %s, which the database belongs to",
            wanted->identity.key_id);
    *ret = take(&key);
    return true;
}

static bool make(const struct master_access *access, const struct vault_masters *known,
    struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err)
{
    autodone(buf) struct buf passphrase = BUF_INIT_SECRET(PASSPHRASE_MAX);
    struct recipe fresh = { .ops = NEW_OPS, .memory = NEW_MEMORY };
    char hex[2 * sizeof fresh.salt + 1];

    (void)known;
    if (!read_passphrase(access->passphrase_fd, &passphrase, err))
        return false;
    rand_bytes(fresh.salt, sizeof fresh.salt);
    sodium_bin2hex(hex, sizeof hex, fresh.salt, sizeof fresh.salt);
    (void)snprintf(recipe, VAULT_RECIPE_MAX, "%" PRId64 " %" PRId64 " %s", fresh.ops, fresh.memory,
        hex);
    return derive(buf_span(&passphrase), &fresh, ret, err);
}

const struct master_source master_passphrase = { "passphrase", is_given, load, make, NULL };
