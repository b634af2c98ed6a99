/*
 * x509/csr: a certificate signing request (RFC 2986).
 *
 * Parsed once, never changed; whoever parses the same bytes may be given the same one (x509/memo).
 * Whether its own key signed it is part of parsing's result and no error: a request that fails
 * there can still be shown. Policy is core's to judge.
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

/* It is not, as far as we know: the algorithm is none of those that we can verify. */
bool csr_has_unknown_signature(const struct csr *csr);

struct span csr_der(const struct csr *csr);
void csr_to_pem(const struct csr *csr, struct buf *pem);
const char *csr_subject(const struct csr *csr); /* as cert_subject() */
const char *csr_common_name(const struct csr *csr);
/* "sha256", "md5", …: what was signed is a hash of this kind; "" where the algorithm has its own
 * (Ed25519), or is unknown. */
const char *csr_signature_hash(const struct csr *csr);
enum cert_key csr_key(const struct csr *csr);
const char *csr_key_algorithm(const struct csr *csr);
int csr_key_bits(const struct csr *csr);
const char *csr_key_curve(const struct csr *csr);
const uint8_t *csr_spki_sha256(const struct csr *csr);

/* An RSA key's public exponent, 0 for others. One that does not fit is the greatest that does and
 * is as even or odd. */
int64_t csr_rsa_exponent(const struct csr *csr);

/* It asks for a CA's certificate: for basicConstraints with CA:TRUE. */
bool csr_wants_ca(const struct csr *csr);

/* The attributes of the subject, in their order. */
struct csr_field {
    const char *name;  /* "O"; an OID for what has no short name */
    const char *value; /* as csr_common_name() */
    bool is_text;      /* else the value is "" */
};

size_t csr_n_fields(const struct csr *csr);
const struct csr_field *csr_field(const struct csr *csr, size_t i);

/* The names asked for, as cert_next_san(). */
size_t csr_n_sans(const struct csr *csr);
bool csr_next_san(const struct csr *csr, size_t *position, struct cert_san *ret);

/* False: they cannot all be told. The list is malformed, or there are several, of which programs
 * read this one or that. */
bool csr_sans_are_whole(const struct csr *csr);

DEFINE_AUTOFREE(csr);
