/* x509/der: see the header. */
#include "x509/der.h"

/* The length at `at`, and how many bytes tag and length take; false if it is cut off or indefinite.
 */
static bool read_length(struct span s, size_t *header, size_t *length)
{
    if (s.size < 2)
        return false;
    const uint8_t first = s.data[1];
    const size_t n_bytes = first & 0x7fU;

    *header = 2;
    *length = first;
    if (first < 0x80)
        return true;
    if (n_bytes == 0 || n_bytes > sizeof(uint32_t) || s.size < 2 + n_bytes)
        return false;
    *header = 2 + n_bytes;
    *length = 0;
    for (size_t i = 0; i < n_bytes; i++)
        *length = *length << 8 | s.data[2 + i];
    return true;
}

bool der_next(struct span *rest, uint8_t *tag, struct span *content)
{
    size_t header = 0;
    size_t length = 0;

    if (!read_length(*rest, &header, &length) || (rest->data[0] & 0x1fU) == 0x1fU ||
        length > rest->size - header)
        return false;
    *tag = rest->data[0];
    *content = span_of(rest->data + header, length);
    *rest = span_of(rest->data + header + length, rest->size - header - length);
    return true;
}

bool der_expect(struct span *rest, uint8_t tag, struct span *content)
{
    struct span left = *rest;
    uint8_t found = 0;

    if (!der_next(&left, &found, content) || found != tag)
        return false;
    *rest = left;
    return true;
}

bool der_small_integer(struct span content, int64_t *ret)
{
    int64_t value = 0;

    if (content.size == 0 || content.size > 7 || (content.data[0] & 0x80U) != 0)
        return false;
    for (size_t i = 0; i < content.size; i++)
        value = value << 8 | content.data[i];
    *ret = value;
    return true;
}
