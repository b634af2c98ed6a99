/*
 * store/bucket: how many records cross a border of validity on each day.
 *
 * Counts by status add these up instead of looking at a million records. Whatever changes a
 * record's dates moves it from one set of buckets to another. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* What of a record decides on its buckets. */
struct bucket_dates {
    bool is_there; /* false: the record is not there (before it is added, after it is deleted) */
    bool has_version;
    bool is_revoked;
    int64_t begins_at;
    int64_t expires_at;
    int64_t expiring_at;
};

/* The record was in the buckets of `from`; it is to be in those of `to`. They are written when the
 * transaction commits (store/pending). */
void bucket_move(struct tx *tx, const struct bucket_dates *from, const struct bucket_dates *to);

/* The day of an instant: days since 1970, rounded down. */
int64_t bucket_day(int64_t at);

/* All records that there are. */
bool bucket_total(struct tx *tx, int64_t *ret, struct err *err) must_check;

/* The record's dates as the buckets know them. Nobody else changes the record until we commit:
 * whoever changes its dates reads them here before. */
bool bucket_dates_lock(struct tx *tx, int64_t certificate_id, struct bucket_dates *ret,
    struct err *err) must_check;
