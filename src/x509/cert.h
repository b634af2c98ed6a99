/*
 * x509/cert: one X.509 certificate.
 *
 * A struct cert is parsed once and never changes, so any number of threads may read it; those who
 * parse the same bytes may be given the same one, which cert_free() frees with the last. What its
 * functions return as const belongs to the certificate and lives exactly as long. Parsing accepts
 * whatever CAs have really issued and judges nothing. Texts are UTF-8 without NUL and control
 * characters whatever the certificate holds, and cut where they are absurd; the bytes themselves
 * are in cert_der().
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct cert;
struct err;

#define CERT_MAX_BYTES (1U << 20)
#define CERT_SHA256_SIZE 32
#define CERT_SHA1_SIZE 20

/* Texts are cut at these many bytes and then end in "…". */
#define CERT_NAME_MAX 1024
#define CERT_SERIAL_MAX 131

/*
 * Parse the first certificate in `pem`, skipping any text before it. The caller frees *ret.
 * Fails with ERR_INVALID if there is none or it is malformed, and with ERR_LIMIT above 1 MiB.
 */
bool cert_from_pem(struct span pem, struct cert **ret, struct err *err) must_check;

/* The same from DER; bytes after the certificate are ERR_INVALID. */
bool cert_from_der(struct span der, struct cert **ret, struct err *err) must_check;

void cert_free(struct cert *cert);

struct span cert_der(const struct cert *cert);

/* Append it as PEM, with the line break behind its last line. */
void cert_to_pem(const struct cert *cert, struct buf *pem);

const uint8_t *cert_sha256(const struct cert *cert); /* CERT_SHA256_SIZE bytes, of the DER */
const uint8_t *cert_sha1(const struct cert *cert);   /* CERT_SHA1_SIZE bytes, for display only */
const uint8_t *cert_spki_sha256(const struct cert *cert); /* of the SubjectPublicKeyInfo */

/* Lower-case hexadecimal, without leading zeros but for "0" and "0a"; "-" before a negative one. */
const char *cert_serial(const struct cert *cert);

/* As RFC 4514 writes them, most specific first: "CN=www.example.org,O=Example". May be "". */
const char *cert_subject(const struct cert *cert);
const char *cert_issuer(const struct cert *cert);

/* The most specific CN of subject and of issuer; "" without one. */
const char *cert_common_name(const struct cert *cert);
/* What to call it: the CN, else the first SAN, else the subject, else "serial …". Never "". */
const char *cert_name(const struct cert *cert);

/* The first and the last second of validity; both ends are inside it (RFC 5280, 4.1.2.5). */
int64_t cert_not_before(const struct cert *cert);
int64_t cert_not_after(const struct cert *cert);

enum cert_key {
    CERT_KEY_RSA,
    CERT_KEY_EC,
    CERT_KEY_ED25519,
    CERT_KEY_ED448,
    CERT_KEY_DSA,
    CERT_KEY_OTHER
};

enum cert_key cert_key(const struct cert *cert);
const char *cert_key_algorithm(
    const struct cert *cert);                        /* "rsa", "ec", "ed25519", …, else its OID */
int cert_key_bits(const struct cert *cert);          /* 0: unknown */
const char *cert_key_curve(const struct cert *cert); /* "P-256"; "" for what is no named curve */

/* "rsa", "ecdsa" or "other": which of a server's certificates it can be. */
const char *cert_slot(const struct cert *cert);

/* "sha256WithRSAEncryption", "ecdsa-with-SHA384", else the OID. */
const char *cert_signature_algorithm(const struct cert *cert);

bool cert_is_ca(const struct cert *cert);          /* basicConstraints says so */
int64_t cert_path_length(const struct cert *cert); /* -1: no limit is stated */

/* Issuer and subject are equal, and its own key verifies it. */
bool cert_is_self_signed(const struct cert *cert);

/* Comes from a CA for tests (Let's Encrypt's "(STAGING)" and their like): no successor of anything.
 */
bool cert_is_staging(const struct cert *cert);

/* Is this the certificate of the key whose SubjectPublicKeyInfo hashes to `spki_sha256`? */
bool cert_is_for_key(const struct cert *cert, const uint8_t spki_sha256[static CERT_SHA256_SIZE]);

/* Did `issuer`'s key sign `cert`, and is it named as its issuer? */
bool cert_is_issued_by(const struct cert *cert, const struct cert *issuer);

/* key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2); empty where there is none. */
struct span cert_subject_key_id(const struct cert *cert);
struct span cert_authority_key_id(const struct cert *cert);

enum cert_key_usage {
    CERT_USE_DIGITAL_SIGNATURE = 1 << 0,
    CERT_USE_NON_REPUDIATION = 1 << 1,
    CERT_USE_KEY_ENCIPHERMENT = 1 << 2,
    CERT_USE_DATA_ENCIPHERMENT = 1 << 3,
    CERT_USE_KEY_AGREEMENT = 1 << 4,
    CERT_USE_CERT_SIGN = 1 << 5,
    CERT_USE_CRL_SIGN = 1 << 6,
    CERT_USE_ENCIPHER_ONLY = 1 << 7,
    CERT_USE_DECIPHER_ONLY = 1 << 8,
    N_CERT_USES = 9,
};

/* Bits of enum cert_key_usage. False where the extension is missing: then any use is allowed. */
bool cert_key_usage(const struct cert *cert, unsigned *ret);
const char *cert_key_usage_name(unsigned bit); /* "digitalSignature", …; bit is one of the above */

/*
 * Texts of one kind, by number from 0 on: "serverAuth", "http://…". False past the last. Walked
 * anew each time, so a list is read from its beginning: `for (i = 0; cert_text(cert, kind, i, …);
 * i++)`.
 */
enum cert_texts { CERT_EXTENDED_KEY_USAGE, CERT_OCSP_URL, CERT_ISSUER_URL, CERT_CRL_URL };

bool cert_text(const struct cert *cert, enum cert_texts kind, size_t i, char *field,
    size_t field_size);

/* subjectAltName, read from the DER as it is asked for. */
enum cert_san_kind { CERT_SAN_DNS, CERT_SAN_IP, CERT_SAN_EMAIL, CERT_SAN_URI, CERT_SAN_OTHER };

struct cert_san {
    enum cert_san_kind kind;
    struct span
        value; /* as it is in the DER: 4 or 16 bytes of an address, else text from a stranger */
};

#define CERT_SAN_TEXT_MAX 256

size_t cert_n_sans(const struct cert *cert);

/* `*position` is 0 for the first; false past the last. */
bool cert_next_san(const struct cert *cert, size_t *position, struct cert_san *ret);
const char *cert_san_kind_name(enum cert_san_kind kind); /* "dns", "ip", "email", "uri", "other" */

/* For people: addresses written out, everything else cleaned and cut. Returns `field`. */
const char *cert_san_text(const struct cert_san *san, char field[static CERT_SAN_TEXT_MAX]);

DEFINE_AUTOFREE(cert);
