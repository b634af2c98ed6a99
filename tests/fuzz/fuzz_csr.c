/* x509/csr: a request from a stranger; everything that can be asked of it is. */
#include "base/err.h"
#include "base/parse.h"
#include "x509/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(csr) struct csr *csr = NULL;
    char field[CERT_SAN_TEXT_MAX];
    struct cert_san san;
    size_t position = 0;
    size_t n = 0;
    struct err err = { 0 };

    if (!csr_from_any(span_of(data, size), &csr, &err))
        return 0;
    ASSERT(parse_is_utf8(span_text(csr_subject(csr))));
    ASSERT(parse_is_utf8(span_text(csr_common_name(csr))));
    while (csr_next_san(csr, &position, &san)) {
        ASSERT(parse_is_utf8(span_text(cert_san_text(&san, field))));
        n++;
    }
    ASSERT(n == csr_n_sans(csr));
    return 0;
}
