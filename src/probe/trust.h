/*
 * probe/trust: what a chain that was sent is worth, remembered for ten minutes.
 *
 * Most handshakes show a chain that was judged a moment ago, at another address or in the second
 * handshake of a pair. x509/trust_store does the judging. Belongs to one thread.
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "base/span.h"
#include "x509/trust_store.h"

struct err;
struct trust;

/* See trust_store_new(). */
bool trust_new(const char *system_dir, struct span pem, struct trust **ret, struct err *err)
    must_check;
void trust_free(struct trust *trust);

/*
 * Judge `leaf` with what was sent, at the instant `now`. `key` names the chain (a SHA-256 over all
 * of it): the same key gets the same answer for a while.
 */
void trust_judge(struct trust *trust, const uint8_t key[static 32], X509 *leaf,
    STACK_OF(X509) * sent, int64_t now, struct chain_verdict *ret);

DEFINE_AUTOFREE(trust);
