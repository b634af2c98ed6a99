/*
 * net/addr: a table of special ranges, longest prefix first where two overlap.
 *
 * The ranges are those of IANA's special-purpose registries (RFC 6890) as far as connecting to them
 * could reach this host, its neighbours on the link, or a cloud's metadata service.
 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"

struct addr_range {
    struct net_addr base;
    uint8_t n_bits;
};

struct addr_ranges {
    size_t n;
    struct addr_range list[];
};

#define V4(a, b, c, d)                                                                             \
    {                                                                                              \
        4,                                                                                         \
        {                                                                                          \
            a, b, c, d                                                                             \
        }                                                                                          \
    }

static const struct {
    struct net_addr base;
    uint8_t n_bits;
    enum addr_class class;
} specials[] = {
    { V4(169, 254, 169, 254), 32, ADDR_METADATA }, /* nearly every cloud */
    { V4(100, 100, 100, 200), 32, ADDR_METADATA }, /* Alibaba */
    { V4(168, 63, 129, 16), 32, ADDR_METADATA },   /* Azure */
    { V4(192, 0, 0, 192), 32, ADDR_METADATA },     /* Oracle */
    { { 16, { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x54, [14] = 0x02 } }, 128, ADDR_METADATA },
    { V4(0, 0, 0, 0), 8, ADDR_UNSPECIFIED }, /* Linux takes all of it for this host */
    { V4(127, 0, 0, 0), 8, ADDR_LOOPBACK },
    { V4(169, 254, 0, 0), 16, ADDR_LINK_LOCAL },
    { V4(224, 0, 0, 0), 4, ADDR_MULTICAST },
    { V4(240, 0, 0, 0), 4, ADDR_RESERVED }, /* with 255.255.255.255 */
    { V4(10, 0, 0, 0), 8, ADDR_PRIVATE },
    { V4(172, 16, 0, 0), 12, ADDR_PRIVATE },
    { V4(192, 168, 0, 0), 16, ADDR_PRIVATE },
    { V4(100, 64, 0, 0), 10, ADDR_PRIVATE },
    { { 16, { 0 } }, 128, ADDR_UNSPECIFIED },
    { { 16, { [15] = 1 } }, 128, ADDR_LOOPBACK },
    { { 16, { 0xfe, 0x80 } }, 10, ADDR_LINK_LOCAL },
    { { 16, { 0xff } }, 8, ADDR_MULTICAST },
    { { 16, { 0xfc } }, 7, ADDR_PRIVATE },
};

/* Where in an IPv6 address of these ranges an IPv4 address is; `mask` is XORed onto it. */
static const struct {
    struct net_addr base;
    uint8_t n_bits;
    uint8_t at;
    uint8_t mask;
} embeddings[] = {
    { { 16, { [10] = 0xff, [11] = 0xff } }, 96, 12, 0 },           /* mapped, RFC 4291 2.5.5.2 */
    { { 16, { 0 } }, 96, 12, 0 },                                  /* compatible, 2.5.5.1 */
    { { 16, { [8] = 0xff, [9] = 0xff } }, 96, 12, 0 },             /* translated, RFC 2765 */
    { { 16, { 0x20, 0x02 } }, 16, 2, 0 },                          /* 6to4, RFC 3056 */
    { { 16, { 0x00, 0x64, 0xff, 0x9b } }, 96, 12, 0 },             /* NAT64, RFC 6052 */
    { { 16, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 } }, 48, 12, 0 }, /* its local form, RFC 8215 */
    { { 16, { 0x20, 0x01 } }, 32, 12, 0xff },                      /* Teredo, RFC 4380 */
};

static const struct net_addr compatible_zero = { 16, { 0 } };

static bool in_range(const struct net_addr *addr, const struct net_addr *base, unsigned n_bits)
{
    const size_t whole = n_bits / 8;
    const unsigned rest = n_bits % 8;

    if (addr->n_bytes != base->n_bytes || memcmp(addr->bytes, base->bytes, whole) != 0)
        return false;
    return rest == 0 || (addr->bytes[whole] ^ base->bytes[whole]) >> (8 - rest) == 0;
}

/* The IPv4 address inside `addr`, if its range has one. */
static bool embedded(const struct net_addr *addr, struct net_addr *ret)
{
    for (size_t i = 0; i < countof(embeddings); i++) {
        if (!in_range(addr, &embeddings[i].base, embeddings[i].n_bits))
            continue;
        /* "::" and "::1" are no compatible addresses. */
        if (in_range(addr, &compatible_zero, 104))
            continue;
        *ret = (struct net_addr){ .n_bytes = 4 };
        for (size_t k = 0; k < 4; k++)
            ret->bytes[k] = addr->bytes[embeddings[i].at + k] ^ embeddings[i].mask;
        return true;
    }
    return false;
}

bool addr_parse(struct span text, struct net_addr *ret)
{
    char field[NET_ADDR_TEXT_SIZE];

    if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = span_slice(text, 1, text.size - 2);
    if (text.size == 0 || text.size >= sizeof(field) || span_has_nul(text))
        return false;
    memcpy(field, text.data, text.size);
    field[text.size] = '\0';

    struct net_addr addr = { .n_bytes = 4 };
    if (inet_pton(AF_INET, field, addr.bytes) != 1) {
        addr.n_bytes = 16;
        if (inet_pton(AF_INET6, field, addr.bytes) != 1)
            return false;
    }
    *ret = addr;
    return true;
}

static char *add_number(char *to, unsigned number)
{
    if (number >= 100)
        *to++ = (char)('0' + number / 100);
    if (number >= 10)
        *to++ = (char)('0' + number / 10 % 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

/* By hand: each request has one, and the C library takes sprintf() for it. */
static const char *v4_text(const struct net_addr *addr, char field[static NET_ADDR_TEXT_SIZE])
{
    char *to = field;

    for (size_t i = 0; i < 4; i++) {
        to = add_number(to, addr->bytes[i]);
        *to++ = i < 3 ? '.' : '\0';
    }
    return field;
}

const char *addr_text(const struct net_addr *addr, char field[static NET_ADDR_TEXT_SIZE])
{
    if (addr->n_bytes == 4)
        return v4_text(addr, field);
    if (!inet_ntop(AF_INET6, addr->bytes, field, NET_ADDR_TEXT_SIZE))
        field[0] = '\0';
    return field;
}

bool addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->n_bytes == b->n_bytes && memcmp(a->bytes, b->bytes, a->n_bytes) == 0;
}

bool addr_from_sockaddr(const struct sockaddr *from, socklen_t size, struct net_addr *ret)
{
    if (from->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;

        memcpy(&in, from, sizeof(in));
        *ret = (struct net_addr){ .n_bytes = 4 };
        memcpy(ret->bytes, &in.sin_addr, 4);
        return true;
    }
    if (from->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;

        memcpy(&in6, from, sizeof(in6));
        *ret = (struct net_addr){ .n_bytes = 16 };
        memcpy(ret->bytes, &in6.sin6_addr, 16);
        return true;
    }
    return false;
}

socklen_t addr_to_sockaddr(const struct net_addr *addr, int port, struct sockaddr_storage *ret)
{
    *ret = (struct sockaddr_storage){ 0 };
    if (addr->n_bytes == 4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

        memcpy(&in.sin_addr, addr->bytes, 4);
        memcpy(ret, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    memcpy(&in6.sin6_addr, addr->bytes, 16);
    memcpy(ret, &in6, sizeof(in6));
    return sizeof(in6);
}

static enum addr_class own_class(const struct net_addr *addr)
{
    for (size_t i = 0; i < countof(specials); i++)
        if (in_range(addr, &specials[i].base, specials[i].n_bits))
            return specials[i].class;
    return ADDR_PUBLIC;
}

static bool may_be_gone_to(enum addr_class class)
{
    return class == ADDR_PUBLIC || class == ADDR_PRIVATE;
}

enum addr_class addr_class(const struct net_addr *addr)
{
    const enum addr_class class = own_class(addr);
    struct net_addr inner;

    if (class != ADDR_PUBLIC || !embedded(addr, &inner))
        return class;
    return own_class(&inner);
}

const char *addr_class_name(enum addr_class class)
{
    static const char *const names[] = {
        [ADDR_PUBLIC] = "public",
        [ADDR_PRIVATE] = "private",
        [ADDR_LOOPBACK] = "loopback",
        [ADDR_LINK_LOCAL] = "link-local",
        [ADDR_MULTICAST] = "multicast",
        [ADDR_UNSPECIFIED] = "unspecified",
        [ADDR_METADATA] = "cloud metadata",
        [ADDR_RESERVED] = "reserved",
    };

    return names[class];
}

static bool parse_range(struct span text, struct addr_range *ret, struct err *err)
{
    const size_t slash = span_find_char(text, '/');
    struct addr_range range = { 0 };
    int64_t n_bits = 0;

    if (!addr_parse(span_slice(text, 0, slash), &range.base))
        return fail(err, ERR_INVALID, "\"%.*s\" is not an address range", (int)text.size,
            (const char *)text.data);
    n_bits = range.base.n_bytes * 8;
    if (slash != SIZE_MAX &&
        !parse_i64(span_slice(text, slash + 1, SIZE_MAX), 0, n_bits, &n_bits, err))
        return err_wrap(err, "\"%.*s\" is not an address range", (int)text.size,
            (const char *)text.data);
    range.n_bits = (uint8_t)n_bits;
    *ret = range;
    return true;
}

bool addr_ranges_parse(const char *text, struct addr_ranges **ret, struct err *err)
{
    struct span rest = span_text(text);
    struct span part;
    size_t n_max = 1;

    for (size_t i = 0; i < rest.size; i++)
        n_max += rest.data[i] == ',';

    autofree(addr_ranges) struct addr_ranges *ranges =
        xcalloc(1, sizeof(*ranges) + n_max * sizeof(ranges->list[0]));
    while (span_split(&rest, ',', &part)) {
        part = span_trim(part);
        if (part.size == 0)
            continue;
        if (!parse_range(part, &ranges->list[ranges->n], err))
            return false;
        ranges->n++;
    }
    *ret = take(&ranges);
    return true;
}

void addr_ranges_free(struct addr_ranges *ranges)
{
    free(ranges);
}

bool addr_ranges_has(const struct addr_ranges *ranges, const struct net_addr *addr)
{
    for (size_t i = 0; ranges && i < ranges->n; i++)
        if (in_range(addr, &ranges->list[i].base, ranges->list[i].n_bits))
            return true;
    return false;
}

bool addr_permit(const struct net_addr *addr, const struct addr_ranges *allowed, struct err *err)
{
    const enum addr_class class = addr_class(addr);
    char text[NET_ADDR_TEXT_SIZE];
    struct net_addr inner;

    if (may_be_gone_to(class) || addr_ranges_has(allowed, addr))
        return true;
    if (embedded(addr, &inner) && addr_ranges_has(allowed, &inner))
        return true;
    return fail(err, ERR_DENIED, "%s is a %s address, which is not in the list of allowed ranges",
        addr_text(addr, text), addr_class_name(class));
}
