/*
 * vault/master: keys in a file.
 *
 * "master.key" begins with a line that names its format, then holds one key a line, 64 hexadecimal
 * digits, the newest last. Whoever may read it can open every key in the database: a file that
 * others may read is refused. Keys are added and never taken away: copies of the database from
 * before a rotation need the old ones.
 */
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/master.h"

#define FILE_NAME "master.key"
#define FILE_TITLE "certdesk master key 1"
#define FILE_MAX 65536
#define FILE_KEYS_MAX 512

/* Every key of the file, in its order. */
struct file_keys {
    struct secret *items[FILE_KEYS_MAX];
    size_t n;
};

static void file_keys_done(struct file_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        secret_free(keys->items[i]);
}
DEFINE_AUTODONE(file_keys);

static bool is_given(const struct master_access *access)
{
    (void)access;
    return true;
}

static bool check_mode(struct err *err)
{
    struct stat st;

    if (stat(FILE_NAME, &st) == 0 && (st.st_mode & 077) != 0)
        return fail(err, ERR_DENIED,
            "others than its owner may use the master key file; it needs mode 0600");
    return true;
}

static bool add_line(struct file_keys *keys, struct span line, struct err *err)
{
    struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);
    size_t size = 0;

    if (sodium_hex2bin(secret_bytes(key), MASTER_KEY_SIZE, (const char *)line.data, line.size, NULL,
            &size, NULL) != 0 ||
        size != MASTER_KEY_SIZE || line.size != 2 * MASTER_KEY_SIZE || keys->n == FILE_KEYS_MAX) {
        secret_free(key);
        return fail(err, ERR_INVALID, "the master key file is damaged");
    }
    for (size_t i = 0; i < keys->n; i++) {
        if (secret_equal(secret_span(keys->items[i]), secret_span(key))) {
            secret_free(key);
            return fail(err, ERR_CONFLICT, "a master key is there twice");
        }
    }
    keys->items[keys->n++] = key;
    return true;
}

/* `text` gets the file as it is. ERR_NOT_FOUND: there is no file. */
static bool read_keys(struct buf *text, struct file_keys *keys, struct err *err)
{
    struct span rest, line;

    if (!fs_read(FILE_NAME, text, err) || !check_mode(err))
        return false;
    rest = buf_span(text);
    if (!span_split(&rest, '\n', &line) || !span_is(line, FILE_TITLE))
        return fail(err, ERR_INVALID, "the master key file is damaged, or of a later version");
    while (span_split(&rest, '\n', &line))
        if (line.size > 0 && !add_line(keys, line, err))
            return false;
    if (keys->n == 0)
        return fail(err, ERR_INVALID, "the master key file holds no key");
    return true;
}

static bool load(const struct master_access *access, const struct vault_master *wanted,
    struct secret **ret, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(FILE_MAX);
    autodone(file_keys) struct file_keys keys = { 0 };
    struct vault_identity identity;

    (void)access;
    if (!read_keys(&text, &keys, err))
        return false;
    for (size_t i = 0; i < keys.n; i++) {
        master_identify_bytes(keys.items[i], &identity);
        if (strcmp(identity.key_id, wanted->identity.key_id) == 0) {
            *ret = secret_new(secret_span(keys.items[i]));
            return true;
        }
    }
    return fail(err, ERR_CONFLICT, "the master key is another one: the database belongs to key %s",
        wanted->identity.key_id);
}

static bool is_known(const struct secret *key, const struct vault_masters *known)
{
    struct vault_identity identity;

    master_identify_bytes(key, &identity);
    for (size_t i = 0; i < known->n; i++)
        if (strcmp(known->items[i].identity.key_id, identity.key_id) == 0)
            return true;
    return false;
}

/* One more line; the file is replaced whole, or made. */
static bool append(const struct buf *before, const struct secret *key, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(FILE_MAX);
    char hex[2 * MASTER_KEY_SIZE + 1];

    sodium_bin2hex(hex, sizeof hex, secret_span(key).data, MASTER_KEY_SIZE);
    if (before->size > 0)
        buf_add_span(&text, buf_span(before));
    else
        buf_add_text(&text, FILE_TITLE "\n");
    if (text.data[text.size - 1] != '\n')
        buf_add_char(&text, '\n');
    buf_add_text(&text, hex);
    buf_add_text(&text, "\n");
    secret_wipe(hex, sizeof hex);
    if (!buf_check(&text, "the master key file", err))
        return false;
    return before->size > 0 ? fs_write_atomic(FILE_NAME, buf_span(&text), 0600, err)
                            : fs_create_new(FILE_NAME, buf_span(&text), 0600, err);
}

static bool make(const struct master_access *access, const struct vault_masters *known,
    struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(FILE_MAX);
    autodone(file_keys) struct file_keys keys = { 0 };
    autofree(secret) struct secret *key = NULL;

    (void)access;
    recipe[0] = '\0';
    if (!read_keys(&text, &keys, err)) {
        if (err->kind != ERR_NOT_FOUND)
            return false;
        err_clear(err);
    } else if (!is_known(keys.items[keys.n - 1], known)) {
        *ret = secret_new(secret_span(keys.items[keys.n - 1]));
        return true;
    }
    key = secret_new_zeroed(MASTER_KEY_SIZE);
    rand_bytes(secret_bytes(key), MASTER_KEY_SIZE);
    if (!append(&text, key, err))
        return false;
    *ret = take(&key);
    return true;
}

const struct master_source master_file = { "key file", is_given, load, make, NULL };
