/*
 * import/pfx_mac: is a PKCS#12 file whole, and which reading of the password is right?
 */
#pragma once

#include <openssl/pkcs12.h>

#include "import/reading.h"

/*
 * Where there is a MAC, the password that fits it goes first in reading->passwords;
 * IMPORT_WRONG_PASSWORD where none does. Without a MAC there is nothing to check.
 */
bool pfx_check_mac(struct reading *reading, const PKCS12 *pfx, struct err *err) must_check;
