/*
 * store/bucket: see the header.
 *
 * A revoked record is in "total" and "revoked" alone, one without a version in "total" and
 * "unknown": status by dates is for the rest.
 */
#include "store/bucket.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/pending.h"
#include "store/read.h"

struct place {
    const char *kind;
    int64_t day;
    int64_t n;
};

#define N_PLACES 6

int64_t bucket_day(int64_t at)
{
    int64_t day = at / SECONDS_PER_DAY;

    return at % SECONDS_PER_DAY < 0 ? day - 1 : day;
}

/* All six kinds, in their order; n is 1 where the record counts. */
static void places_of(const struct bucket_dates *dates, struct place places[static N_PLACES])
{
    bool has_dates = dates->is_there && dates->has_version && !dates->is_revoked;

    places[0] = (struct place){ "begins", has_dates ? bucket_day(dates->begins_at) : 0, has_dates };
    places[1] =
        (struct place){ "expires", has_dates ? bucket_day(dates->expires_at) : 0, has_dates };
    places[2] =
        (struct place){ "expiring", has_dates ? bucket_day(dates->expiring_at) : 0, has_dates };
    places[3] = (struct place){ "revoked", 0, dates->is_there && dates->is_revoked };
    places[4] = (struct place){ "total", 0, dates->is_there };
    places[5] = (struct place){ "unknown", 0,
        dates->is_there && !dates->has_version && !dates->is_revoked };
}

void bucket_move(struct tx *tx, const struct bucket_dates *from, const struct bucket_dates *to)
{
    struct place old[N_PLACES];
    struct place new[N_PLACES];

    places_of(from, old);
    places_of(to, new);
    for (size_t i = 0; i < N_PLACES; i++) {
        if (old[i].n == new[i].n && old[i].day == new[i].day)
            continue;
        if (old[i].n)
            pending_bucket(tx, old[i].kind, old[i].day, -1);
        if (new[i].n)
            pending_bucket(tx, new[i].kind, new[i].day, 1);
    }
}

bool bucket_total(struct tx *tx, int64_t *ret, struct err *err)
{
    if (!pending_write(tx, err))
        return false;

    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) FROM expiry_bucket"
                       " WHERE kind = 'total' AND day = 0");

    return read_number(q, ret, err);
}

bool bucket_dates_lock(struct tx *tx, int64_t certificate_id, struct bucket_dates *ret,
    struct err *err)
{
    struct bucket_dates dates = { 0 };
    autofree(stmt) struct stmt *q =
        tx_prepare_locking(tx, "SELECT version_id, revoked_at, begins_at, expires_at, expiring_at"
                               "  FROM certificate WHERE id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    while (stmt_next(q)) {
        dates.is_there = true;
        dates.has_version = !stmt_is_null(q, 0);
        dates.is_revoked = !stmt_is_null(q, 1);
        dates.begins_at = stmt_i64(q, 2);
        dates.expires_at = stmt_i64(q, 3);
        dates.expiring_at = stmt_i64(q, 4);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = dates;
    return true;
}
