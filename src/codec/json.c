/* codec/json: see the header. Parsing is jansson's; depth is measured before it is let near a text.
 */
#include "codec/json.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/eight.h"
#include "base/err.h"
#include "base/parse.h"

/* ---- parsing ---- */

/* How deep the brackets go; those inside strings do not count. */
static int depth_of(struct span text, int enough)
{
    int depth = 0;
    int deepest = 0;
    bool is_string = false;

    for (size_t i = 0; i < text.size && deepest <= enough; i++) {
        const uint8_t c = text.data[i];

        if (is_string && c == '\\')
            i++;
        else if (c == '"')
            is_string = !is_string;
        else if (!is_string && (c == '[' || c == '{'))
            depth++;
        else if (!is_string && (c == ']' || c == '}'))
            depth--;
        if (depth > deepest)
            deepest = depth;
    }
    return deepest;
}

bool json_parse_within(struct span text, size_t max_bytes, int max_depth, struct json **ret,
    struct err *err)
{
    json_error_t why;
    autodone(buf) struct buf clean = BUF_INIT(1024);

    if (text.size > max_bytes)
        return fail(err, ERR_LIMIT, "the JSON text is larger than %zu bytes", max_bytes);
    if (depth_of(text, max_depth) > max_depth)
        return fail(err, ERR_LIMIT, "the JSON text is nested deeper than %d levels", max_depth);

    if (span_has_nul(text)) /* jansson would take it for the end */
        return fail(err, ERR_INVALID, "JSON, byte %zu: there is a NUL", span_find_char(text, '\0'));

    json_t *const root = json_loadb((const char *)(text.data ? text.data : (const uint8_t *)""),
        text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);

    if (!root) {
        buf_add_clean(&clean, span_text(why.text));
        return fail(err, ERR_INVALID, "JSON, line %d, column %d: %s", why.line, why.column,
            buf_text(&clean));
    }
    *ret = (struct json *)root;
    return true;
}

bool json_parse(struct span text, struct json **ret, struct err *err)
{
    return json_parse_within(text, JSON_MAX_BYTES, JSON_MAX_DEPTH, ret, err);
}

void json_free(struct json *json)
{
    json_decref((json_t *)json);
}

static int write_part(const char *part, size_t size, void *out)
{
    buf_add(out, part, size);
    return 0;
}

void json_write(const struct json *json, struct buf *out)
{
    (void)json_dump_callback((const json_t *)json, write_part, out,
        JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

/* ---- what is wrong ---- */

void json_problems_add(struct json_problems *problems, const char *field, const char *message)
{
    if (problems->n == JSON_PROBLEMS_MAX) {
        problems->n_left_out++;
        return;
    }
    problems->items[problems->n++] = (struct json_problem){
        .field = xstrdup(field),
        .message = xstrdup(message),
    };
}

void json_problems_addf(struct json_problems *problems, const char *field, const char *format, ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    json_problems_add(problems, field, message);
}

void json_problems_clear(struct json_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        free(problems->items[i].field);
        free(problems->items[i].message);
    }
    *problems = (struct json_problems){ 0 };
}

/* ---- writing ---- */

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){ .buf = buf, .is_array = { true } };
}

bool json_out_check(const struct json_out *out, struct err *err)
{
    return buf_check(out->buf, "the JSON text", err);
}

/* Two characters that need an escape of their own have a letter; the rest is written by number. */
static void add_escape(struct buf *buf, uint8_t c)
{
    static const char *const escapes[] = {
        ['\b'] = "\\b",
        ['\t'] = "\\t",
        ['\n'] = "\\n",
        ['\f'] = "\\f",
        ['\r'] = "\\r",
        ['"'] = "\\\"",
        ['\\'] = "\\\\",
    };

    if (c < countof(escapes) && escapes[c])
        buf_add_text(buf, escapes[c]);
    else
        buf_addf(buf, "\\u%04x", (unsigned)c);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Is none of eight to be looked at alone? */
static bool are_plain(uint64_t eight)
{
    return !(eight_has_high(eight) || eight_has_below(eight, 0x20) || eight_has(eight, '"') ||
             eight_has(eight, '\\') || eight_has(eight, 0x7f));
}

/* The same for four to seven bytes: the first four and the last, some of them twice. */
static bool copy_few_plain(uint8_t *to, struct span text)
{
    const size_t half = EIGHT_BYTES / 2;
    uint32_t first, last;

    memcpy(&first, text.data, half);
    memcpy(&last, text.data + text.size - half, half);
    memcpy(to, &first, half);
    memcpy(to + text.size - half, &last, half);
    return are_plain((uint64_t)first << 32 | last);
}

/* Copy a text that has nothing to escape; false, with some of it copied, if it has. */
static bool copy_plain(uint8_t *to, struct span text)
{
    size_t at = 0;

    if (text.size < EIGHT_BYTES) {
        if (text.size >= EIGHT_BYTES / 2)
            return copy_few_plain(to, text);
        for (; at < text.size && is_plain(text.data[at]); at++)
            to[at] = text.data[at];
        return at == text.size;
    }
    for (; at <= text.size - EIGHT_BYTES; at += EIGHT_BYTES) {
        const uint64_t eight = eight_at(text.data + at);

        if (!are_plain(eight))
            return false;
        memcpy(to + at, &eight, EIGHT_BYTES);
    }
    /* The last eight, some of them once more. */
    const uint64_t eight = eight_at(text.data + text.size - EIGHT_BYTES);

    memcpy(to + text.size - EIGHT_BYTES, &eight, EIGHT_BYTES);
    return are_plain(eight);
}

/* A string that has nothing to escape, as most, and a byte behind it, or none: '\0'. False, and
 * nothing is written, for any other. */
static bool add_plain(struct buf *buf, struct span text, char then)
{
    const size_t size = text.size + 2 + (then != '\0');
    uint8_t *at = buf_extend(buf, size);

    if (!at)
        return true; /* the buf remembers */
    if (!copy_plain(at + 1, text)) {
        buf->size -= size;
        buf->data[buf->size] = '\0';
        return false;
    }
    at[0] = '"';
    at[text.size + 1] = '"';
    if (then != '\0')
        at[text.size + 2] = (uint8_t)then;
    return true;
}

static void add_escaped(struct buf *buf, struct span text)
{
    buf_add_char(buf, '"');
    for (size_t at = 0; at < text.size;) {
        size_t n = 0;

        while (at + n < text.size && is_plain(text.data[at + n]))
            n++;
        if (n == 0 && text.data[at] >= 0x80)
            n = parse_utf8_sequence(text, at);
        if (n > 0)
            buf_add(buf, text.data + at, n);
        else if (text.data[at] >= 0x80)
            buf_add_text(buf, "\xef\xbf\xbd");
        else
            add_escape(buf, text.data[at]);
        at += n > 0 ? n : 1;
    }
    buf_add_char(buf, '"');
}

static void add_string(struct buf *buf, struct span text)
{
    if (!add_plain(buf, text, '\0'))
        add_escaped(buf, text);
}

static void begin_value(struct json_out *out, const char *key)
{
    ASSERT((key == NULL) == out->is_array[out->depth]);
    if (out->is_filled[out->depth])
        buf_add_char(out->buf, ',');
    out->is_filled[out->depth] = true;
    if (!key || add_plain(out->buf, span_text(key), ':'))
        return;
    add_escaped(out->buf, span_text(key));
    buf_add_char(out->buf, ':');
}

static void begin(struct json_out *out, const char *key, bool is_array)
{
    begin_value(out, key);
    ASSERT(out->depth < JSON_MAX_DEPTH);
    out->depth++;
    out->is_filled[out->depth] = false;
    out->is_array[out->depth] = is_array;
    buf_add_char(out->buf, is_array ? '[' : '{');
}

void json_begin_object(struct json_out *out, const char *key)
{
    begin(out, key, false);
}

void json_begin_array(struct json_out *out, const char *key)
{
    begin(out, key, true);
}

void json_end(struct json_out *out)
{
    ASSERT(out->depth > 0);
    buf_add_char(out->buf, out->is_array[out->depth] ? ']' : '}');
    out->depth--;
}

void json_str_span(struct json_out *out, const char *key, struct span text)
{
    begin_value(out, key);
    add_string(out->buf, text);
}

void json_str(struct json_out *out, const char *key, const char *text)
{
    if (text)
        json_str_span(out, key, span_text(text));
    else
        json_put_null(out, key);
}

void json_i64(struct json_out *out, const char *key, int64_t value)
{
    begin_value(out, key);
    buf_add_i64(out->buf, value);
}

void json_numbered(struct json_out *out, const char *key, const char *before, int64_t number,
    const char *after)
{
    begin_value(out, key);
    buf_add_char(out->buf, '"');
    buf_add_text(out->buf, before);
    buf_add_i64(out->buf, number);
    buf_add_text(out->buf, after);
    buf_add_char(out->buf, '"');
}

void json_i64_or_null(struct json_out *out, const char *key, int64_t value)
{
    if (value != 0)
        json_i64(out, key, value);
    else
        json_put_null(out, key);
}

void json_bool(struct json_out *out, const char *key, bool value)
{
    begin_value(out, key);
    buf_add_text(out->buf, value ? "true" : "false");
}

void json_put_null(struct json_out *out, const char *key)
{
    begin_value(out, key);
    buf_add_text(out->buf, "null");
}

void json_time(struct json_out *out, const char *key, int64_t at)
{
    char text[CLOCK_RFC3339_SIZE];

    begin_value(out, key);
    add_string(out->buf, span_of(clock_rfc3339(at, text), CLOCK_RFC3339_SIZE - 1));
}

void json_time_or_null(struct json_out *out, const char *key, int64_t at)
{
    if (at != 0)
        json_time(out, key, at);
    else
        json_put_null(out, key);
}

void json_hex(struct json_out *out, const char *key, struct span bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at;

    begin_value(out, key);
    buf_add_char(out->buf, '"');
    at = buf_extend(out->buf, 2 * bytes.size);
    for (size_t i = 0; at && i < bytes.size; i++) {
        at[2 * i] = (uint8_t)digits[bytes.data[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[bytes.data[i] & 15];
    }
    buf_add_char(out->buf, '"');
}

void json_raw(struct json_out *out, const char *key, struct span json)
{
    if (json.size == 0) {
        json_put_null(out, key);
        return;
    }
    begin_value(out, key);
    buf_add_span(out->buf, json);
}

void json_value(struct json_out *out, const char *key, const struct json *value)
{
    if (!value) {
        json_put_null(out, key);
        return;
    }
    begin_value(out, key);
    json_write(value, out->buf);
}

/* How long the string is that begins here, with both quotes. SIZE_MAX: it does not end. */
static size_t end_of_string(struct span text)
{
    for (size_t at = 1; at < text.size; at++) {
        if (text.data[at] == '"')
            return at + 1;
        if (text.data[at] == '\\')
            at++;
    }
    return SIZE_MAX;
}

/* A quote inside a string is written as \", so what looks like a member is one. */
bool json_next_string_after(struct span *rest, struct span opening, struct span *ret)
{
    for (;;) {
        const size_t found = span_find(*rest, opening);

        if (found == SIZE_MAX)
            return false;
        *rest = span_slice(*rest, found + opening.size, SIZE_MAX);
        while (rest->size > 0 && rest->data[0] == ' ')
            *rest = span_slice(*rest, 1, SIZE_MAX);
        if (rest->size == 0 || rest->data[0] != '"')
            continue; /* null, a number, a list */
        const size_t end = end_of_string(*rest);

        if (end == SIZE_MAX)
            return false;
        *ret = span_slice(*rest, 0, end);
        *rest = span_slice(*rest, end, SIZE_MAX);
        return true;
    }
}

void json_split(struct json_out *out, const char *key, const char *text, char separator)
{
    struct span rest = span_text(text);
    struct span part;

    json_begin_array(out, key);
    while (rest.size > 0 && span_split(&rest, separator, &part))
        json_str_span(out, NULL, part);
    json_end(out);
}
