/*
 * import/pem: the blocks of a PEM text with certificates and keys (RFC 7468), old encrypted ones
 * (RFC 1421's DEK-Info) among them.
 */
#pragma once

#include "import/reading.h"

/* *ret_is_one: is there any PEM block? Those that hold neither certificate nor key are skipped. */
bool pem_read(struct reading *reading, struct span text, bool *ret_is_one, struct err *err)
    must_check;

/* The certificates of a PKCS#7 or CMS SignedData; *ret_is_one: is it one? */
bool pkcs7_read(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
    must_check;

/* One certificate in DER, with or without OpenSSL's trust settings behind it. */
bool cert_read(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
    must_check;
