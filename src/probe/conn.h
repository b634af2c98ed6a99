/*
 * probe/conn: one connection to one address: connect, perhaps a proxy, perhaps STARTTLS, TLS.
 *
 * `done` tells how it went, `gone` that the socket is closed; both come from the loop, in this
 * order, once each. In between the connection waits a moment for the server to close first, so that
 * our leaving does not look like a failure in its log.
 */
#pragma once

#include "base/base.h"
#include "net/addr.h"
#include "probe/handshake.h"
#include "probe/probe.h"

struct conn;
struct loop;

struct conn_report {
    enum probe_error error;
    char message[160];
    int64_t connect_us; /* the proxy's part included */
    int64_t starttls_us;
    int64_t handshake_us;
    struct handshake *stream; /* borrowed until `done` returns; NULL: TLS was not begun */
};

struct conn_plan {
    struct loop *loop;
    struct handshake_setup *setup;
    struct net_addr addr; /* to connect to: the server, or the proxy */
    int port;
    const char *tunnel_to; /* "host:port" to ask the proxy for; NULL: no proxy */
    const char *tunnel_as; /* what to show it, "Basic …" (RFC 7617); NULL: nothing */
    const char *host;      /* who is spoken to before TLS */
    enum probe_protocol protocol;
    struct handshake_plan tls;
    struct probe_timeouts timeouts; /* none is 0 */
    int64_t deadline_ms;            /* by clock_mono_ms(); no phase goes beyond it */
};

/* What `plan` points to is borrowed until `done`. The caller frees the connection after `gone`, in
 * that call at the earliest. */
struct conn *conn_new(const struct conn_plan *plan,
    void (*done)(void *ctx, const struct conn_report *report), void (*gone)(void *ctx), void *ctx)
    must_check;

/* At any time; without a further word. */
void conn_free(struct conn *conn);

DEFINE_AUTOFREE(conn);
