/*
 * probe/tls: one handshake with a server that nobody trusts yet.
 *
 * Everything from TLS 1.0 up is spoken, legacy ciphers and renegotiation included, because an old
 * server must be seen to be replaced; a sight says what it was. No certificate is refused during
 * the handshake. Sessions are neither kept nor resumed.
 */
#pragma once

#include "base/base.h"
#include "net/addr.h"
#include "probe/probe.h"

struct err;
struct tls_setup;
struct tls_stream;
struct trust;

/* Which kinds of certificates the server is told we can use. */
enum tls_offer { TLS_OFFER_ALL, TLS_OFFER_RSA, TLS_OFFER_ECDSA, TLS_N_OFFERS };

enum tls_step { TLS_STEP_DONE, TLS_STEP_READ, TLS_STEP_WRITE, TLS_STEP_FAILED };

bool tls_setup_new(struct tls_setup **ret, struct err *err) must_check;
void tls_setup_free(struct tls_setup *setup);

struct tls_plan {
    enum tls_offer offer;
    const char *sni;        /* borrowed for the call; NULL: none is sent */
    size_t max_chain_bytes; /* the server may send; TLS_CHAIN_USUAL or TLS_CHAIN_LARGE */
};

#define TLS_CHAIN_USUAL (256U << 10)
#define TLS_CHAIN_LARGE (4U << 20)

/* On a connected, non-blocking socket, which stays the caller's. `setup` outlives it. */
struct tls_stream *tls_stream_new(struct tls_setup *setup, int fd, const struct tls_plan *plan)
    must_check;
void tls_stream_free(struct tls_stream *stream);

/* Go on until the socket must be waited for, or it is over. */
enum tls_step tls_stream_step(struct tls_stream *stream);

/* Why it failed; the message goes to `message`. */
enum probe_error tls_stream_error(const struct tls_stream *stream, char message[static 160]);

/* It failed because the chain was larger than the plan allows. */
bool tls_stream_is_too_large(const struct tls_stream *stream);

/* What the leaf and the chain are compared with. */
struct tls_expectation {
    const char *name;            /* NULL where an address is expected */
    const struct net_addr *addr; /* NULL where a name is */
    struct trust *trust;
    int64_t now;
};

/*
 * Write down what was seen, in `sight` and in the certs of `result`. Works after a failure, too, as
 * far as the server got: then the certificates it sent are listed, if any, and the error stays.
 */
void tls_stream_describe(struct tls_stream *stream, const struct tls_expectation *expected,
    struct probe_result *result, struct probe_sight *sight);

/* Say that we are leaving. The socket should be shut down for writing afterwards. */
void tls_stream_bye(struct tls_stream *stream);

DEFINE_AUTOFREE(tls_setup);
DEFINE_AUTOFREE(tls_stream);
