/*
 * probe/handshake: one handshake with a server that nobody trusts yet.
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
struct handshake_setup;
struct handshake;
struct trust;

/* Which kinds of certificates the server is told we can use. */
enum handshake_offer { OFFER_ALL, OFFER_RSA, OFFER_ECDSA, N_OFFERS };

enum handshake_step { HANDSHAKE_DONE, HANDSHAKE_READ, HANDSHAKE_WRITE, HANDSHAKE_FAILED };

bool handshake_setup_new(struct handshake_setup **ret, struct err *err) must_check;
void handshake_setup_free(struct handshake_setup *setup);

struct handshake_plan {
    enum handshake_offer offer;
    const char *sni; /* borrowed for the call; NULL: none is sent */
    size_t
        max_chain_bytes; /* the server may send; HANDSHAKE_CHAIN_USUAL or HANDSHAKE_CHAIN_LARGE */
};

#define HANDSHAKE_CHAIN_USUAL (256U << 10)
#define HANDSHAKE_CHAIN_LARGE (4U << 20)

/* On a connected, non-blocking socket, which stays the caller's. `setup` outlives it. */
struct handshake *handshake_new(struct handshake_setup *setup, int fd,
    const struct handshake_plan *plan) must_check;
void handshake_free(struct handshake *stream);

/* Go on until the socket must be waited for, or it is over. */
enum handshake_step handshake_step(struct handshake *stream);

/* Why it failed; the message goes to `message`. */
enum probe_error handshake_error(const struct handshake *stream, char message[static 160]);

/* It failed because the chain was larger than the plan allows. */
bool handshake_is_too_large(const struct handshake *stream);

/* What the leaf and the chain are compared with. */
struct handshake_expectation {
    const char *name;            /* NULL where an address is expected */
    const struct net_addr *addr; /* NULL where a name is */
    struct trust *trust;
    int64_t now;
};

/*
 * Write down what was seen, in `sight` and in the certs of `result`. Works after a failure, too, as
 * far as the server got: then the certificates it sent are listed, if any, and the error stays.
 */
void handshake_describe(struct handshake *stream, const struct handshake_expectation *expected,
    struct probe_result *result, struct probe_sight *sight);

/* Say that we are leaving. The socket should be shut down for writing afterwards. */
void handshake_bye(struct handshake *stream);

DEFINE_AUTOFREE(handshake_setup);
DEFINE_AUTOFREE(handshake);
