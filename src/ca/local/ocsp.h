/*
 * ca/local/ocsp: whether certificates of the built-in authority are good, asked by anybody
 * (RFC 6960).
 *
 * Answers are kept and given again, so that what strangers ask costs no signature each time: what
 * a certificate's row says is looked up for each, and an answer is taken from what is kept only if
 * it says the same. What has to be signed is limited, so that nobody keeps the vault busy. Any
 * number of threads may ask.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct db;
struct err;
struct vault_client;

struct ocsp_responder;

/* `vault` outlives it. */
struct ocsp_responder *ocsp_responder_new(struct vault_client *vault) must_check;
void ocsp_responder_free(struct ocsp_responder *responder);

/*
 * The answer to `request` (DER) of an authority, appended to ret->der: an OCSPResponse whatever was
 * asked. ERR_NOT_FOUND: there is no such authority, or it has no certificate.
 */
struct ocsp_reply {
    struct buf *der; /* the caller's */
    int64_t max_age; /* for how many seconds others may keep it; 0: not at all */
};
bool ocsp_respond(struct ocsp_responder *responder, struct db *db, const char *ca_name,
    struct span request, int64_t now, struct ocsp_reply *ret, struct err *err) must_check;

/* How many answers were signed, and how many given again; for metrics. */
void ocsp_responder_counts(struct ocsp_responder *responder, int64_t *ret_signed,
    int64_t *ret_kept);

DEFINE_AUTOFREE(ocsp_responder);
