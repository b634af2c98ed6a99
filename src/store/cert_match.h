/* store/cert_match: which record a row of a table means, when it says only a name. */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/*
 * The first record of that name (as codec/fold gives it) that the account owns or shares, or any if
 * `edits_all`; and how many there are, counted to two.
 */
bool store_cert_match_name(struct tx *tx, int64_t account_id, bool edits_all,
    const char *name_lower, int64_t *ret_id, int64_t *ret_n, struct err *err) must_check;

/* Names, as codec/fold gives them; some hundred at most. */
struct cert_match_names {
    const char *const *names;
    size_t n;
    bool *is_taken; /* one for each: is there any record of it, whosever? */
};

/* Fills in what `names` points to, for all of them at once. */
bool store_cert_match_names(struct tx *tx, const struct cert_match_names *names, struct err *err)
    must_check;
