/*
 * vault/pkcs11: a token, by way of its maker's module (PKCS#11 v2.40).
 *
 * The module is somebody else's code, so whoever opens one has thought of what it may reach. Used
 * by vault/master_pkcs11, in a vault that has no key yet, and by vault/hsm_answer, in a process
 * of its own.
 */
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/base.h"
#include "base/span.h"
#include "codec/digest.h"

struct err;

#define PKCS11_SERIAL_SIZE 17 /* sixteen characters, and a NUL */

struct pkcs11 {
    CK_FUNCTION_LIST *call; /* NULL: the module is not loaded, or was finalized */
    CK_SESSION_HANDLE session;
    char serial[PKCS11_SERIAL_SIZE]; /* of the token that is open */
    bool is_open;
    bool has_refused; /* a PIN: it is not tried again, or the token would lock itself */
    uint8_t refused[SHA256_SIZE];
};

/* What the settings say: "MODULE\nTOKEN\nKEY LABEL". */
struct pkcs11_where {
    char module[512];
    struct span token; /* these borrow from the text */
    struct span key;   /* may be empty */
};
bool pkcs11_where_read(const char *text, struct pkcs11_where *ret, struct err *err) must_check;

/*
 * A session with a user logged in, who stays so until pkcs11_close(). The PIN is read from the
 * start of `pin_fd` and wiped. Open already: nothing happens. ERR_INVALID: no module; ERR_CONFLICT:
 * the PIN is wrong; ERR_UNAVAILABLE: no token, or it does not answer.
 */
bool pkcs11_open(struct pkcs11 *p, const struct pkcs11_where *where, int pin_fd, struct err *err)
    must_check;

/* Nothing is kept but a PIN that was refused. The module stays mapped: not every one bears to be
 * unloaded. */
void pkcs11_close(struct pkcs11 *p);

/* Up to `max` objects that have all of these attributes; how many to *ret_n. */
bool pkcs11_find(struct pkcs11 *p, CK_ATTRIBUTE *attributes, size_t n, CK_OBJECT_HANDLE *ret,
    size_t max, size_t *ret_n, struct err *err) must_check;

/* Fails for what the token said: "WHAT: the token says 0x…". */
bool pkcs11_fail(struct err *err, CK_RV rv, const char *what);
