/*
 * probe/trust: what a chain that was sent is worth.
 *
 * Anchors are the system's and those of the bundles an admin added; an intermediate or a leaf in a
 * bundle is an anchor, too. The system's directory is looked into when an issuer is needed, not
 * read as a whole, so an idle prober is small. Verdicts are remembered for ten minutes. Belongs to
 * one thread.
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "base/span.h"
#include "probe/probe.h"

struct err;
struct trust;

struct trust_verdict {
    enum probe_chain chain;
    char message[96];      /* what is wrong; empty where the chain is trusted */
    bool is_complete_path; /* path_expires_at is that of a path up to an anchor */
    int64_t path_expires_at;
};

/*
 * `system_dir`: NULL for OpenSSL's own (SSL_CERT_DIR and SSL_CERT_FILE are obeyed), "" for none.
 * ERR_INVALID: `pem` holds something that is no certificate.
 */
bool trust_new(const char *system_dir, struct span pem, struct trust **ret, struct err *err)
    must_check;
void trust_free(struct trust *trust);

/*
 * Judge `leaf` with what else was sent, at the instant `now`, for a TLS server. `key` names the
 * chain (a SHA-256 over all of it): the same key gets the same answer for a while.
 */
void trust_judge(struct trust *trust, const uint8_t key[static 32], X509 *leaf,
    STACK_OF(X509) * sent, int64_t now, struct trust_verdict *ret);

DEFINE_AUTOFREE(trust);
