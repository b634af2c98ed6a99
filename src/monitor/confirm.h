/*
 * monitor/confirm: a person says what no rule can know.
 */
#pragma once

#include "base/base.h"
#include "codec/digest.h"

struct err;
struct tx;

/*
 * What was seen under this fingerprint at one of the record's endpoints (foreign, rolled back, or
 * staged) is its current version from now on. ERR_NOT_FOUND if none of them serves it.
 */
bool confirm_current(struct tx *tx, int64_t certificate_id,
    const uint8_t sha256[static SHA256_SIZE], int64_t now, struct err *err) must_check;

/* The address of an endpoint is dead for good, or (is_dead false) is not. */
bool confirm_dead(struct tx *tx, int64_t certificate_id, int64_t endpoint_id, const char *address,
    bool is_dead, int64_t now, struct err *err) must_check;
