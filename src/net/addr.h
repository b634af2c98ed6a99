/*
 * net/addr: IP addresses, ranges of them, and which of them nobody should be sent to.
 *
 * Whoever connects where an outsider's words lead (a name to probe, a webhook's URL, a CA's) asks
 * addr_permit() about the very address it is going to use, after resolving and before connecting.
 * Private ranges (RFC 1918, RFC 4193) are permitted: an inventory is about inner networks, too.
 */
#pragma once

#include <sys/socket.h>

#include "base/base.h"
#include "base/span.h"

struct err;

#define NET_ADDR_TEXT_SIZE 46 /* the longest IPv6 address as text, and its NUL */

struct net_addr {
    uint8_t n_bytes; /* 4 or 16 */
    uint8_t bytes[16];
};

enum addr_class {
    ADDR_PUBLIC,
    ADDR_PRIVATE,
    ADDR_LOOPBACK,
    ADDR_LINK_LOCAL,
    ADDR_MULTICAST,
    ADDR_UNSPECIFIED,
    ADDR_METADATA, /* where a cloud keeps its machines' credentials */
    ADDR_RESERVED
};

/* A literal, in brackets or not. False if it is none; no zone ("%eth0"), no short forms ("127.1").
 */
bool addr_parse(struct span text, struct net_addr *ret);

/* Writes into `field` and returns it (RFC 5952). */
const char *addr_text(const struct net_addr *addr, char field[static NET_ADDR_TEXT_SIZE]);

bool addr_equal(const struct net_addr *a, const struct net_addr *b);

/* False for anything but AF_INET and AF_INET6. */
bool addr_from_sockaddr(const struct sockaddr *from, socklen_t size, struct net_addr *ret);
socklen_t addr_to_sockaddr(const struct net_addr *addr, int port, struct sockaddr_storage *ret);

/*
 * What kind of address it is. One that carries an IPv4 address inside (mapped, 6to4, NAT64, Teredo)
 * is of that one's kind, if that one must not be gone to.
 */
enum addr_class addr_class(const struct net_addr *addr);

/* "loopback", "link-local", … */
const char *addr_class_name(enum addr_class class);

/* A list of ranges, such as "127.0.0.0/8, ::1". */
struct addr_ranges;

/* ERR_INVALID names the range that is none. NULL and "" give the empty list. */
bool addr_ranges_parse(const char *text, struct addr_ranges **ret, struct err *err) must_check;
void addr_ranges_free(struct addr_ranges *ranges);
bool addr_ranges_has(const struct addr_ranges *ranges, const struct net_addr *addr);

/*
 * ERR_DENIED unless `addr` is public, private, or in `allowed` (NULL: the empty list), where the
 * IPv4 address inside an IPv6 address counts as well.
 */
bool addr_permit(const struct net_addr *addr, const struct addr_ranges *allowed, struct err *err)
    must_check;

DEFINE_AUTOFREE(addr_ranges);
