/*
 * vault/csr: certification requests (PKCS#10, RFC 2986).
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "base/buf.h"
#include "vault/client_keys.h"

struct err;

/* Appends DER. ERR_INVALID names the attribute or name that cannot be in a request. */
bool csr_build(EVP_PKEY *key, const struct vault_csr *csr, struct buf *der, struct err *err)
    must_check;

/* Its subject alone, in the order in which one is usually written. */
bool csr_add_subject(X509_NAME *name, const struct vault_csr *csr, struct err *err) must_check;

/* Put the key in, sign with it, and append DER. */
bool csr_sign(X509_REQ *request, EVP_PKEY *key, struct buf *der, struct err *err) must_check;
