/*
 * monitor/replace: another certificate takes the place of a record's current one, because somebody
 * renewed it elsewhere and brings it.
 *
 * The successor rule of core/match decides, or a person who says so. Where the record's endpoints
 * still serve the old one, the new one is staged: it becomes current when they serve it, and until
 * then what is served is what counts.
 */
#pragma once

#include "core/rows_version.h"
#include "monitor/bring.h"

struct err;
struct tx;

#define REPLACE_REASONS_MAX 8

struct replace_outcome {
    bool is_successor; /* may it? else the reasons say why not, and nothing has changed */
    char reasons[REPLACE_REASONS_MAX][256];
    size_t n_reasons;
    bool was_there;         /* the record had it already */
    enum version_role role; /* what became of it */
};

/*
 * What was issued for the record is its successor whatever the rule says, and still staged where
 * the old one is served.
 *
 * Brought without a key, it has the key of an earlier version of the record, if that is its own.
 * `confirmed`: a person wants it whatever the rule says. When *ret says that it is no successor the
 * transaction must not be committed.
 */
bool replace_current(struct tx *tx, int64_t certificate_id, struct brought *brought, bool confirmed,
    int64_t now, struct replace_outcome *ret, struct err *err) must_check;
