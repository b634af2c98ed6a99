/*
 * store/cert_count: how many records a filter lets through. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct cert_where;
struct err;
struct tx;

/* After cert_where_plan(). Exact up to CERT_TOTAL_EXACT, and where it costs nothing. */
bool cert_count(struct tx *tx, const struct cert_where *where, int64_t *ret, bool *ret_is_estimate,
    struct err *err) must_check;
