/*
 * import/read: files of strangers, with certificates and keys, of whatever form. The first byte
 * says which password goes with it. Key derivations are cut short: what they cost is not the
 * parsers'.
 */
#include <openssl/err.h>

#include "base/err.h"
#include "base/secret.h"
#include "import/found.h"
#include "import/read.h"

#define ITERATIONS 3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passwords[] = { "", "1234", "password", "foo", "\xC3\xA9t\xC3\xA9",
        "PolarSSLTest" };
    autodone(found) struct found found = { 0 };
    struct import_upload upload = { 0 };
    struct import_refusal refusal = { 0 };
    struct err err = { 0 };

    read_prepare();
    if (size == 0)
        return 0;
    upload.password = span_text(passwords[data[0] % countof(passwords)]);
    upload.parts[data[0] / countof(passwords) % N_IMPORT_PARTS] = span_of(data + 1, size - 1);
    if (!read_upload(&upload, ITERATIONS, &found, &refusal, &err)) {
        ASSERT(refusal.fault != IMPORT_FAULT_NONE && err.msg[0]);
        return 0;
    }
    for (size_t i = 0; i < found.n_certs; i++)
        ASSERT(found.certs[i].der.size > 0);
    for (size_t i = 0; i < found.n_keys; i++)
        ASSERT(secret_size(found.keys[i].pkcs8) > 0 && found.keys[i].spki.size > 0);
    return 0;
}
