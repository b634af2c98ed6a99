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

struct store_viewer;

/* Does a viewer who does not see all see so many that counts of theirs are estimated? */
bool cert_count_is_estimated(struct tx *tx, const struct store_viewer *viewer, bool *ret,
    struct err *err) must_check;

/* The greatest id of a record; 0: there is none. */
bool cert_count_max_id(struct tx *tx, int64_t *ret, struct err *err) must_check;

/* The same as where->max_id, unless that is known already. */
struct cert_where;
bool cert_count_find_max(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/*
 * Add the ids of a sample of all records, " … AS mine CROSS JOIN certificate c WHERE …", of which
 * the viewer may see: conditions may follow. Each found stands for *ret_total / CERT_COUNT_SAMPLE.
 */
#define CERT_COUNT_SAMPLE (48 * 32)
struct select;
bool cert_count_add_visible_sample(struct tx *tx, const struct store_viewer *viewer,
    struct select *select, int64_t *ret_total, struct err *err) must_check;
