/*
 * vault/master: keys in a file.
 *
 * "master.key" begins with a line that names its format, then holds one key a line, 64 hexadecimal
 * digits, the newest last. Whoever may read it can open every key in the database: a file that
 * others may read is refused.
 */
#include <sodium.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/master.h"

#define FILE_NAME "master.key"
#define FILE_TITLE "certdesk master key 1"
#define FILE_MAX 4096

static bool check_mode(struct err *err)
{
    struct stat st;

    if (stat(FILE_NAME, &st) == 0 && (st.st_mode & 077) != 0)
        return fail(err, ERR_DENIED,
            "others than its owner may use the master key file; it needs mode 0600");
    return true;
}

static bool add_line(struct master_ring *ring, struct span line, struct err *err)
{
    struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);
    size_t size = 0;

    if (sodium_hex2bin(secret_bytes(key), MASTER_KEY_SIZE, (const char *)line.data, line.size, NULL,
            &size, NULL) != 0 ||
        size != MASTER_KEY_SIZE || line.size != 2 * MASTER_KEY_SIZE) {
        secret_free(key);
        return fail(err, ERR_INVALID, "the master key file is damaged");
    }
    return master_ring_add(ring, key, err);
}

static bool load(int passphrase_fd, struct master_ring *ring, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(FILE_MAX);
    struct span rest, line;

    (void)passphrase_fd;
    if (!fs_read(FILE_NAME, &text, err) || !check_mode(err))
        return false;
    rest = buf_span(&text);
    if (!span_split(&rest, '\n', &line) || !span_is(line, FILE_TITLE))
        return fail(err, ERR_INVALID, "the master key file is damaged, or of a later version");
    while (span_split(&rest, '\n', &line))
        if (line.size > 0 && !add_line(ring, line, err))
            return false;
    if (ring->n_keys == 0)
        return fail(err, ERR_INVALID, "the master key file holds no key");
    return true;
}

static bool create(int passphrase_fd, struct master_ring *ring, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(FILE_MAX);
    struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);
    char hex[2 * MASTER_KEY_SIZE + 1];

    (void)passphrase_fd;
    rand_bytes(secret_bytes(key), MASTER_KEY_SIZE);
    sodium_bin2hex(hex, sizeof hex, secret_bytes(key), MASTER_KEY_SIZE);
    buf_add_text(&text, FILE_TITLE "\n");
    buf_add_text(&text, hex);
    buf_add_text(&text, "\n");
    secret_wipe(hex, sizeof hex);
    if (!fs_create_new(FILE_NAME, buf_span(&text), 0600, err)) {
        secret_free(key);
        return false;
    }
    return master_ring_add(ring, key, err);
}

const struct master_source master_file = { "key file", load, create };
