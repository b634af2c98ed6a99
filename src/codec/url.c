/* codec/url: see the header. */
#include "codec/url.h"

#include "base/err.h"
#include "base/parse.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%41" at `at` stands for; -1 where it is none. */
static int encoded_byte(struct span text, size_t at)
{
    if (text.size - at < 3)
        return -1;
    const int high = hex_digit(text.data[at + 1]);
    const int low = hex_digit(text.data[at + 2]);

    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool url_decode(struct span text, bool is_form, struct buf *out, struct err *err)
{
    const size_t before = out->size;

    for (size_t at = 0; at < text.size; at++) {
        int c = text.data[at];

        if (c == '%') {
            c = encoded_byte(text, at);
            if (c < 0)
                return fail(err, ERR_INVALID, "there is a \"%%\" without two hexadecimal digits");
            at += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        buf_add_u8(out, (uint8_t)c);
    }
    if (!buf_check(out, "the decoded text", err))
        return false;
    if (!parse_is_utf8(span_slice(buf_span(out), before, SIZE_MAX)))
        return fail(err, ERR_INVALID, "this does not decode to UTF-8");
    return true;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void url_encode(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_unreserved(text.data[i]))
            buf_add_u8(out, text.data[i]);
        else
            buf_addf(out, "%%%02X", text.data[i]);
    }
}

bool url_query_next(struct span *rest, struct buf *name, struct buf *value, bool *is_bad)
{
    struct err ignored = { 0 };
    struct span part = SPAN_EMPTY;

    *is_bad = false;
    buf_clear(name);
    buf_clear(value);
    while (part.size == 0)
        if (rest->size == 0 || !span_split(rest, '&', &part))
            return false;

    const size_t equals = span_find_char(part, '=');
    const size_t n_name = equals == SIZE_MAX ? part.size : equals;

    *is_bad = !url_decode(span_slice(part, 0, n_name), true, name, &ignored) ||
              !url_decode(span_slice(part, n_name + 1, SIZE_MAX), true, value, &ignored);
    return !*is_bad;
}
