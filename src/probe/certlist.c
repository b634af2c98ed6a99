/* probe/certlist: see the header. */
#include "probe/certlist.h"

#define CERTIFICATE_MESSAGE 11

/* Cut a vector with a length of `n_bytes` off *rest. */
static bool get_vector(struct span *rest, size_t n_bytes, struct span *ret)
{
    size_t size = 0;

    if (rest->size < n_bytes)
        return false;
    for (size_t i = 0; i < n_bytes; i++)
        size = size << 8 | rest->data[i];
    if (rest->size - n_bytes < size)
        return false;
    *ret = span_slice(*rest, n_bytes, size);
    *rest = span_slice(*rest, n_bytes + size, SIZE_MAX);
    return true;
}

enum certlist_verdict certlist_parse(struct span message, bool is_tls13, struct certlist *ret)
{
    struct span body = SPAN_EMPTY;
    struct span list = SPAN_EMPTY;
    struct span der = SPAN_EMPTY;
    struct span skipped = SPAN_EMPTY;
    struct span rest = span_slice(message, 1, SIZE_MAX);

    *ret = (struct certlist){ 0 };
    if (message.size < 4 || message.data[0] != CERTIFICATE_MESSAGE ||
        !get_vector(&rest, 3, &body) || rest.size > 0)
        return CERTLIST_MALFORMED;
    if (is_tls13 && !get_vector(&body, 1, &skipped)) /* certificate_request_context */
        return CERTLIST_MALFORMED;
    if (!get_vector(&body, 3, &list) || body.size > 0)
        return CERTLIST_MALFORMED;

    while (list.size > 0) {
        if (!get_vector(&list, 3, &der) || der.size == 0)
            return CERTLIST_MALFORMED;
        if (is_tls13 && !get_vector(&list, 2, &skipped)) /* its extensions */
            return CERTLIST_MALFORMED;
        if (ret->n == PROBE_CHAIN_MAX)
            return CERTLIST_TOO_MANY;
        if (der.size > PROBE_DER_MAX)
            return CERTLIST_TOO_LARGE;
        ret->ders[ret->n++] = der;
    }
    return CERTLIST_OK;
}
