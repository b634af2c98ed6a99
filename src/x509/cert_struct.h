/*
 * x509/cert_struct: what a struct cert is made of, for x509/ alone.
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "x509/cert.h"
#include "x509/memo.h"

/* What can be said of a public key. */
struct key_facts {
    enum cert_key kind;
    char algorithm[64];
    int bits;
    char curve[32];
    uint8_t spki_sha256[CERT_SHA256_SIZE];
};

enum cert_seen { SEEN_NOBODY, SEEN_BEING_WRITTEN, SEEN_ISSUER };

struct cert {
    struct memo_part part; /* shared by those who parsed the same bytes */
    X509 *x509;
    struct buf der;
    uint8_t sha256[CERT_SHA256_SIZE];
    uint8_t sha1[CERT_SHA1_SIZE];
    char serial[CERT_SERIAL_MAX + 1];
    char *subject;
    char *issuer;
    char *common_name;
    char *name;
    int64_t not_before;
    int64_t not_after;
    struct key_facts key;
    char signature_algorithm[80];
    bool is_ca;
    int64_t path_length;
    bool is_self_signed;
    bool is_staging;
    bool has_key_usage;
    unsigned key_usage;

    /* Parts of the DER that x509 holds: contents of the extensions' outermost SEQUENCE. */
    struct span sans;
    size_t n_sans;
    struct span extended_key_usage;
    struct span authority_info;
    struct span crl_points;
    struct span subject_key_id;
    struct span authority_key_id;

    /* Whose key was seen to verify it, so that it need not be seen again: written once. */
    _Atomic(enum cert_seen) seen;
    uint8_t seen_sha256[CERT_SHA256_SIZE];
};

/* Fill in what comes from extensions. What is malformed is as if it were not there. */
void cert_read_extensions(struct cert *cert);

/* False, and *ret as it was, for what is no time. */
bool cert_read_instant(const ASN1_TIME *time, int64_t *ret);

/* x509/key; `pkey` is what was decoded of `pubkey`, NULL for a kind that OpenSSL cannot use. */
void key_facts_read(X509_PUBKEY *pubkey, const EVP_PKEY *pkey, struct key_facts *ret);
const char *key_slot(const struct key_facts *key);

/* Step through the content of a subjectAltName, as cert_next_san(). */
bool sans_next(struct span sans, size_t *position, struct cert_san *ret);
