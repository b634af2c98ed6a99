/*
 * import/read: what is in the parts of an upload, whatever form they are in.
 *
 * PKCS#12, PKCS#7, certificates and keys in DER; any mixture of them in PEM. What a part is, is
 * seen from what is in it, never from a file's name.
 */
#pragma once

#include "base/base.h"
#include "import/client.h"
#include "import/found.h"

struct err;

/*
 * Once, before anything is read: OpenSSL's old algorithms, if they are installed. What was loaded
 * stays; without it files that need them are IMPORT_UNSUPPORTED.
 */
void read_prepare(void);

/*
 * `iterations` is what all key derivations together may take (READING_ITERATIONS). On failure
 * *ret_refusal says which part and why; what was found until then is the caller's to drop.
 */
bool read_upload(const struct import_upload *upload, int64_t iterations, struct found *found,
    struct import_refusal *ret_refusal, struct err *err) must_check;
