/*
 * vault/ca_lists: what an authority says of certificates that it issued: CRL (RFC 5280, 5) and OCSP
 * answers (RFC 6960).
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "vault/ca_seal.h"

struct err;

/* The entries are as vault_ca_crl_add() puts them. Appends DER. */
bool ca_lists_crl(const struct ca_seal *seal, const struct vault_ca_crl *crl, struct buf *der,
    struct err *err) must_check;

/* Appends the DER of a whole response. */
bool ca_lists_ocsp(const struct ca_seal *seal, const struct vault_ocsp *ocsp, struct buf *der,
    struct err *err) must_check;
