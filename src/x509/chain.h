/*
 * x509/chain: a certificate with what stands above it, and what that is worth.
 *
 * A chain owns its certificates, the leaf first. Verification is at an instant of the caller's, for
 * a TLS server (serverAuth); revocation is not looked at. It is worth what its weightiest fault
 * says: a chain that has ended and leads to nobody we know leads, above all, to nobody we know.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "x509/cert.h"

struct chain;
struct err;
struct trust_store;

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

struct chain_verdict {
    enum chain_status status;
    char message[160];       /* what is wrong and with which certificate; "" where it is trusted */
    bool is_complete_path;   /* path_expires_at is that of a path up to an anchor */
    int64_t path_expires_at; /* earliest end along that path without its anchor, else the leaf's */
};

const char *chain_status_name(enum chain_status status); /* "trusted", "not_yet_valid", … */

/* False where `name` is no such word. "invalid" stands for "bad_signature" as well in probes. */
bool chain_status_from_name(const char *name, enum chain_status *ret);

/* How well it verifies, for comparing two: 0 is trusted, larger is worse. Unknown names are worst.
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

/*
 * Add missing issuers from `pool` (borrowed, any order) above the last certificate, never a
 * self-signed root. Returns how many were added.
 */
size_t chain_complete(struct chain *chain, const struct cert *const *pool, size_t n_pool);

/* Never fails: what cannot be verified is CHAIN_INVALID, and the message says why. */
void chain_verify(const struct chain *chain, struct trust_store *store, int64_t now,
    struct chain_verdict *ret);

/*
 * Anchors. `system_dir` is a directory of hashed certificates that is looked into when an issuer is
 * needed, so a store is small; NULL is OpenSSL's own (SSL_CERT_DIR is obeyed), "" none. Each
 * certificate in `pem` is an anchor besides, be it a root, an intermediate or a leaf. Belongs to
 * one thread.
 */
bool trust_store_new(const char *system_dir, struct span pem, struct trust_store **ret,
    struct err *err) must_check;
void trust_store_free(struct trust_store *store);

DEFINE_AUTOFREE(chain);
DEFINE_AUTOFREE(trust_store);
