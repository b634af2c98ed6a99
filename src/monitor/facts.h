/*
 * monitor/facts: a certificate and its chain, as seen or given, into rows.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct cert;
struct err;
struct tx;

/* Find or add the version for a certificate; *ret_slot (may be NULL) lives for ever. */
bool facts_put_cert(struct tx *tx, const struct cert *cert, int64_t now, int64_t *ret_id,
    const char **ret_slot, struct err *err) must_check;

/* The same from DER. A certificate we cannot read is ERR_INVALID. */
bool facts_put_der(struct tx *tx, struct span der, int64_t now, int64_t *ret_id, struct err *err)
    must_check;
