/* vault/pkcs11: see the header. */
#include "vault/pkcs11.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#define PIN_MAX 256
#define SLOTS_MAX 64

bool pkcs11_where_read(const char *text, struct pkcs11_where *ret, struct err *err)
{
    struct span rest = span_text(text), module;

    if (!span_split(&rest, '\n', &module) || !span_split(&rest, '\n', &ret->token))
        return fail(err, ERR_INTERNAL, "the token's description is damaged");
    ret->key = rest;
    if (module.size >= sizeof ret->module || rest.size > 255)
        return fail(err, ERR_INVALID, "the module's path or the key's label is too long");
    span_copy_text(module, ret->module, sizeof ret->module);
    return true;
}

static bool is_about_pin(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_LEN_RANGE ||
           rv == CKR_PIN_INVALID || rv == CKR_PIN_EXPIRED;
}

bool pkcs11_fail(struct err *err, CK_RV rv, const char *what)
{
    bool is_pin = is_about_pin(rv);

    return fail(err, is_pin ? ERR_CONFLICT : ERR_UNAVAILABLE, "%s: the token says 0x%lx%s", what,
        rv, is_pin ? " (the PIN is wrong, or locked)" : "");
}

static bool open_module(struct pkcs11 *p, const char *path, struct err *err)
{
    CK_C_GetFunctionList list;

    if (p->call)
        return true;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!module)
        return fail(err, ERR_INVALID, "could not load the PKCS#11 module \"%s\": %s", path,
            dlerror());
    *(void **)&list = dlsym(module, "C_GetFunctionList");
    CK_RV rv = list ? list(&p->call) : CKR_FUNCTION_NOT_SUPPORTED;

    if (rv != CKR_OK) {
        p->call = NULL;
        return fail(err, ERR_INVALID, "\"%s\" is no PKCS#11 module", path);
    }
    rv = p->call->C_Initialize(NULL);
    if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return true;
    p->call = NULL;
    return pkcs11_fail(err, rv, "could not start the PKCS#11 module");
}

/* What is padded with blanks to a fixed size. */
static struct span unpadded(const void *field, size_t size)
{
    struct span s = span_of(field, size);

    while (s.size > 0 && s.data[s.size - 1] == ' ')
        s.size--;
    return s;
}

static bool find_slot(struct pkcs11 *p, struct span label, CK_SLOT_ID *ret, struct err *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_RV rv = p->call->C_GetSlotList(CK_TRUE, slots, &n);

    if (rv != CKR_OK)
        return pkcs11_fail(err, rv, "could not list the tokens");
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;

        if (p->call->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            !span_equal(unpadded(info.label, sizeof info.label), label))
            continue;
        *ret = slots[i];
        span_copy_text(unpadded(info.serialNumber, sizeof info.serialNumber), p->serial,
            sizeof p->serial);
        return true;
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

/* After three wrong PINs many tokens lock themselves for good, so each is tried once. */
static bool log_in(struct pkcs11 *p, int pin_fd, struct err *err)
{
    autodone(buf) struct buf pin = BUF_INIT_SECRET(PIN_MAX);
    uint8_t hash[SHA256_SIZE];

    if (!read_pin(pin_fd, &pin, err))
        return false;
    digest_sha256(buf_span(&pin), hash);
    if (p->has_refused && memcmp(p->refused, hash, sizeof hash) == 0)
        return fail(err, ERR_CONFLICT,
            "the token refused this PIN before (the PIN is wrong, or locked)");
    CK_RV rv = p->call->C_Login(p->session, CKU_USER, pin.data, pin.size);

    p->has_refused = is_about_pin(rv);
    memcpy(p->refused, hash, sizeof hash);
    secret_wipe(hash, sizeof hash);
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ||
           pkcs11_fail(err, rv, "could not log in to the token");
}

static bool open_session(struct pkcs11 *p, CK_SLOT_ID slot, int pin_fd, struct err *err)
{
    CK_RV rv =
        p->call->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &p->session);

    if (rv != CKR_OK)
        return pkcs11_fail(err, rv, "could not speak to the token");
    return log_in(p, pin_fd, err);
}

bool pkcs11_open(struct pkcs11 *p, const struct pkcs11_where *where, int pin_fd, struct err *err)
{
    CK_SLOT_ID slot;

    if (p->is_open)
        return true;
    if (open_module(p, where->module, err) && find_slot(p, where->token, &slot, err) &&
        open_session(p, slot, pin_fd, err))
        return p->is_open = true;
    pkcs11_close(p);
    return false;
}

void pkcs11_close(struct pkcs11 *p)
{
    if (p->call)
        (void)p->call->C_Finalize(NULL);
    p->call = NULL;
    p->is_open = false;
}

bool pkcs11_find(struct pkcs11 *p, CK_ATTRIBUTE *attributes, size_t n, CK_OBJECT_HANDLE *ret,
    size_t max, size_t *ret_n, struct err *err)
{
    CK_ULONG found = 0;
    CK_RV rv = p->call->C_FindObjectsInit(p->session, attributes, n);

    if (rv == CKR_OK) {
        rv = p->call->C_FindObjects(p->session, ret, max, &found);
        (void)p->call->C_FindObjectsFinal(p->session);
    }
    *ret_n = found;
    return rv == CKR_OK || pkcs11_fail(err, rv, "could not look for the key on the token");
}
