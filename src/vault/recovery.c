/* vault/recovery: see the header. */
#include "vault/recovery.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"

#define TEXT_PREFIX "cdrk1-"
#define CHECK_SIZE 4
#define FILE_TITLE "certdesk recovery key 1"
#define DATA_KEY_SIZE 32

_Static_assert(RECOVERY_SEAL_OVERHEAD == crypto_box_SEALBYTES, "as libsodium has it");
_Static_assert(RECOVERY_PUBLIC_SIZE == crypto_box_PUBLICKEYBYTES, "as libsodium has it");
_Static_assert(RECOVERY_TEXT_SIZE >= sizeof TEXT_PREFIX + 2 * (RECOVERY_PUBLIC_SIZE + CHECK_SIZE),
    "the text fits");

void recovery_key_make(struct recovery_key *ret)
{
    ret->private_half = secret_new_zeroed(crypto_box_SECRETKEYBYTES);
    crypto_box_keypair(ret->public_half, secret_bytes(ret->private_half));
}

void recovery_key_done(struct recovery_key *key)
{
    secret_free(key->private_half);
    key->private_half = NULL;
}

static void checksum(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE],
    uint8_t ret[static CHECK_SIZE])
{
    uint8_t digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, public_half, RECOVERY_PUBLIC_SIZE);
    memcpy(ret, digest, CHECK_SIZE);
}

void recovery_public_text(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE],
    char ret[static RECOVERY_TEXT_SIZE])
{
    uint8_t bytes[RECOVERY_PUBLIC_SIZE + CHECK_SIZE];
    char hex[2 * sizeof bytes + 1];

    memcpy(bytes, public_half, RECOVERY_PUBLIC_SIZE);
    checksum(public_half, bytes + RECOVERY_PUBLIC_SIZE);
    (void)sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    (void)snprintf(ret, RECOVERY_TEXT_SIZE, "%s%s", TEXT_PREFIX, hex);
}

bool recovery_public_parse(const char *text, uint8_t ret[static RECOVERY_PUBLIC_SIZE],
    struct err *err)
{
    uint8_t bytes[RECOVERY_PUBLIC_SIZE + CHECK_SIZE];
    uint8_t check[CHECK_SIZE];
    size_t size = 0;

    if (strncmp(text, TEXT_PREFIX, strlen(TEXT_PREFIX)) != 0 ||
        sodium_hex2bin(bytes, sizeof bytes, text + strlen(TEXT_PREFIX),
            strlen(text) - strlen(TEXT_PREFIX), NULL, &size, NULL) != 0 ||
        size != sizeof bytes)
        return fail(err, ERR_INVALID, "a recovery key is %s and %zu hexadecimal digits",
            TEXT_PREFIX, 2 * sizeof bytes);
    checksum(bytes, check);
    if (memcmp(check, bytes + RECOVERY_PUBLIC_SIZE, CHECK_SIZE) != 0)
        return fail(err, ERR_INVALID, "the recovery key has a slip in it: its checksum is wrong");
    memcpy(ret, bytes, RECOVERY_PUBLIC_SIZE);
    return true;
}

void recovery_key_write(const struct recovery_key *key, struct buf *out)
{
    char hex[2 * crypto_box_SECRETKEYBYTES + 1];

    (void)sodium_bin2hex(hex, sizeof hex, secret_span(key->private_half).data,
        crypto_box_SECRETKEYBYTES);
    buf_add_text(out, FILE_TITLE "\n");
    buf_add_text(out, hex);
    buf_add_text(out, "\n");
    secret_wipe(hex, sizeof hex);
}

bool recovery_key_read(struct span text, struct recovery_key *ret, struct err *err)
{
    autofree(secret) struct secret *private_half = secret_new_zeroed(crypto_box_SECRETKEYBYTES);
    struct span line;
    size_t size = 0;

    if (!span_split(&text, '\n', &line) || !span_is(span_trim(line), FILE_TITLE))
        return fail(err, ERR_INVALID, "this is no file with a recovery key of certdesk");
    text = span_trim(text);
    if (sodium_hex2bin(secret_bytes(private_half), crypto_box_SECRETKEYBYTES,
            (const char *)text.data, text.size, NULL, &size, NULL) != 0 ||
        size != crypto_box_SECRETKEYBYTES || text.size != 2 * size)
        return fail(err, ERR_INVALID, "the file with the recovery key is damaged");
    if (crypto_scalarmult_base(ret->public_half, secret_span(private_half).data) != 0)
        return fail(err, ERR_INVALID, "the recovery key is none");
    ret->private_half = take(&private_half);
    return true;
}

void recovery_seal(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE], struct span clear,
    struct buf *sealed)
{
    uint8_t *at = buf_extend(sealed, clear.size + RECOVERY_SEAL_OVERHEAD);

    if (at)
        crypto_box_seal(at, clear.data, clear.size, public_half);
}

bool recovery_open(const struct recovery_key *key, struct span sealed, struct secret **ret,
    struct err *err)
{
    if (sealed.size <= RECOVERY_SEAL_OVERHEAD)
        return fail(err, ERR_INVALID, "what was sealed to the recovery key is cut off");
    autofree(secret) struct secret *clear = secret_new_zeroed(sealed.size - RECOVERY_SEAL_OVERHEAD);

    if (crypto_box_seal_open(secret_bytes(clear), sealed.data, sealed.size, key->public_half,
            secret_span(key->private_half).data) != 0)
        return fail(err, ERR_INVALID, "it is damaged, or was made for another recovery key");
    *ret = take(&clear);
    return true;
}

/* So that no data key can be handed to another row. */
static void bind(const struct vault_binding *binding, uint8_t ret[static crypto_hash_sha256_BYTES])
{
    const char *purpose = vault_purpose_name(binding->purpose);
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_hash_sha256_update(&state, (const uint8_t *)binding->row, strlen(binding->row) + 1);
    crypto_hash_sha256_final(&state, ret);
}

bool recovery_seal_data_key(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE],
    const struct secret *data_key, const struct vault_binding *binding, struct buf *sealed,
    struct err *err)
{
    autofree(secret) struct secret *clear =
        secret_new_zeroed(DATA_KEY_SIZE + crypto_hash_sha256_BYTES);

    ASSERT(secret_size(data_key) == DATA_KEY_SIZE);
    memcpy(secret_bytes(clear), secret_span(data_key).data, DATA_KEY_SIZE);
    bind(binding, secret_bytes(clear) + DATA_KEY_SIZE);
    recovery_seal(public_half, secret_span(clear), sealed);
    return buf_check(sealed, "a sealed data key", err);
}

bool recovery_open_data_key(const struct recovery_key *key, struct span sealed,
    const struct vault_binding *binding, struct secret **ret, struct err *err)
{
    autofree(secret) struct secret *clear = NULL;
    uint8_t bound[crypto_hash_sha256_BYTES];

    if (!recovery_open(key, sealed, &clear, err))
        return false;
    bind(binding, bound);
    if (secret_size(clear) != DATA_KEY_SIZE + sizeof bound ||
        memcmp(secret_span(clear).data + DATA_KEY_SIZE, bound, sizeof bound) != 0)
        return fail(err, ERR_INVALID, "it belongs to another row");
    *ret = secret_new(span_slice(secret_span(clear), 0, DATA_KEY_SIZE));
    return true;
}
