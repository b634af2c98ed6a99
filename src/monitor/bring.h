/*
 * monitor/bring: a certificate that somebody brings, with its chain and maybe its key, made part of
 * the inventory.
 *
 * Two steps: what can take long, outside of a transaction that writes (bring_judge), then the rows.
 * Rights are checked by whoever calls.
 */
#pragma once

#include "core/rows_version.h"
#include "store/sealed_key.h"
#include "x509/chain.h"

struct db;
struct err;
struct store_viewer;
struct trust_store;
struct tx;

/* One certificate to keep. */
struct brought {
    struct chain *chain; /* the leaf first; bring_judge() adds what the inventory knows above it */
    enum chain_status status; /* by bring_judge(), as is the next */
    int64_t path_expires_at;

    /* Its key: one that was just sealed, or one that is in the database; neither: none came. */
    const struct sealed_key_new *new_key;
    int64_t sealed_key_id;

    bool is_issued;                /* it was ordered for the record: no rule asks whether it fits */
    const char *ca_certificate_id; /* its number at its CA; NULL: none */

    /* The leaf and its chain as rows, by bring_versions(). */
    int64_t version_id;
    int64_t chain_id; /* 0: nothing stands above it */
    const char *slot;
};

/* The anchors: the system's and those of the trust bundles. The caller frees *ret. */
bool bring_trust(struct tx *tx, struct trust_store **ret, struct err *err) must_check;

/* Complete the chain from the inventory, and verify it. */
bool bring_judge(struct tx *tx, struct trust_store *trust, struct brought *brought, int64_t now,
    struct err *err) must_check;

/* Find or add the leaf and its chain as versions. */
bool bring_versions(struct tx *tx, struct brought *brought, int64_t now, struct err *err)
    must_check;

/*
 * A record that has this version and that the viewer may see; the one where it is current before
 * others. *ret_id is 0 where there is none.
 */
bool bring_find_record(struct tx *tx, const struct store_viewer *viewer, int64_t version_id,
    int64_t *ret_id, struct err *err) must_check;

/*
 * Make it a version of the record, in that role and from that origin, with its key if one came;
 * *ret_key is whether the record has its key then. The record is not refreshed.
 */
bool bring_put(struct tx *tx, int64_t certificate_id, const struct brought *brought,
    enum version_role role, enum version_origin origin, int64_t now, struct err *err) must_check;

/* Keep the key with a version that the record has without one. */
bool bring_key(struct tx *tx, const struct record_version_row *own, const struct brought *brought,
    int64_t now, struct err *err) must_check;
