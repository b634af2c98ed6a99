/*
 * import/pfx: PKCS#12 files (RFC 7292, with the MAC of RFC 9579), as Windows, Java, macOS, OpenSSL,
 * NSS and GnuTLS write them.
 *
 * Any number of certificates and keys; BER; with a MAC or without. The MAC tells which reading of
 * the password is right; without one, decryption does. What is neither certificate nor key (CRLs,
 * secrets) is passed over.
 */
#pragma once

#include "import/reading.h"

/* *ret_is_one: is it a PKCS#12 file at all? Bytes behind its end are IMPORT_MALFORMED. */
bool pfx_read(struct reading *reading, struct span bytes, bool *ret_is_one, struct err *err)
    must_check;
