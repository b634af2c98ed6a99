/* codec/utf16: see the header. */
#include "codec/utf16.h"

#include <unistr.h>

#define NO_CHARACTER 0xFFFDU

static bool is_high(unsigned unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(unsigned unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static void add_character(struct buf *out, unsigned character)
{
    uint8_t bytes[6];
    const int n = u8_uctomb(bytes, character, (int)sizeof bytes);

    if (n > 0)
        buf_add(out, bytes, (size_t)n);
}

static void add_unit(struct utf16 *utf16, unsigned unit, struct buf *out)
{
    const unsigned high = utf16->high;

    utf16->high = 0;
    if (high && is_low(unit)) {
        add_character(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
        return;
    }
    if (high)
        add_character(out, NO_CHARACTER);
    if (is_high(unit))
        utf16->high = unit;
    else
        add_character(out, is_low(unit) ? NO_CHARACTER : unit);
}

bool utf16_is_marked(struct span text)
{
    return span_starts_with(text, "\xFF\xFE") || span_starts_with(text, "\xFE\xFF");
}

struct utf16 utf16_begin(struct span text)
{
    return (struct utf16){ .is_big_endian = span_starts_with(text, "\xFE\xFF") };
}

void utf16_add(struct utf16 *utf16, struct span piece, struct buf *out)
{
    for (size_t i = 0; i < piece.size; i++) {
        const unsigned first = utf16->byte;
        const unsigned second = piece.data[i];

        utf16->has_byte = !utf16->has_byte;
        if (utf16->has_byte)
            utf16->byte = piece.data[i];
        else
            add_unit(utf16, utf16->is_big_endian ? first << 8 | second : second << 8 | first, out);
    }
}

void utf16_end(struct utf16 *utf16, struct buf *out)
{
    if (utf16->high || utf16->has_byte)
        add_character(out, NO_CHARACTER);
    utf16->high = 0;
    utf16->has_byte = false;
}
