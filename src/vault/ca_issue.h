/*
 * vault/ca_issue: certificates that an authority's key signs (RFC 5280).
 *
 * Everything but key, subject and alternative names of a request is put together here, so what a
 * request asks for besides has no effect.
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "vault/ca_seal.h"

struct err;

/* A root's certificate of its own; `new->serial` and dates are its. Appends DER. */
bool ca_issue_root(EVP_PKEY *key, const struct vault_ca_new *new, const struct ca_names *names,
    struct buf *der, struct err *err) must_check;

/* What is to be signed elsewhere: proposes path length 0 and the names. Appends DER. */
bool ca_issue_request(EVP_PKEY *key, const struct vault_ca_new *new, const struct ca_names *names,
    struct buf *der, struct err *err) must_check;

/* Is this a certificate that the seal's key can issue with? ERR_INVALID says what is amiss. */
bool ca_issue_check(const struct ca_seal *seal, X509 *cert, struct err *err) must_check;

/* As vault_ca_sign(); the seal has its certificate. */
bool ca_issue_leaf(const struct ca_seal *seal, const struct vault_ca_leaf *leaf, struct buf *der,
    struct err *err) must_check;

/* UTC, in the form that RFC 5280, 4.1.2.5 demands. */
bool ca_set_time(ASN1_TIME *time, int64_t at);

/* False where it is not 1 to VAULT_CA_SERIAL_MAX bytes of a positive number. */
bool ca_set_serial(ASN1_INTEGER *serial, struct span bytes);
