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
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/span.h"
#include "vault/master.h"

#define PIN_MAX 256
#define IV_SIZE 16
#define WRAPPED_MAX (MASTER_KEY_SIZE + 16)
#define SLOTS_MAX 64

/* One vault in a process, so one token. */
static struct {
    void *module;
    CK_FUNCTION_LIST *call;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    bool is_open;
} token;

static bool is_given(const struct master_access *access)
{
    return access->pkcs11 != NULL;
}

static bool fail_rv(struct err *err, CK_RV rv, const char *what)
{
    bool is_pin = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_LEN_RANGE;

    return fail(err, is_pin ? ERR_CONFLICT : ERR_UNAVAILABLE, "%s: the token says 0x%lx%s", what,
        rv, is_pin ? " (the PIN is wrong, or locked)" : "");
}

static bool open_module(const char *path, struct err *err)
{
    CK_C_GetFunctionList list;

    token.module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!token.module)
        return fail(err, ERR_INVALID, "could not load the PKCS#11 module \"%s\": %s", path,
            dlerror());
    *(void **)&list = dlsym(token.module, "C_GetFunctionList");
    CK_RV rv = list ? list(&token.call) : CKR_FUNCTION_NOT_SUPPORTED;

    if (rv != CKR_OK)
        return fail(err, ERR_INVALID, "\"%s\" is no PKCS#11 module", path);
    rv = token.call->C_Initialize(NULL);
    return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ||
           fail_rv(err, rv, "could not start the PKCS#11 module");
}

/* Labels are padded with blanks to 32 bytes. */
static bool is_label(const CK_TOKEN_INFO *info, struct span label)
{
    struct span found = span_of(info->label, sizeof info->label);

    while (found.size > 0 && found.data[found.size - 1] == ' ')
        found.size--;
    return span_equal(found, label);
}

static bool find_slot(struct span label, CK_SLOT_ID *ret, struct err *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_RV rv = token.call->C_GetSlotList(CK_TRUE, slots, &n);

    if (rv != CKR_OK)
        return fail_rv(err, rv, "could not list the tokens");
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;

        if (token.call->C_GetTokenInfo(slots[i], &info) == CKR_OK && is_label(&info, label)) {
            *ret = slots[i];
            return true;
        }
    }
    return fail(err, ERR_UNAVAILABLE, "there is no token \"%.*s\"", (int)label.size,
        (const char *)label.data);
}

static bool read_pin(int fd, struct buf *pin, struct err *err)
{
    uint8_t bytes[PIN_MAX];
    ssize_t n = fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? read(fd, bytes, sizeof bytes) : -1;

    if (n > 0)
        buf_add_span(pin, span_trim(span_of(bytes, (size_t)n)));
    secret_wipe(bytes, sizeof bytes);
    return n > 0 || fail(err, ERR_INVALID, "could not read the token's PIN");
}

static bool open_session(CK_SLOT_ID slot, int pin_fd, struct err *err)
{
    autodone(buf) struct buf pin = BUF_INIT_SECRET(PIN_MAX);
    CK_RV rv = token.call->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
        &token.session);

    if (rv != CKR_OK)
        return fail_rv(err, rv, "could not speak to the token");
    if (!read_pin(pin_fd, &pin, err))
        return false;
    rv = token.call->C_Login(token.session, CKU_USER, pin.data, pin.size);
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ||
           fail_rv(err, rv, "could not log in to the token");
}

/* *ret_found is false where the token has no such key. */
static bool find_key(struct span label, bool *ret_found, struct err *err)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    uint8_t name[256];
    CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof class },
        { CKA_KEY_TYPE, &type, sizeof type }, { CKA_LABEL, name, label.size } };
    CK_ULONG n = 0;

    memcpy(name, label.data, label.size);
    CK_RV rv = token.call->C_FindObjectsInit(token.session, template, countof(template));

    if (rv == CKR_OK) {
        rv = token.call->C_FindObjects(token.session, &token.key, 1, &n);
        (void)token.call->C_FindObjectsFinal(token.session);
    }
    *ret_found = n == 1;
    return rv == CKR_OK || fail_rv(err, rv, "could not look for the key on the token");
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
        &token.key);

    return rv == CKR_OK || fail_rv(err, rv, "could not make a key on the token");
}

/* Once; `may_generate` where nothing was ever wrapped by it. */
static bool open_token(const struct master_access *access, bool may_generate, struct err *err)
{
    struct span rest = span_text(access->pkcs11), module, name, key;
    CK_SLOT_ID slot;
    bool is_found = false;
    char path[512];

    if (token.is_open)
        return true;
    if (!span_split(&rest, '\n', &module) || !span_split(&rest, '\n', &name) ||
        !span_split(&rest, '\n', &key) || key.size == 0 || key.size > 255)
        return fail(err, ERR_INTERNAL, "the token's description is damaged");
    span_copy_text(module, path, sizeof path);
    if (!open_module(path, err) || !find_slot(name, &slot, err) ||
        !open_session(slot, access->pin_fd, err) || !find_key(key, &is_found, err))
        return false;
    if (!is_found && !may_generate)
        return fail(err, ERR_CONFLICT, "the token has no AES key \"%.*s\"", (int)key.size,
            (const char *)key.data);
    if (!is_found && !generate_key(key, err))
        return false;
    token.is_open = true;
    return true;
}

static void close_token(void)
{
    if (token.call)
        (void)token.call->C_Finalize(NULL);
    /* The module stays mapped: not every module bears to be unloaded. */
    token.call = NULL;
    token.is_open = false;
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
    CK_RV rv = token.call->C_DecryptInit(token.session, &mechanism, token.key);

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
    CK_RV rv = token.call->C_EncryptInit(token.session, &mechanism, token.key);

    if (rv == CKR_OK)
        rv = token.call->C_Encrypt(token.session, secret_bytes(key), MASTER_KEY_SIZE, wrapped, &n);
    if (rv != CKR_OK)
        return fail_rv(err, rv, "could not wrap a master key");
    sodium_bin2hex(iv_hex, sizeof iv_hex, iv, sizeof iv);
    sodium_bin2hex(hex, sizeof hex, wrapped, n);
    (void)snprintf(recipe, VAULT_RECIPE_MAX, "%s %s", iv_hex, hex);
    *ret = take(&key);
    return true;
}

const struct master_source master_pkcs11 = { "PKCS#11 token", is_given, load, make, close_token };
