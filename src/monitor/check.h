/*
 * monitor/check: look at endpoints, and keep what was seen.
 *
 * Targets are handed to the prober as fast as it takes them; results are written in the order they
 * come, several to a transaction, and each record they touch is moved once for each of those.
 */
#pragma once

#include "base/base.h"
#include "core/rows_endpoint.h"

struct check;
struct db;
struct err;
struct probe_client;

/* What came of one record. */
struct check_change {
    int64_t certificate_id;
    char what[256];
};

struct check_totals {
    int64_t n_checked;
    int64_t n_failed;
    struct check_change *changes; /* the first CHECK_CHANGES_MAX */
    size_t n_changes;
    struct check_change *failures; /* likewise: records whose endpoints failed, and how */
    size_t n_failures;
};

#define CHECK_CHANGES_MAX 1000

void check_totals_done(struct check_totals *totals);

/* Called now and then with how many endpoints are done; false, with `err`, stops the check. */
typedef bool (*check_progress)(void *context, int64_t n_done, struct err *err);

/* *ret must be zeroed or hold what went before: it is added to. */
bool check_endpoints(struct db *db, struct probe_client *prober, const struct endpoint_rows *rows,
    check_progress progress, void *context, struct check_totals *ret, struct err *err) must_check;

DEFINE_AUTODONE(check_totals);
