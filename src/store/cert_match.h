/* store/cert_match: which record a row of a table means, when it says only a name. */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/*
 * The first record of that name (in any case) that the account owns or shares, or any if
 * `edits_all`; and how many there are, counted to two.
 */
bool store_cert_match_name(struct tx *tx, int64_t account_id, bool edits_all, const char *name,
    int64_t *ret_id, int64_t *ret_n, struct err *err) must_check;
