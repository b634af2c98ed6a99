/*
 * probe/certlist: the certificates in a TLS Certificate message, without parsing any of them.
 *
 * Pure. What a server sent is kept byte for byte, whether or not anybody can make sense of it.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "probe/probe.h"

enum certlist_verdict {
    CERTLIST_OK, /* an empty list is, too */
    CERTLIST_MALFORMED,
    CERTLIST_TOO_MANY, /* more than PROBE_CHAIN_MAX; the first ones are there */
    CERTLIST_TOO_LARGE /* one is larger than PROBE_DER_MAX; those before it are there */
};

struct certlist {
    size_t n;
    struct span ders[PROBE_CHAIN_MAX]; /* point into the message */
};

/* `message` is the handshake message with its header of four bytes (RFC 8446, 4.4.2; RFC 5246,
 * 7.4.2). */
enum certlist_verdict certlist_parse(struct span message, bool is_tls13, struct certlist *ret);
