/* monitor/keep: what a probe saw, into the database: versions, chains, observations, the endpoint's
 * own state. */
#pragma once

#include "base/base.h"

struct err;
struct probe_result;
struct tx;

/* *ret_is_success: every address that counts answered. */
bool keep_result(struct tx *tx, int64_t endpoint_id, const struct probe_result *result, int64_t now,
    bool *ret_is_success, struct err *err) must_check;
