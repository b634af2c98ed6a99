/*
 * vault/ca_request: what is taken from a certification request, and what makes one hopeless.
 *
 * Requests come from strangers, and may ask for anything. Which names and keys a profile allows is
 * core/policy's to judge, and was judged before; here stands what no certificate may hold.
 */
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/base.h"
#include "vault/ca_seal.h"

struct err;

struct ca_request {
    X509_REQ *request;
    EVP_PKEY *key;       /* that is in it; X509_REQ_get0_pubkey() knows none (x509/pubkey) */
    GENERAL_NAMES *sans; /* never NULL after reading; may be empty */
};
void ca_request_done(struct ca_request *request);

/*
 * ERR_INVALID: malformed, not signed by its own key, a weak key, the authority's own key, its
 * subject, a request for another authority, names of a kind that is not issued, or none at all. A
 * server's name that stands in the subject alone is put into `sans`.
 */
bool ca_request_read(const struct ca_seal *seal, const struct vault_ca_leaf *leaf,
    struct ca_request *ret, struct err *err) must_check;

DEFINE_AUTODONE(ca_request);
