/*
 * import/pbe: what password-based encryption a file uses, before anything is computed.
 */
#pragma once

#include <openssl/x509.h>

#include "import/reading.h"

/*
 * Can this be decrypted here, and at what cost? IMPORT_UNSUPPORTED names what is missing;
 * IMPORT_MALFORMED: its parameters make no sense.
 */
bool pbe_examine(struct reading *reading, const X509_ALGOR *algorithm, int64_t *ret_iterations,
    struct err *err) must_check;

/* PBKDF2's parameters, of encryption or of a MAC. */
struct pbkdf2 {
    struct span salt; /* borrowed from the algorithm's */
    int64_t iterations;
    int64_t key_size; /* 0: not said */
    const EVP_MD *digest;
    PBKDF2PARAM *owned;
};

bool pbkdf2_read(struct reading *reading, const X509_ALGOR *algorithm, struct pbkdf2 *ret,
    struct err *err) must_check;
void pbkdf2_done(struct pbkdf2 *pbkdf2);

/* The name of an algorithm, or its dotted number. Returns `field`. */
const char *pbe_name(const X509_ALGOR *algorithm, char field[static 96]);

DEFINE_AUTODONE(pbkdf2);
