/*
 * store/dashboard: what the first page shows, cheap enough to be asked every few seconds.
 */
#pragma once

#include "core/rows_endpoint.h"
#include "core/rows_ticket.h"
#include "store/viewer.h"

struct err;
struct tx;

/*
 * How many records end in each of the n weeks that follow `from` (n <= DASHBOARD_WEEKS_MAX), a week
 * being seven days from `from`, which is cut to the beginning of its day.
 */
#define DASHBOARD_WEEKS_MAX 260
bool store_dashboard_timeline(struct tx *tx, const struct store_viewer *viewer, int64_t from,
    size_t n, int64_t *weeks, struct err *err) must_check;

/* Endpoints that fail, those that fail longest first; *ret_n counts them all, up to 1,000. */
bool store_dashboard_failing(struct tx *tx, const struct store_viewer *viewer, int64_t limit,
    struct endpoint_rows *rows, int64_t *ret_n, struct err *err) must_check;

/* Open tickets, not snoozed, that are assigned to the account, or to nobody and about a record it
 * owns or shares; the last updated first. */
bool store_dashboard_needs_me(struct tx *tx, int64_t account_id, int64_t now, int64_t limit,
    struct ticket_rows *rows, struct err *err) must_check;

/* How many open tickets the viewer sees, counted up to 10,000. */
bool store_dashboard_open_tickets(struct tx *tx, const struct store_viewer *viewer, int64_t *ret,
    struct err *err) must_check;

struct top_row {
    char *name;
    int64_t n;
};

struct top_rows {
    struct top_row items[10];
    size_t n;
};

void top_rows_done(struct top_rows *rows);

enum top_by { TOP_BY_ISSUER, TOP_BY_KEY_TYPE };

/*
 * What most records have, each value counted up to 10,000: the issuer, or the kind of key ("rsa
 * 2048": algorithm, size). Counts what the viewer sees, for plain users up to 10,000 records.
 */
bool store_dashboard_top(struct tx *tx, const struct store_viewer *viewer, enum top_by by,
    struct top_rows *ret, struct err *err) must_check;

DEFINE_AUTODONE(top_rows);
