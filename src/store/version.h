/*
 * store/version: X.509 certificates and the chains they were sent with.
 *
 * Both are immutable and shared: adding what is there already finds it.
 */
#pragma once

#include "base/buf.h"
#include "core/rows_version.h"

struct err;
struct tx;

/* *ret_id is 0 when no such certificate is known. */
bool store_version_find(struct tx *tx, const uint8_t sha256[static SHA256_SIZE], int64_t *ret_id,
    struct err *err) must_check;

/* Find it, or add it. *ret_new (may be NULL) says which. */
bool store_version_put(struct tx *tx, const struct version_facts *facts, int64_t now,
    int64_t *ret_id, bool *ret_new, struct err *err) must_check;

bool store_version_get(struct tx *tx, int64_t id, struct version_row **ret, struct err *err)
    must_check;

/* CA certificates of that subject, as the version's issuer is written; the newest first. */
bool store_version_issuers(struct tx *tx, const char *subject, int64_t limit, struct id_list *ids,
    struct err *err) must_check;

/*
 * What a person may mean by a certificate ID: "C-1042" (a version of a record), its number at the
 * authority, or its serial number there.
 */
bool store_version_ids_by_number(struct tx *tx, int64_t ca_id, const char *number,
    struct id_list *ids, struct err *err) must_check;

/* Append its DER to `der`. */
bool store_version_der(struct tx *tx, int64_t id, struct buf *der, struct err *err) must_check;

/* Find the chain with these members, the leaf's issuer first, or add it. *ret_id is 0 for none. */
bool store_chain_put(struct tx *tx, const int64_t *version_ids, size_t n, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* Its members in the order in which they were sent. */
bool store_chain_members(struct tx *tx, int64_t chain_id, struct version_rows *rows,
    struct err *err) must_check;
