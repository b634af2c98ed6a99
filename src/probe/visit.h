/*
 * probe/visit: everything that is asked of one address of one target.
 *
 * The first handshake is an ordinary client's. If it shows an RSA or an ECDSA certificate, a second
 * one offers only the other kind, because a server that keeps a pair shows only the one that suits
 * the client. A server without it breaks off, which is no failure.
 */
#pragma once

#include "base/base.h"
#include "net/addr.h"
#include "probe/pace.h"
#include "probe/probe.h"

struct loop;
struct handshake_setup;
struct trust;
struct visit;

/* What came of it. */
struct visit_sights {
    size_t n;
    struct probe_sight list[2];
};

/*
 * What it points to is borrowed until `done`; loop, setup, trust, paces and list as long as the
 * visit.
 */
struct visit_plan {
    struct loop *loop;
    struct handshake_setup *setup;
    struct trust **trust;    /* whichever is there when a chain is judged */
    struct pace *pace;       /* of everybody */
    struct pace *pace_large; /* of the few whose chain is larger than usual */

    struct net_addr addr; /* to connect to */
    int port;
    const char *tunnel_to; /* see probe/conn.h */
    const char *tunnel_as;
    const char *host;
    const char *sni; /* NULL: none is sent */
    const char *expected_name;
    const struct net_addr *expected_addr; /* where expected_name is NULL */
    enum probe_protocol protocol;
    bool is_first_key_only;
    struct probe_timeouts timeouts;
    struct probe_result *result; /* gets the certificates */
    struct visit_sights *sights; /* gets the rest */
    struct visit **list;         /* of visits, which this one joins */
};

struct visit_calls {
    void (*done)(void *ctx); /* the sights are complete */
    void *ctx;

    /* A socket was closed, so somebody's turn may have come: see to pace_run(). */
    void (*room)(void *room_ctx);
    void *room_ctx;
};

/*
 * Asks for its turn; the caller sees to pace_run(). After `done` it frees itself as soon as its
 * socket is closed.
 */
void visit_begin(const struct visit_plan *plan, const struct visit_calls *calls);

/* Drop those in the list that are not done and belong to `ctx`; NULL: all there are. */
void visit_drop(struct visit **list, const void *ctx);

/* A sight of an address that must not be visited. */
void visit_deny(const struct net_addr *addr, const char *why, struct visit_sights *ret);
