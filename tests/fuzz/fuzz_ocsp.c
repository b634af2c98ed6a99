/* x509/ocsp: a question from anybody; everything that is asked of it is. */
#include "base/err.h"
#include "base/parse.h"
#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ocsp_request request;
    char field[2 * OCSP_SERIAL_MAX + 1];
    struct err err = { 0 };

    if (!ocsp_request_parse(span_of(data, size), &request, &err)) {
        ASSERT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
        return 0;
    }
    ASSERT(request.n_items > 0 && request.n_items <= OCSP_ITEMS_MAX);
    ASSERT(request.nonce_size <= OCSP_NONCE_MAX);
    for (size_t i = 0; i < request.n_items; i++) {
        const struct ocsp_item *item = &request.items[i];

        ASSERT(item->serial_size > 0 && item->serial_size <= OCSP_SERIAL_MAX);
        ASSERT(span_text(ocsp_item_serial(item, field)).size == 2 * item->serial_size);
    }
    return 0;
}
