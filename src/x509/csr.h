/*
 * x509/csr: a certificate signing request (RFC 2986).
 *
 * Parsed once, never changed. Whether its own key signed it is part of parsing's result and no
 * error: a request that fails there can still be shown. Policy is core's to judge.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "x509/cert.h"

struct csr;
struct err;

#define CSR_MAX_BYTES (256U << 10)

/*
 * The first request in a PEM text, or DER. The caller frees *ret. ERR_INVALID if there is none or
 * it is malformed; ERR_LIMIT above CSR_MAX_BYTES.
 */
bool csr_from_any(struct span bytes, struct csr **ret, struct err *err) must_check;
void csr_free(struct csr *csr);

/* Proof of possession: did the key that is in it sign it, in a way that proves anything? */
bool csr_is_signed(const struct csr *csr);

struct span csr_der(const struct csr *csr);
void csr_to_pem(const struct csr *csr, struct buf *pem);
const char *csr_subject(const struct csr *csr); /* as cert_subject() */
const char *csr_common_name(const struct csr *csr);
const char *csr_signature_algorithm(const struct csr *csr);
enum cert_key csr_key(const struct csr *csr);
const char *csr_key_algorithm(const struct csr *csr);
int csr_key_bits(const struct csr *csr);
const char *csr_key_curve(const struct csr *csr);
const uint8_t *csr_spki_sha256(const struct csr *csr);

/* The names asked for, as cert_next_san(). */
size_t csr_n_sans(const struct csr *csr);
bool csr_next_san(const struct csr *csr, size_t *position, struct cert_san *ret);

DEFINE_AUTOFREE(csr);
