/*
 * net/host: what a person types to say where something is.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "net/addr.h"

struct err;

#define HOST_TEXT_SIZE 254 /* 253 bytes of a name (RFC 1035, 2.3.4), and its NUL */

struct host {
    char text[HOST_TEXT_SIZE]; /* lower-case A-labels without a dot at the end, or an address */
    bool is_address;
    struct net_addr addr; /* if it is one */
};

/*
 * A name (an internationalised one as UTF-8, IDNA 2008) or an address, in brackets or not.
 * ERR_INVALID says what is wrong with it: empty, too long, a character that no name may have.
 */
bool host_parse(struct span text, struct host *ret, struct err *err) must_check;

/*
 * "host", "host:port", "[2001:db8::1]:port", or a bare IPv6 address. *port is left as it is where
 * the text has none. ERR_INVALID also for a port outside 1 to 65535.
 */
bool host_port_parse(struct span text, struct host *ret, int *port, struct err *err) must_check;
