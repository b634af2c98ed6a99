/*
 * x509/chain: a certificate with what stands above it.
 *
 * A chain owns its certificates, the leaf first. What it is worth is x509/trust_store's to say.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "x509/cert.h"

struct chain;
struct err;

#define CHAIN_MAX_CERTS 32
#define CHAIN_MAX_BYTES (4U << 20)

enum chain_status {
    CHAIN_TRUSTED,
    CHAIN_NOT_YET_VALID,  /* leads to a trusted root, but something has not begun */
    CHAIN_EXPIRED,        /* leads to a trusted root, but something has ended */
    CHAIN_INCOMPLETE,     /* an issuer was not sent and is not in the store */
    CHAIN_SELF_SIGNED,    /* the leaf signed itself and is not in the store */
    CHAIN_UNTRUSTED_ROOT, /* complete, up to a root that is not in the store */
    CHAIN_BAD_SIGNATURE,
    CHAIN_INVALID, /* a constraint or purpose is violated; the message is OpenSSL's */
    N_CHAIN_STATUS,
};

const char *chain_status_name(enum chain_status status); /* "trusted", "not_yet_valid", … */

/* False where `name` is no such word. */
bool chain_status_from_name(const char *name, enum chain_status *ret);

/*
 * How well it verifies, for comparing two: 0 is trusted, larger is worse, unknown names are worst.
 * A root that is not in the store and one that was not even sent are worth the same: nothing.
 */
int chain_status_rank(const char *name);

/*
 * Every certificate in `pem` (other blocks and text are skipped), put in order: the leaf is the one
 * that issued none of the others; what does not lead upward from it is dropped, duplicates too. The
 * caller frees *ret. ERR_INVALID if there is no certificate, one is malformed, or there is more
 * than one leaf; ERR_LIMIT above CHAIN_MAX_CERTS or CHAIN_MAX_BYTES.
 */
bool chain_from_pem(struct span pem, struct chain **ret, struct err *err) must_check;

/* As a server sent it: the first is the leaf, whatever the others are, and the order is kept. */
bool chain_from_ders(const struct span *ders, size_t n, struct chain **ret, struct err *err)
    must_check;
void chain_free(struct chain *chain);

size_t chain_size(const struct chain *chain);
const struct cert *chain_cert(const struct chain *chain, size_t i); /* 0 is the leaf */
const struct cert *chain_leaf(const struct chain *chain);

/* Leaf first, one PEM block behind the other. */
void chain_to_pem(const struct chain *chain, struct buf *pem);

/* As a PKCS#7 file of certificates alone (RFC 5652, 5.1), in DER. False: it could not be built. */
bool chain_to_pkcs7(const struct chain *chain, struct buf *der) must_check;

/*
 * Add missing issuers from `pool` (borrowed, any order) above the last certificate, never a
 * self-signed root. Returns how many were added.
 */
size_t chain_complete(struct chain *chain, const struct cert *const *pool, size_t n_pool);

DEFINE_AUTOFREE(chain);
