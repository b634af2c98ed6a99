/* codec/hex: see the header. */
#include "codec/hex.h"

#include "base/err.h"

const char *hex_encode(struct span bytes, char *field, size_t field_size)
{
    static const char digits[] = "0123456789abcdef";

    ASSERT(field_size > 2 * bytes.size);
    for (size_t i = 0; i < bytes.size; i++) {
        field[2 * i] = digits[bytes.data[i] >> 4];
        field[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    field[2 * bytes.size] = '\0';
    return field;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct span text, uint8_t *ret, size_t size, struct err *err)
{
    if (text.size != 2 * size)
        return fail(err, ERR_INVALID, "not %zu hexadecimal digits", 2 * size);
    for (size_t i = 0; i < size; i++)
        if (digit(text.data[2 * i]) < 0 || digit(text.data[2 * i + 1]) < 0)
            return fail(err, ERR_INVALID, "not %zu hexadecimal digits", 2 * size);
    for (size_t i = 0; i < size; i++)
        ret[i] = (uint8_t)((unsigned)digit(text.data[2 * i]) << 4 |
                           (unsigned)digit(text.data[2 * i + 1]));
    return true;
}
