/* base/parse: see the header. */
#include "base/parse.h"

#include "base/eight.h"
#include "base/err.h"

static bool read_digits(struct span text, size_t from, bool negative, int64_t *ret)
{
    int64_t value = 0;

    if (from == text.size)
        return false;
    for (size_t i = from; i < text.size; i++) {
        int digit = text.data[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

bool parse_i64(struct span text, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    int64_t value;

    if (!read_digits(text, negative ? 1 : 0, negative, &value))
        return fail(err, ERR_INVALID, "\"%.*s\" is not a whole number",
            (int)(text.size > 40 ? 40 : text.size), (const char *)text.data);
    if (value < min || value > max)
        return fail(err, ERR_INVALID, "%" PRId64 " is not between %" PRId64 " and %" PRId64, value,
            min, max);
    *ret = value;
    return true;
}

bool parse_bool(struct span text, bool *ret, struct err *err)
{
    static const char *const yes[] = { "true", "yes", "on", "1" };
    static const char *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < countof(yes); i++) {
        if (span_is_nocase(text, yes[i])) {
            *ret = true;
            return true;
        }
        if (span_is_nocase(text, no[i])) {
            *ret = false;
            return true;
        }
    }
    return fail(err, ERR_INVALID, "\"%.*s\" is neither true nor false",
        (int)(text.size > 40 ? 40 : text.size), (const char *)text.data);
}

/* How many bytes the sequence at `p` has, or 0 if it is not one (RFC 3629, 4). */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (lead == 0 || lead > 0xF4 || n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((lead == 0xE0 && p[1] < 0xA0) || (lead == 0xED && p[1] > 0x9F))
        return 0;
    if ((lead == 0xF0 && p[1] < 0x90) || (lead == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

size_t parse_n_characters(struct span text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++)
        n += (text.data[i] & 0xc0) != 0x80;
    return n;
}

static bool is_plain_ascii(uint64_t eight)
{
    return !eight_has_high(eight) && !eight_has(eight, '\0');
}

bool parse_is_utf8(struct span text)
{
    for (size_t at = 0; at < text.size;) {
        if (text.size - at >= EIGHT_BYTES && is_plain_ascii(eight_at(text.data + at))) {
            at += EIGHT_BYTES;
            continue;
        }
        size_t n = utf8_sequence(text.data + at, text.size - at);

        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

size_t parse_utf8_sequence(struct span text, size_t at)
{
    return at < text.size ? utf8_sequence(text.data + at, text.size - at) : 0;
}
