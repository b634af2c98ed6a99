/* The values of conf/schema: text becomes what its type says, or the reason why it cannot. */
#include <arpa/inet.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/secret.h"
#include "conf/schema.h"

/* "12k": the number, and the unit behind it. */
static bool split_unit(struct span text, int64_t *ret_number, struct span *ret_unit,
    struct err *err)
{
    size_t n = 0;

    while (n < text.size && text.data[n] >= '0' && text.data[n] <= '9')
        n++;
    *ret_unit = span_trim(span_slice(text, n, SIZE_MAX));
    return parse_i64(span_slice(text, 0, n), 0, INT64_MAX, ret_number, err);
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
    { "h", 3600 * 1000 }, { "d", 86400 * 1000 }, { NULL, 0 } };
static const struct unit sizes[] = { { "", 1 }, { "k", 1 << 10 }, { "M", 1 << 20 },
    { "G", 1 << 30 }, { NULL, 0 } };

static bool parse_units(struct span text, const struct unit *units, const char *example,
    int64_t *ret, struct err *err)
{
    struct span unit;
    int64_t number;
    struct err ignored = { 0 };

    if (split_unit(text, &number, &unit, &ignored)) {
        for (const struct unit *u = units; u->name; u++)
            if (span_is_nocase(unit, u->name) && !__builtin_mul_overflow(number, u->factor, ret))
                return true;
    }
    return fail(err, ERR_INVALID, "\"%.*s\" is not like %s", (int)text.size,
        (const char *)text.data, example);
}

static bool parse_number(const struct conf_item *item, struct span text, int64_t *ret,
    struct err *err)
{
    int64_t number;

    if (item->type == CONF_I64)
        return parse_i64(text, item->min, item->max, ret, err);
    if (item->type == CONF_DURATION) {
        if (!parse_units(text, durations, "500ms, 5s, 10m, 2h or 1d", &number, err))
            return false;
    } else if (!parse_units(text, sizes, "65536, 64k, 8M or 1G", &number, err)) {
        return false;
    }
    if (number < item->min || number > item->max)
        return fail(err, ERR_INVALID, "\"%.*s\" is not between %" PRId64 " and %" PRId64 " %s",
            (int)text.size, (const char *)text.data, item->min, item->max,
            item->type == CONF_DURATION ? "ms" : "bytes");
    *ret = number;
    return true;
}

static bool parse_choice(const struct conf_item *item, struct span text, int64_t *ret,
    struct err *err)
{
    autodone(buf) struct buf list = BUF_INIT(256);

    for (int i = 0; item->choices[i]; i++) {
        if (span_is(text, item->choices[i])) {
            *ret = i;
            return true;
        }
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", item->choices[i]);
    }
    return fail(err, ERR_INVALID, "\"%.*s\" is none of %s", (int)text.size, (const char *)text.data,
        buf_text(&list));
}

static bool is_address(const char *text, int *ret_bits)
{
    struct in6_addr ignored;

    *ret_bits = 32;
    if (inet_pton(AF_INET, text, &ignored) == 1)
        return true;
    *ret_bits = 128;
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

/* "127.0.0.1:8080", "[::1]:8080". */
static bool parse_listen(struct span text, struct conf_value *value, struct err *err)
{
    size_t colon = text.size;
    int64_t port = 0;
    int bits;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon > 0) {
        struct span host = span_slice(text, 0, colon - 1);
        bool bracketed = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
        autofree(str) char *address =
            span_dup(bracketed ? span_slice(host, 1, host.size - 2) : host);

        if (is_address(address, &bits) && (bits == 128) == bracketed) {
            if (!parse_i64(span_slice(text, colon, SIZE_MAX), 0, 65535, &port, err))
                return err_wrap(err, "the port");
            value->address = take(&address);
            value->port = (uint16_t)port;
            return true;
        }
    }
    return fail(err, ERR_INVALID, "\"%.*s\" is not like 127.0.0.1:8080 or [::1]:8080",
        (int)text.size, (const char *)text.data);
}

static bool check_range(struct span text, struct err *err)
{
    size_t slash = span_find_char(text, '/');
    autofree(str) char *address = span_dup(span_slice(text, 0, slash));
    int bits;
    int64_t length;
    struct err ignored = { 0 };

    if (is_address(address, &bits) &&
        (slash == SIZE_MAX ||
            parse_i64(span_slice(text, slash + 1, SIZE_MAX), 0, bits, &length, &ignored)))
        return true;
    return fail(err, ERR_INVALID, "\"%.*s\" is neither an address nor a range like 10.0.0.0/8",
        (int)text.size, (const char *)text.data);
}

static bool check_ranges(struct span text, struct err *err)
{
    struct span rest = text, part;

    while (span_split(&rest, ',', &part)) {
        part = span_trim(part);
        if (part.size == 0)
            continue;
        if (!check_range(part, err))
            return false;
    }
    return true;
}

static bool check_url(const struct conf_item *item, struct span text, struct err *err)
{
    size_t n = span_find(text, SPAN_LITERAL("://"));
    autodone(buf) struct buf list = BUF_INIT(256);

    for (int i = 0; item->choices[i]; i++) {
        if (n != SIZE_MAX && span_is(span_slice(text, 0, n), item->choices[i]))
            return true;
        buf_addf(&list, "%s%s://", i > 0 ? ", " : "", item->choices[i]);
    }
    /* The value may hold a password, so it is not quoted. */
    return fail(err, ERR_INVALID, "the URL begins with none of %s", buf_text(&list));
}

static bool check_text(struct span text, struct err *err)
{
    if (!parse_is_utf8(text))
        return fail(err, ERR_INVALID, "the value is not UTF-8 text");
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7F)
            return fail(err, ERR_INVALID, "the value has control characters");
    return true;
}

static bool parse_typed(const struct conf_item *item, struct span text, struct conf_value *value,
    struct err *err)
{
    bool flag;

    switch (item->type) {
    case CONF_TEXT:
    case CONF_PATH:
        return true;
    case CONF_I64:
    case CONF_DURATION:
    case CONF_SIZE:
        return parse_number(item, text, &value->number, err);
    case CONF_BOOL:
        if (!parse_bool(text, &flag, err))
            return false;
        value->number = flag;
        return true;
    case CONF_ENUM:
        return parse_choice(item, text, &value->number, err);
    case CONF_LISTEN:
        return parse_listen(text, value, err);
    case CONF_RANGES:
        return check_ranges(text, err);
    case CONF_URL:
        return check_url(item, text, err);
    }
    return fail(err, ERR_INTERNAL, "a setting without a type");
}

bool conf_value_parse(const struct conf_item *item, struct span text, struct conf_value *ret,
    struct err *err)
{
    autodone(conf_value) struct conf_value value = { 0 };

    if (!check_text(text, err))
        return false;
    if (text.size > 0 && !parse_typed(item, text, &value, err))
        return false;
    value.text = span_dup(text);
    *ret = value;
    value = (struct conf_value){ 0 };
    return true;
}

void conf_value_done(struct conf_value *value)
{
    if (value->text)
        secret_wipe(value->text, strlen(value->text));
    free(value->text);
    free(value->address);
    free(value->origin);
    *value = (struct conf_value){ 0 };
}
