/*
 * vault/master: keys wrapped by a token (PKCS#11 v2.40).
 *
 * The token holds an AES key that never leaves it. A master key is random bytes of ours; the recipe
 * in the database holds them encrypted under the token's key (CKM_AES_CBC_PAD, which every token
 * can; that they are the right ones is told by the master key's id and check value). So the token
 * is asked once, at the start, and not for each key in the database.
 *
 * The module is somebody else's code: it is loaded before the vault shuts itself in, and unloaded
 * when the keys are there.
 */
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/span.h"
#include "vault/master.h"
#include "vault/pkcs11.h"

#define IV_SIZE 16
#define WRAPPED_MAX (MASTER_KEY_SIZE + 16)

/* One vault in a process, so one token. */
static struct pkcs11 token;
static CK_OBJECT_HANDLE token_key;

static bool is_given(const struct master_access *access)
{
    return access->pkcs11 != NULL;
}

/* *ret_found is false where the token has no such key. */
static bool find_key(struct span label, bool *ret_found, struct err *err)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    uint8_t name[256];
    CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof class },
        { CKA_KEY_TYPE, &type, sizeof type }, { CKA_LABEL, name, label.size } };
    size_t n = 0;

    memcpy(name, label.data, label.size);
    if (!pkcs11_find(&token, template, countof(template), &token_key, 1, &n, err))
        return false;
    *ret_found = n == 1;
    return true;
}

static bool generate_key(struct span label, struct err *err)
{
    CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG size = 32;
    uint8_t name[256];
    CK_ATTRIBUTE template[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes },
        { CKA_SENSITIVE, &yes, sizeof yes }, { CKA_EXTRACTABLE, &no, sizeof no },
        { CKA_ENCRYPT, &yes, sizeof yes }, { CKA_DECRYPT, &yes, sizeof yes },
        { CKA_VALUE_LEN, &size, sizeof size }, { CKA_LABEL, name, label.size } };

    memcpy(name, label.data, label.size);
    CK_RV rv = token.call->C_GenerateKey(token.session, &mechanism, template, countof(template),
        &token_key);

    return rv == CKR_OK || pkcs11_fail(err, rv, "could not make a key on the token");
}

/* Once; `may_generate` where nothing was ever wrapped by it. */
static bool open_token(const struct master_access *access, bool may_generate, struct err *err)
{
    struct pkcs11_where where;
    bool is_found = false;

    if (token.is_open)
        return true;
    if (!pkcs11_where_read(access->pkcs11, &where, err))
        return false;
    if (where.key.size == 0)
        return fail(err, ERR_INTERNAL, "the token's description is damaged");
    if (!pkcs11_open(&token, &where, access->pin_fd, err) || !find_key(where.key, &is_found, err))
        return false;
    if (is_found)
        return true;
    if (!may_generate)
        return fail(err, ERR_CONFLICT, "the token has no AES key \"%.*s\"", (int)where.key.size,
            (const char *)where.key.data);
    return generate_key(where.key, err);
}

static void close_token(void)
{
    pkcs11_close(&token);
}

static bool open_or_close(const struct master_access *access, bool may_generate, struct err *err)
{
    if (open_token(access, may_generate, err))
        return true;
    close_token();
    return false;
}

/* "IV WRAPPED", both in hexadecimal. */
static bool parse_recipe(const char *text, uint8_t iv[static IV_SIZE], uint8_t *wrapped,
    size_t *ret_size, struct err *err)
{
    size_t n_iv = 0, n_wrapped = 0;
    const char *blank = strchr(text, ' ');

    if (!blank ||
        sodium_hex2bin(iv, IV_SIZE, text, (size_t)(blank - text), NULL, &n_iv, NULL) != 0 ||
        sodium_hex2bin(wrapped, WRAPPED_MAX, blank + 1, strlen(blank + 1), NULL, &n_wrapped,
            NULL) != 0 ||
        n_iv != IV_SIZE || n_wrapped == 0)
        return fail(err, ERR_INVALID, "the wrapped master key in the database is damaged");
    *ret_size = n_wrapped;
    return true;
}

static bool load(const struct master_access *access, const struct vault_master *wanted,
    struct secret **ret, struct err *err)
{
    autofree(secret) struct secret *clear = secret_new_zeroed(WRAPPED_MAX);
    autofree(secret) struct secret *key = NULL;
    uint8_t iv[IV_SIZE], wrapped[WRAPPED_MAX];
    CK_MECHANISM mechanism = { CKM_AES_CBC_PAD, iv, sizeof iv };
    CK_ULONG n = WRAPPED_MAX;
    size_t size = 0;
    struct vault_identity identity;

    if (!parse_recipe(wanted->recipe, iv, wrapped, &size, err) ||
        !open_or_close(access, false, err))
        return false;
    CK_RV rv = token.call->C_DecryptInit(token.session, &mechanism, token_key);

    if (rv == CKR_OK)
        rv = token.call->C_Decrypt(token.session, wrapped, size, secret_bytes(clear), &n);
    if (rv != CKR_OK || n != MASTER_KEY_SIZE)
        return fail(err, ERR_CONFLICT,
            "the token's key is another one: it does not unwrap master key %s (0x%lx)",
            wanted->identity.key_id, rv);
    key = secret_new(span_of(secret_bytes(clear), MASTER_KEY_SIZE));
    master_identify_bytes(key, &identity);
    if (strcmp(identity.key_id, wanted->identity.key_id) != 0)
        return fail(err, ERR_CONFLICT,
            "the token's key is another one: the database belongs to master key %s",
            wanted->identity.key_id);
    *ret = take(&key);
    return true;
}

static bool uses_token(const struct vault_masters *known)
{
    for (size_t i = 0; i < known->n; i++)
        if (known->items[i].source == VAULT_PKCS11)
            return true;
    return false;
}

static bool make(const struct master_access *access, const struct vault_masters *known,
    struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err)
{
    autofree(secret) struct secret *key = secret_new_zeroed(MASTER_KEY_SIZE);
    uint8_t iv[IV_SIZE], wrapped[WRAPPED_MAX];
    char iv_hex[2 * IV_SIZE + 1], hex[2 * WRAPPED_MAX + 1];
    CK_MECHANISM mechanism = { CKM_AES_CBC_PAD, iv, sizeof iv };
    CK_ULONG n = sizeof wrapped;

    if (!open_or_close(access, !uses_token(known), err))
        return false;
    rand_bytes(secret_bytes(key), MASTER_KEY_SIZE);
    rand_bytes(iv, sizeof iv);
    CK_RV rv = token.call->C_EncryptInit(token.session, &mechanism, token_key);

    if (rv == CKR_OK)
        rv = token.call->C_Encrypt(token.session, secret_bytes(key), MASTER_KEY_SIZE, wrapped, &n);
    if (rv != CKR_OK)
        return pkcs11_fail(err, rv, "could not wrap a master key");
    sodium_bin2hex(iv_hex, sizeof iv_hex, iv, sizeof iv);
    sodium_bin2hex(hex, sizeof hex, wrapped, n);
    (void)snprintf(recipe, VAULT_RECIPE_MAX, "%s %s", iv_hex, hex);
    *ret = take(&key);
    return true;
}

const struct master_source master_pkcs11 = { "PKCS#11 token", is_given, load, make, close_token };
