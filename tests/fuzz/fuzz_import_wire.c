/* import/wire: what a process sends that has read a stranger's bytes, and may be taken over. */
#include "base/err.h"
#include "import/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autodone(import_result) struct import_result result = { 0 };
    struct import_upload upload = { 0 };
    struct import_refusal refusal = { 0 };
    struct err err = { 0 };
    struct span payload = span_of(data, size);

    if (wire_read_result(payload, &result, &err))
        ASSERT(result.n_certs <= IMPORT_CERTS_MAX && result.n_keys <= IMPORT_KEYS_MAX);
    (void)wire_read_refusal(payload, &refusal, &err);
    ASSERT(refusal.fault < N_IMPORT_FAULTS && refusal.part < N_IMPORT_PARTS);
    if (wire_read_upload(payload, &upload, &err))
        ASSERT(upload.password.size <= IMPORT_PASSWORD_MAX);
    return 0;
}
