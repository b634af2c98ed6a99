/*
 * core/bundle: certificates and keys that came together, sorted out.
 *
 * Which of them are what somebody wants to keep (the leaves), what stands above each, and which key
 * is whose. The order in which they came says nothing, but for what was given as a chain: that is
 * never a leaf while there is another.
 */
#pragma once

#include "base/base.h"
#include "x509/cert.h"

struct chain;
struct err;

#define BUNDLE_LEAVES_MAX 32
#define BUNDLE_NO_KEY SIZE_MAX

struct bundle_cert {
    const struct cert *cert; /* borrowed for the call */
    bool is_chain;           /* it was given as part of the chain */
};

struct bundle_key {
    uint8_t spki_sha256[CERT_SHA256_SIZE];
};

struct bundle_leaf {
    struct chain *chain; /* the leaf first; as far up as was brought along */
    size_t key;          /* which of the keys; BUNDLE_NO_KEY */
    bool is_reordered;   /* it came in another order */
};

struct bundle {
    struct bundle_leaf leaves[BUNDLE_LEAVES_MAX];
    size_t n_leaves;
    size_t n_extra; /* certificates that are in no leaf's chain */
};

/*
 * With keys: the leaves are their certificates, the newest where one key has several; a key without
 * a certificate is ERR_INVALID. Without keys: every certificate that issued none of the others and
 * is no CA's, or the one CA certificate on top; several of these, and no leaf, are ERR_INVALID.
 * ERR_LIMIT: more than BUNDLE_LEAVES_MAX, or more signatures to look at than is reasonable.
 */
bool bundle_sort(const struct bundle_cert *certs, size_t n_certs, const struct bundle_key *keys,
    size_t n_keys, struct bundle *ret, struct err *err) must_check;
void bundle_done(struct bundle *bundle);

DEFINE_AUTODONE(bundle);
