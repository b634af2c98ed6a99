/*
 * vault/csr: certification requests (PKCS#10, RFC 2986).
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "vault/client.h"

struct err;

/* Appends DER. ERR_INVALID names the attribute or name that cannot be in a request. */
bool csr_build(EVP_PKEY *key, const struct vault_csr *csr, struct buf *der, struct err *err)
    must_check;
