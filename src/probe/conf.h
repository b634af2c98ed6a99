/*
 * probe/conf: how a prober is to work. Handed over whole, at the start and after every change.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "probe/probe.h"

struct buf;
struct err;

/* Everything in it is borrowed for the call that takes it. */
struct probe_conf {
    struct probe_timeouts timeouts; /* 0 takes the values named in probe/probe.h */
    int max_in_flight;              /* connections at once; 0: 1,000 */
    int max_per_address;            /* connections to one address at once; 0: 16 */
    const char *allow; /* ranges beside the public and private ones: "127.0.0.0/8,::1" */
    const char *proxy; /* "host:port" for every target without one of its own; NULL: none */
    const char *proxy_credential; /* "user:password" for that proxy alone; NULL: none */
    const char *dns_servers; /* "127.0.0.1:5353,…" instead of resolv.conf; NULL: as the system */
    struct span trust_pem;   /* certificates of private CAs, beside the system's */
    const char *system_trust_dir; /* NULL: /etc/ssl/certs; "": none (tests) */
};

/*
 * Append the one line of a file, "user:password" (RFC 7617, 2), to `ret`, which should be secret.
 * ERR_INVALID: it is something else. Errors do not quote it.
 */
bool probe_credential_read(const char *path, struct buf *ret, struct err *err) must_check;

#define PROBE_CREDENTIAL_MAX 512U
