/*
 * net/resolve: every address behind a name, asked for without blocking. On c-ares.
 *
 * The hosts file comes first, then DNS, A and AAAA at once, CNAMEs followed. Neither the answer's
 * order nor its completeness is polished: whoever watches addresses wants all of them. A resolver
 * belongs to its loop's thread. It notices when the system's resolver files change.
 */
#pragma once

#include "base/base.h"
#include "net/addr.h"

struct err;
struct loop;
struct resolver;

#define RESOLVE_ADDRESSES_MAX 64

struct resolver_conf {
    const char *servers; /* "127.0.0.1:5353,[::1]:53" instead of resolv.conf; NULL: the system's */
    bool no_hosts_file;  /* DNS only (tests) */
};

enum resolve_status {
    RESOLVE_OK,      /* at least one address */
    RESOLVE_NO_NAME, /* NXDOMAIN */
    RESOLVE_NO_ADDRESS,
    RESOLVE_TIMEOUT,
    RESOLVE_FAILED /* SERVFAIL, REFUSED, nonsense */
};

struct resolve_answer {
    enum resolve_status status;
    char message[128]; /* why there is no address */
    bool is_complete;  /* A and AAAA were both answered, and there were no more than fit */
    size_t n_addrs;
    struct net_addr addrs[RESOLVE_ADDRESSES_MAX];
};

/* ERR_INVALID: conf->servers is malformed. ERR_UNAVAILABLE: the resolver files cannot be read. */
bool resolver_new(struct loop *loop, const struct resolver_conf *conf, struct resolver **ret,
    struct err *err) must_check;

/* Lookups in flight are dropped without an answer. */
void resolver_free(struct resolver *resolver);

/* Called once for each lookup, possibly before resolve_name() returns. `answer` is borrowed. */
typedef void resolve_done_fn(void *ctx, const struct resolve_answer *answer);

/* `name` is host_parse()'s: lower-case ASCII. After `timeout_ms` the answer is RESOLVE_TIMEOUT, or
 * what came until then. */
void resolve_name(struct resolver *resolver, const char *name, int timeout_ms,
    resolve_done_fn *done, void *ctx);

/* Lookups for `ctx` will not be answered. */
void resolve_cancel(struct resolver *resolver, const void *ctx);

DEFINE_AUTOFREE(resolver);
