/*
 * import/key: private keys, in the forms in which they are written down.
 */
#pragma once

#include <openssl/x509.h>

#include "import/reading.h"

/*
 * Each adds what it holds to reading->found. Taken are RSA, ECDSA, Ed25519, Ed448 and, because
 * there are such files, DSA; any other kind is IMPORT_UNSUPPORTED, with its name.
 */
bool key_add(struct reading *reading, EVP_PKEY *key, struct err *err) must_check;
bool key_add_info(struct reading *reading, const PKCS8_PRIV_KEY_INFO *info, struct err *err)
    must_check;

/*
 * EC keys have several spellings (RFC 5480, 2: the curve by name or in full, the point whole or
 * compressed), and a certificate's key is known by the hash of one: each key is written as in its
 * certificate, if that is among what was found.
 */
void key_fit_certs(struct found *found);

/* Encrypted PKCS#8 (RFC 5958); the password that fits is looked for. */
bool key_add_encrypted(struct reading *reading, const X509_SIG *encrypted, struct err *err)
    must_check;

/* *ret_is_one: is this DER a private key at all (PKCS#8, PKCS#1, SEC 1, encrypted PKCS#8)? */
bool key_add_der(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
    must_check;
