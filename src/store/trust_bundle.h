/* store/trust_bundle: certificates of private CAs that are trusted beside the system's. */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct err;
struct tx;

/* ERR_CONFLICT if the name is taken. */
bool store_trust_bundle_add(struct tx *tx, const char *name, const char *pem, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* ERR_NOT_FOUND if there is none. */
bool store_trust_bundle_delete(struct tx *tx, int64_t id, struct err *err) must_check;

struct trust_bundle_row {
    int64_t id;
    const char *name;
    const char *pem;
    int64_t created_at;
};

/* Called for each by name; what it is given lives for the call. */
typedef void (*trust_bundle_visit)(void *context, const struct trust_bundle_row *row);
bool store_trust_bundles(struct tx *tx, trust_bundle_visit visit, void *context, struct err *err)
    must_check;

/* All of them, one after the other, and the certificates of the built-in authorities: the anchors
 * beside the system's. */
bool store_trust_bundles_pem(struct tx *tx, struct buf *pem, struct err *err) must_check;
