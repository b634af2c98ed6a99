/* core/policy_list: see the header. */
#include "core/policy_list.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "core/rows.h"
#include "x509/name.h"

void policy_list_add(struct policy_list *list, const char *text)
{
    list->items = rows_make_room(list->items, list->n, &list->room, sizeof *list->items);
    list->items[list->n++] = xstrdup(text);
}

void policy_list_done(struct policy_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct policy_list){ 0 };
}

bool policy_list_has(const struct policy_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return list->is_any;
}

/* ---- domains ---- */

bool policy_domain_normalise(const char *text, char **ret, struct err *err)
{
    autofree(str) char *lower = xstrdup(text);
    size_t n = strlen(lower);
    const char *base = strncmp(lower, "*.", 2) == 0 ? lower + 2 : lower;

    for (char *c = lower; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    if (n > 1 && lower[n - 1] == '.' && strcmp(lower, "*.") != 0)
        lower[n - 1] = '\0';
    if (strcmp(lower, "*") != 0 && policy_host_fault(span_text(base)))
        return fail(err, ERR_INVALID, "\"%s\" is no domain: %s", text,
            policy_host_fault(span_text(base)));
    if (base[0] == '*' && base[1])
        return fail(err, ERR_INVALID,
            "\"%s\" is no domain: \"*\" stands alone, or once and before a dot", text);
    *ret = take(&lower);
    return true;
}

static bool covers_host(const char *domain, struct span host)
{
    const struct span suffix = span_text(domain + 1); /* ".example.org" */

    if (strcmp(domain, "*") == 0)
        return true;
    if (domain[0] != '*')
        return span_is_nocase(host, domain);
    return host.size > suffix.size &&
           span_is_nocase(span_slice(host, host.size - suffix.size, SIZE_MAX), domain + 1);
}

bool policy_covers_host(const struct policy_list *domains, struct span host)
{
    for (size_t i = 0; i < domains->n; i++)
        if (covers_host(domains->items[i], host))
            return true;
    return domains->is_any;
}

/* ---- ranges of addresses ---- */

struct range {
    uint8_t bytes[16];
    size_t n_bytes;
    int64_t n_bits;
};

static bool range_parse(const char *text, struct range *ret, struct err *err)
{
    const struct span whole = span_text(text);
    const size_t slash = span_find_char(whole, '/');

    ret->n_bytes = name_parse_address(span_slice(whole, 0, slash), ret->bytes);
    ret->n_bits = (int64_t)ret->n_bytes * 8;
    if (ret->n_bytes == 0)
        return fail(err, ERR_INVALID, "\"%s\" is no range of addresses", text);
    return slash == SIZE_MAX ||
           parse_i64(span_slice(whole, slash + 1, SIZE_MAX), 0, ret->n_bits, &ret->n_bits, err);
}

static bool range_has(const struct range *range, struct span address)
{
    const size_t n_whole = (size_t)range->n_bits / 8;
    const unsigned n_rest = (unsigned)range->n_bits % 8;
    const unsigned mask = (0xff00U >> n_rest) & 0xff;

    if (range->n_bytes != address.size || memcmp(range->bytes, address.data, n_whole) != 0)
        return false;
    return n_rest == 0 || ((range->bytes[n_whole] ^ address.data[n_whole]) & mask) == 0;
}

bool policy_range_check(const char *text, struct err *err)
{
    struct range range;

    return range_parse(text, &range, err);
}

bool policy_covers_address(const struct policy_list *ranges, struct span address)
{
    for (size_t i = 0; i < ranges->n; i++) {
        struct err ignored = { 0 };
        struct range range;

        if (range_parse(ranges->items[i], &range, &ignored) && range_has(&range, address))
            return true;
    }
    return ranges->is_any;
}

/* ---- names as such ---- */

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    return true;
}

static int64_t punycode_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0' + 26;
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' : 36;
}

static int64_t punycode_adapt(int64_t delta, int64_t n_points, bool is_first)
{
    int64_t k = 0;

    delta = is_first ? delta / 700 : delta / 2;
    delta += delta / n_points;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* One generalised variable-length integer (RFC 3492, 3.3) is cut off *rest and added to *i. */
static bool punycode_integer(struct span *rest, int64_t bias, int64_t *i)
{
    int64_t weight = 1;

    for (int64_t k = 36;; k += 36) {
        const int64_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        const int64_t digit = rest->size ? punycode_digit(rest->data[0]) : 36;

        if (digit == 36 || *i > INT32_MAX)
            return false;
        *rest = span_slice(*rest, 1, SIZE_MAX);
        *i += digit * weight;
        if (digit < threshold)
            return true;
        weight *= 36 - threshold;
    }
}

/* Does what follows "xn--" decode to something that is not ASCII (RFC 3492, 6.2)? */
static bool is_punycode(struct span text)
{
    struct span rest = text;
    int64_t n_points = 0;
    int64_t point = 0x80;
    int64_t bias = 72;
    int64_t i = 0;

    for (size_t at = text.size; at-- > 0;) {
        if (text.data[at] == '-') {
            n_points = (int64_t)at;
            rest = span_slice(text, at + 1, SIZE_MAX);
            break;
        }
    }
    if (rest.size == 0)
        return false;
    while (rest.size > 0) {
        const int64_t before = i;

        if (!punycode_integer(&rest, bias, &i))
            return false;
        n_points++;
        bias = punycode_adapt(i - before, n_points, before == 0);
        point += i / n_points;
        i = i % n_points + 1;
        if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return true;
}

static bool has_bad_label(struct span host)
{
    struct span rest = host;
    struct span label;

    while (span_split(&rest, '.', &label))
        if (span_is_nocase(span_slice(label, 0, 4), "xn--") &&
            !is_punycode(span_slice(label, 4, SIZE_MAX)))
            return true;
    return false;
}

const char *policy_host_fault(struct span host)
{
    uint8_t address[16];

    if (host.size == 0)
        return "it is empty";
    if (span_has_nul(host))
        return "it holds a NUL";
    if (!is_ascii(host))
        return "it has characters that no name in A-labels has (xn--…, RFC 5890)";
    if (name_parse_address(host, address) > 0)
        return "it is an address, and asked for as a name";
    if (!name_is_host(host))
        return "it is no host name";
    if (span_starts_with(host, "*.") &&
        span_find_char(span_slice(host, 2, SIZE_MAX), '.') == SIZE_MAX)
        return "a wildcard needs two labels behind it";
    return has_bad_label(host) ? "one of its labels begins with xn-- and is no A-label" : NULL;
}

const char *policy_mail_fault(struct span mail)
{
    const size_t at = span_find_char(mail, '@');
    const struct span domain = at == SIZE_MAX ? SPAN_EMPTY : span_slice(mail, at + 1, SIZE_MAX);

    if (span_has_nul(mail))
        return "it holds a NUL";
    if (!is_ascii(mail))
        return "it has characters that no mail address in a certificate has";
    if (at == SIZE_MAX || at == 0 || at > 64 || span_starts_with(domain, "*") ||
        policy_host_fault(domain))
        return "it is no mail address";
    return NULL;
}

const char *policy_uri_fault(struct span uri)
{
    const size_t colon = span_find_char(uri, ':');

    if (span_has_nul(uri))
        return "it holds a NUL";
    if (!is_ascii(uri))
        return "it has characters that no URI has";
    if (colon == SIZE_MAX || colon == 0 || colon + 1 == uri.size || (uri.data[0] | 0x20) < 'a' ||
        (uri.data[0] | 0x20) > 'z')
        return "it is no URI with a scheme";
    return NULL;
}
