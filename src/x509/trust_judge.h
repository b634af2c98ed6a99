/*
 * x509/trust_judge: chain_verify() for the prober, which has OpenSSL's own objects from a handshake
 * already; parsing them again would cost more than all the rest of it.
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "x509/trust_store.h"

/* Everything but `ret` is borrowed; `sent` may hold the leaf as well, or be NULL. */
void trust_store_judge(struct trust_store *store, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
    struct chain_verdict *ret);
