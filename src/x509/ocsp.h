/*
 * x509/ocsp: a question about certificates (RFC 6960), from anybody.
 *
 * Signatures of the asker are not looked at. Answers are put together in the vault, but for those
 * that say only why there is none.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct cert;
struct err;

#define OCSP_REQUEST_MAX 8192
#define OCSP_ITEMS_MAX 16
#define OCSP_SERIAL_MAX 40 /* bytes; RFC 5280 has 20, strangers ask for what they like */
#define OCSP_NONCE_MAX 128 /* RFC 9654, 2.1 */

enum ocsp_hash { OCSP_SHA1, OCSP_SHA256, OCSP_SHA384, OCSP_SHA512 };

/* One certificate that is asked about. */
struct ocsp_item {
    enum ocsp_hash hash;
    uint8_t name_hash[64]; /* of the issuer's name, and of its key */
    uint8_t key_hash[64];
    size_t hash_size;
    uint8_t serial[OCSP_SERIAL_MAX]; /* positive, without leading zeros */
    size_t serial_size;
};

struct ocsp_request {
    struct ocsp_item items[OCSP_ITEMS_MAX];
    size_t n_items;
    uint8_t nonce[OCSP_NONCE_MAX];
    size_t nonce_size; /* 0: none was sent */
};

/*
 * ERR_INVALID: malformed, a negative or enormous serial number, a hash that is none of the above,
 * or a nonce of a size that is not allowed; ERR_LIMIT: more than OCSP_ITEMS_MAX certificates, or
 * more than OCSP_REQUEST_MAX bytes.
 */
bool ocsp_request_parse(struct span der, struct ocsp_request *ret, struct err *err) must_check;

/* Is it about a certificate of that issuer? */
bool ocsp_item_is_of(const struct ocsp_item *item, const struct cert *issuer);

/* As cert_serial() writes it; `field` has room for 2 * OCSP_SERIAL_MAX + 1. */
const char *ocsp_item_serial(const struct ocsp_item *item,
    char field[static 2 * OCSP_SERIAL_MAX + 1]);

/* Why there is no answer (RFC 6960, 2.3); the values are the RFC's. */
enum ocsp_refusal {
    OCSP_MALFORMED = 1,
    OCSP_INTERNAL_ERROR = 2,
    OCSP_TRY_LATER = 3,
    OCSP_UNAUTHORIZED = 6, /* not one of ours */
};

/* Append it as an OCSPResponse, which for these needs no signature. */
void ocsp_write_refusal(enum ocsp_refusal refusal, struct buf *der);
