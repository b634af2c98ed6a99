/*
 * store/ca_certificate: what authorities have issued to us, and what of it is revoked.
 *
 * For the built-in authority this is what its CRL and OCSP tell of. A revocation is for ever.
 */
#pragma once

#include "codec/digest.h"
#include "core/rows_ca.h"
#include "store/viewer.h"

struct err;
struct tx;

/* ERR_CONFLICT: the authority has issued that serial, or answered that order, already. */
bool store_ca_certificate_add(struct tx *tx, const struct ca_certificate_row *row, int64_t *ret_id,
    struct err *err) must_check;

/* *ret is NULL where the authority issued no such serial (lower-case, no leading zeros). */
bool store_ca_certificate_find(struct tx *tx, int64_t ca_id, const char *serial,
    struct ca_certificate_row **ret, struct err *err) must_check;

/* Who issued a version to us; *ret is NULL for one that came in another way. */
bool store_ca_certificate_of_version(struct tx *tx, int64_t version_id,
    struct ca_certificate_row **ret, struct err *err) must_check;

/* `reason` as RFC 5280 spells it. *ret_changed is false where it was revoked already: then its
 * instant and reason stay what they are. */
bool store_ca_certificate_revoke(struct tx *tx, int64_t id, const char *reason, int64_t now,
    bool *ret_changed, struct err *err) must_check;

/* How many the authority has issued, and how many of them are revoked, ended ones too. */
bool store_ca_certificate_counts(struct tx *tx, int64_t ca_id, int64_t *ret_n, int64_t *ret_revoked,
    struct err *err) must_check;

/* Was any certificate for this key revoked for that reason, as RFC 5280 spells it? */
bool store_ca_key_was_revoked(struct tx *tx, const uint8_t spki_sha256[static SHA256_SIZE],
    const char *reason, bool *ret, struct err *err) must_check;

/* How many were revoked ever: grows with each revocation, and is quick. */
bool store_ca_certificate_n_revoked(struct tx *tx, int64_t ca_id, int64_t *ret, struct err *err)
    must_check;

/* Called for each that is revoked and ends after `ends_after`. */
typedef void (*ca_certificate_visit)(void *context, const char *serial, int64_t revoked_at,
    const char *reason);
bool store_ca_certificate_revoked(struct tx *tx, int64_t ca_id, int64_t ends_after,
    ca_certificate_visit visit, void *context, struct err *err) must_check;

/* Newest first, those in records that the viewer may see; below `before_id`, 0: from the newest. */
bool store_ca_certificate_page(struct tx *tx, const struct store_viewer *viewer, int64_t ca_id,
    int64_t before_id, int64_t limit, struct ca_certificate_rows *rows, struct err *err) must_check;
