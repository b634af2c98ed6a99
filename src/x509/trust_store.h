/*
 * x509/trust_store: whom we trust, and what a chain is worth for it.
 *
 * Verification is at an instant of the caller's, for a TLS server (serverAuth); revocation is not
 * looked at. A chain is worth what its weightiest fault says: one that has ended and leads to
 * nobody we know leads, above all, to nobody we know.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "x509/chain.h"

struct err;
struct trust_store;

struct chain_verdict {
    enum chain_status status;
    char message[160];       /* what is wrong and with which certificate; "" where it is trusted */
    bool is_complete_path;   /* path_expires_at is that of a path up to an anchor */
    int64_t path_expires_at; /* earliest end along that path without its anchor, else the leaf's */
};

/*
 * Anchors. `system_dir` is a directory of hashed certificates that is looked into when an issuer is
 * needed, so a store is small; NULL is OpenSSL's own (SSL_CERT_DIR is obeyed), "" none. Each
 * certificate in `pem` is an anchor besides, be it a root, an intermediate or a leaf. Belongs to
 * one thread.
 */
bool trust_store_new(const char *system_dir, struct span pem, struct trust_store **ret,
    struct err *err) must_check;
void trust_store_free(struct trust_store *store);

/* Never fails: what cannot be verified is CHAIN_INVALID, and the message says why. */
void chain_verify(const struct chain *chain, struct trust_store *store, int64_t now,
    struct chain_verdict *ret);

DEFINE_AUTOFREE(trust_store);
