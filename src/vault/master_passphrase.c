/*
 * vault/master: keys derived from a passphrase, with Argon2id.
 *
 * "master.salt" begins with a line that names its format, then holds, for each key, operations,
 * bytes of memory and salt. The passphrase is the content of the descriptor, without the line feed
 * at its end. A wrong passphrase gives another key, which the database's check value tells.
 */
#include <sodium.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/master.h"

#define FILE_NAME "master.salt"
#define FILE_TITLE "certdesk master passphrase 1"
#define FILE_MAX 4096
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

static bool read_passphrase(int fd, struct buf *ret, struct err *err)
{
    uint8_t chunk[256];
    ssize_t n;

    /* The same descriptor is read again when a key is made after none was found. */
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

static bool add_derived(struct master_ring *ring, struct span passphrase,
    const struct recipe *recipe, struct err *err)
{
    struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);

    if (crypto_pwhash(secret_bytes(key), MASTER_KEY_SIZE, (const char *)passphrase.data,
            passphrase.size, recipe->salt, (unsigned long long)recipe->ops, (size_t)recipe->memory,
            crypto_pwhash_ALG_ARGON2ID13) != 0) {
        secret_free(key);
        return fail(err, ERR_UNAVAILABLE, "not enough memory to derive the master key");
    }
    return master_ring_add(ring, key, err);
}

/* "OPS MEMORY SALT" */
static bool parse_recipe(struct span line, struct recipe *ret, struct err *err)
{
    struct span ops, memory;
    size_t size = 0;

    if (!span_split(&line, ' ', &ops) || !span_split(&line, ' ', &memory) ||
        !parse_i64(ops, 1, 100, &ret->ops, err) ||
        !parse_i64(memory, 8192, MEMORY_MAX, &ret->memory, err) ||
        sodium_hex2bin(ret->salt, sizeof ret->salt, (const char *)line.data, line.size, NULL, &size,
            NULL) != 0 ||
        size != sizeof ret->salt)
        return fail(err, ERR_INVALID, "the master salt file is damaged");
    return true;
}

static bool load(int passphrase_fd, struct master_ring *ring, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(FILE_MAX);
    autodone(buf) struct buf passphrase = BUF_INIT_SECRET(PASSPHRASE_MAX);
    struct span rest, line;
    struct recipe recipe;

    if (!fs_read(FILE_NAME, &text, err) || !read_passphrase(passphrase_fd, &passphrase, err))
        return false;
    rest = buf_span(&text);
    if (!span_split(&rest, '\n', &line) || !span_is(line, FILE_TITLE))
        return fail(err, ERR_INVALID, "the master salt file is damaged, or of a later version");
    while (span_split(&rest, '\n', &line)) {
        if (line.size == 0)
            continue;
        if (!parse_recipe(line, &recipe, err) ||
            !add_derived(ring, buf_span(&passphrase), &recipe, err))
            return false;
    }
    return ring->n_keys > 0 || fail(err, ERR_INVALID, "the master salt file holds no salt");
}

static bool create(int passphrase_fd, struct master_ring *ring, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(FILE_MAX);
    autodone(buf) struct buf passphrase = BUF_INIT_SECRET(PASSPHRASE_MAX);
    struct recipe recipe = { .ops = NEW_OPS, .memory = NEW_MEMORY };
    char hex[2 * sizeof recipe.salt + 1];

    if (!read_passphrase(passphrase_fd, &passphrase, err))
        return false;
    rand_bytes(recipe.salt, sizeof recipe.salt);
    sodium_bin2hex(hex, sizeof hex, recipe.salt, sizeof recipe.salt);
    buf_addf(&text, FILE_TITLE "\n%" PRId64 " %" PRId64 " %s\n", recipe.ops, recipe.memory, hex);
    return fs_create_new(FILE_NAME, buf_span(&text), 0600, err) &&
           add_derived(ring, buf_span(&passphrase), &recipe, err);
}

const struct master_source master_passphrase = { "passphrase", load, create };
