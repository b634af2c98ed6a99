/*
 * net/host: the name or the address of a host, as a person types it.
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
 * hostport_parse() and host_parse() in one: "host[:port]", "[2001:db8::1]:443", "https://host/".
 * *port is left as it is where the text has none.
 */
bool host_port_parse(struct span text, struct host *ret, int *port, struct err *err) must_check;
