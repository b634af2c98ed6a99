/* store/cert_count, and the counts of store/cert_list: see the headers. */
#include "store/cert_count.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/bucket.h"
#include "store/cert_sample.h"
#include "store/cert_set.h"
#include "store/cert_where.h"
#include "store/pending.h"
#include "store/read.h"

#define KEPT(kind, days)                                                                           \
    "(SELECT CAST(COALESCE(sum(b.n), 0) AS BIGINT) FROM expiry_bucket b WHERE b.kind = '" kind     \
    "' AND b.day " days ")"

/* The records that a status has are those on one side of a border of time: of earlier days they are
 * counted already. */
#define CROSSED(kind, column, compared, not_revoked)                                               \
    KEPT(kind, "< $1")                                                                             \
    " + (SELECT count(*) FROM certificate c WHERE c." column " >= $2 AND c." column " " compared   \
    " $3 AND " not_revoked ")"

#define NOT_REVOKED "c.revoked_at IS NULL"

#define COUNT_ALL(ends_not_revoked)                                                                \
    "SELECT " KEPT("total", "= 0") ", " KEPT("revoked", "= 0") ", " KEPT("unknown",                \
        "= 0") ", " CROSSED("begins", "begins_at", "<=", NOT_REVOKED) ", " CROSSED("expiring",     \
        "expiring_at",                                                                             \
        "<=", NOT_REVOKED) ", " CROSSED("expires", "expires_at", "<", ends_not_revoked)

/* One statement for all of them: on PostgreSQL nine would be waited for one after the other. */
static bool count_all(struct tx *tx, int64_t now, struct cert_counts *ret, struct err *err)
{
    const int64_t day = bucket_day(now);
    struct cert_counts counts = { 0 };

    if (!pending_write(tx, err))
        return false;
    /* On PostgreSQL the index of the ends has that among its facts (store/cert_where_marks). */
    autofree(stmt) struct stmt *q = db_is_postgres(tx_db(tx))
                                        ? tx_prepare(tx, COUNT_ALL("c.facts >> 52 & 1 = 0"))
                                        : tx_prepare(tx, COUNT_ALL(NOT_REVOKED));

    stmt_bind_i64(q, 1, day);
    stmt_bind_i64(q, 2, day * SECONDS_PER_DAY);
    stmt_bind_i64(q, 3, now);
    while (stmt_next(q)) {
        const int64_t n_begun = stmt_i64(q, 3);
        const int64_t n_expiring = stmt_i64(q, 4);
        const int64_t n_expired = stmt_i64(q, 5);

        counts.total = stmt_i64(q, 0);
        counts.of[CERT_REVOKED] = stmt_i64(q, 1);
        counts.of[CERT_UNKNOWN] = stmt_i64(q, 2);
        counts.of[CERT_EXPIRED] = n_expired;
        counts.of[CERT_NOT_YET_VALID] =
            counts.total - counts.of[CERT_REVOKED] - counts.of[CERT_UNKNOWN] - n_begun;
        counts.of[CERT_EXPIRING_SOON] = n_expiring - n_expired;
        counts.of[CERT_VALID] = n_begun - n_expiring;
    }
    if (!stmt_end(q, err))
        return false;
    *ret = counts;
    return true;
}

/* So many access entries are looked up in a few tens of milliseconds; beyond, a sample has to do.
 */
#define COUNTED_ONE_BY_ONE 20000

/* How many of the records `mine` are in each status. The numbers are those of enum cert_status. */
static void add_by_status(struct select *select, int64_t now)
{
    select_add(select, "SELECT s.status, count(*) FROM"
                       " (SELECT CASE WHEN c.revoked_at IS NOT NULL THEN 4"
                       "   WHEN c.version_id IS NULL THEN 5 WHEN c.expires_at < ");
    select_i64(select, now);
    select_add(select, " THEN 2 WHEN c.begins_at > ");
    select_i64(select, now);
    select_add(select, " THEN 3 WHEN c.expiring_at <= ");
    select_i64(select, now);
    select_add(select, " THEN 1 ELSE 0 END AS status FROM (");
}

static bool read_statuses(struct tx *tx, const struct select *select, struct cert_counts *ret,
    struct err *err)
{
    struct cert_counts counts = { 0 };
    autofree(stmt) struct stmt *q = select_prepare(tx, select);

    _Static_assert(CERT_VALID == 0 && CERT_EXPIRING_SOON == 1 && CERT_EXPIRED == 2 &&
                       CERT_NOT_YET_VALID == 3 && CERT_REVOKED == 4 && CERT_UNKNOWN == 5,
        "the statement has these numbers");
    while (stmt_next(q)) {
        int64_t status = stmt_i64(q, 0);

        ASSERT(status >= 0 && status < N_CERT_STATUS);
        counts.of[status] = stmt_i64(q, 1);
        counts.total += stmt_i64(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = counts;
    return true;
}

bool cert_count_is_estimated(struct tx *tx, const struct store_viewer *viewer, bool *ret,
    struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM (SELECT 1 AS one FROM ("
        "  SELECT certificate_id FROM certificate_access WHERE account_id = $1"
        "  UNION ALL SELECT certificate_id FROM certificate_access WHERE group_id IN"
        "   (SELECT m.group_id FROM group_member m WHERE m.account_id = $1)) AS mine LIMIT $2) AS counted");

    stmt_bind_i64(q, 1, viewer->account_id);
    stmt_bind_i64(q, 2, COUNTED_ONE_BY_ONE + 1);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > COUNTED_ONE_BY_ONE;
    return true;
}

bool cert_count_max_id(struct tx *tx, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT COALESCE(max(id), 0) FROM certificate");

    return read_number(q, ret, err);
}

bool cert_count_find_max(struct tx *tx, struct cert_where *where, struct err *err)
{
    return where->max_id > 0 || cert_count_max_id(tx, &where->max_id, err);
}

static bool count_mine(struct tx *tx, const struct store_viewer *viewer, int64_t now,
    struct cert_counts *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;

    add_by_status(&select, now);
    select_add(&select,
        "SELECT x.certificate_id AS id FROM certificate_access x WHERE x.account_id = ");
    select_i64(&select, viewer->account_id);
    select_add(&select,
        " UNION SELECT y.certificate_id FROM certificate_access y WHERE y.group_id IN"
        " (SELECT m.group_id FROM group_member m WHERE m.account_id = ");
    select_i64(&select, viewer->account_id);
    select_add(&select,
        ")) AS mine CROSS JOIN certificate c WHERE c.id = mine.id) AS s GROUP BY s.status");
    return read_statuses(tx, &select, ret, err);
}

bool cert_count_add_visible_sample(struct tx *tx, const struct store_viewer *viewer,
    struct select *select, int64_t *ret_total, struct err *err)
{
    const struct cert_filter all = { 0 };
    const struct cert_page_request request = { 0 };
    autodone(cert_where) struct cert_where where = { 0 };
    int64_t max = 0;

    if (!cert_count_max_id(tx, &max, err) || !bucket_total(tx, ret_total, err))
        return false;
    cert_where_init(&where, viewer, &all, N_CERT_SORT, &request);
    cert_sample_add(select, !db_is_postgres(tx_db(tx)), CERT_COUNT_SAMPLE / CERT_SAMPLE_PLACE, max);
    select_add(select, ") AS mine CROSS JOIN certificate c WHERE c.id = mine.id");
    cert_where_add_checks(&where, select);
    return true;
}

static bool estimate_mine(struct tx *tx, const struct store_viewer *viewer, int64_t now,
    struct cert_counts *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    struct cert_counts counts;
    int64_t times = 0;

    add_by_status(&select, now);
    if (!cert_count_add_visible_sample(tx, viewer, &select, &times, err))
        return false;
    select_add(&select, ") AS s GROUP BY s.status");
    if (!read_statuses(tx, &select, &counts, err))
        return false;
    counts.total = 0;
    for (size_t i = 0; i < N_CERT_STATUS; i++) {
        counts.of[i] = counts.of[i] * times / CERT_COUNT_SAMPLE;
        counts.total += counts.of[i];
    }
    counts.is_estimate = true;
    *ret = counts;
    return true;
}

static bool count_visible(struct tx *tx, const struct store_viewer *viewer, int64_t now,
    struct cert_counts *ret, struct err *err)
{
    bool is_estimated = false;

    if (!cert_count_is_estimated(tx, viewer, &is_estimated, err))
        return false;
    return is_estimated ? estimate_mine(tx, viewer, now, ret, err)
                        : count_mine(tx, viewer, now, ret, err);
}

bool store_cert_counts(struct tx *tx, const struct store_viewer *viewer, int64_t now,
    struct cert_counts *ret, struct err *err)
{
    if (!(viewer->sees_all ? count_all(tx, now, ret, err)
                           : count_visible(tx, viewer, now, ret, err)))
        return err_wrap(err, "could not count certificates");
    return true;
}

static bool count_exactly(struct tx *tx, const struct cert_where *where, bool is_told_by_ids,
    int64_t *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT count(*)");
    if (is_told_by_ids)
        cert_where_add_driving_ids(where, &select);
    else
        cert_where_add(where, &select);
    q = select_prepare(tx, &select);
    return read_number(q, ret, err);
}

/* What has been counted is a set, to be counted. */
static void count_counted(struct cert_where *where)
{
    if (where->counted == DRIVE_NONE)
        return;
    where->way = WAY_SET;
    where->drive = where->counted;
    where->n_drive = where->n_counted;
}

/* Some of those that drive or are in the set: how many of them match? */
static bool sample_drive(struct tx *tx, const struct cert_where *where, int64_t *ret,
    struct err *err)
{
    const int64_t n_drive = where->has_set ? (int64_t)where->set.n : where->n_drive;
    /* PostgreSQL takes longer for each, and more to find it. */
    const int64_t step = n_drive / (where->is_sqlite ? 400 : 200) + 1;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    int64_t n = 0;

    select_add(&select, "SELECT count(*)");
    if (where->has_set) {
        select_add(&select, " FROM (");
        cert_set_add_ids(where, step, &select);
        select_add(&select, ")");
    } else {
        select_add(&select, " FROM (SELECT DISTINCT source.id FROM (");
        cert_where_add_drive(where, &select);
        select_add(&select, ") AS source WHERE source.id % ");
        select_i64(&select, step);
        select_add(&select, " = 0)");
    }
    if (where->has_dates || cert_where_reads_records(where)) {
        select_add(&select, " AS sample CROSS JOIN certificate c WHERE c.id = sample.id");
        cert_where_add_checks(where, &select);
    } else {
        select_add(&select, " AS c WHERE 1 = 1");
        cert_where_add_checks_by_id(where, &select);
    }
    q = select_prepare(tx, &select);
    if (!read_number(q, &n, err))
        return false;
    *ret = n * step < n_drive ? n * step : n_drive;
    return true;
}

/* Only statuses are asked for, and all may be seen: that is counted already. */
static bool count_statuses(struct tx *tx, const struct cert_where *where, int64_t *ret,
    struct err *err)
{
    struct cert_counts counts;
    int64_t n = 0;

    if (!count_all(tx, where->now, &counts, err))
        return false;
    for (enum cert_status status = 0; status < N_CERT_STATUS; status++) {
        if (where->statuses & 1u << status)
            n += counts.of[status];
    }
    *ret = n;
    return true;
}

/* PostgreSQL would ask of each of two thousand records whether somebody may see it who sees most of
 * all there is. */
static bool is_nearly_known(const struct cert_where *where)
{
    return !where->is_sqlite && where->way == WAY_DRIVE && cert_where_is_in_order(where) &&
           !where->viewer->sees_all && cert_where_sees_most(where) &&
           where->n_drive > CERT_TOTAL_EXACT;
}

/* The words were sampled, and what there is to be seen was counted. */
static bool is_seen_and_worded(const struct cert_where *where)
{
    return !where->is_sqlite && where->way == WAY_SET && where->drive == DRIVE_ACCESS &&
           where->words && where->n_worded >= CERT_SAMPLE_ENOUGH &&
           cert_where_n_conditions(where) == 2;
}

static bool estimate(struct tx *tx, struct cert_where *where, int64_t total, int64_t *ret,
    struct err *err)
{
    if (is_seen_and_worded(where)) {
        *ret = where->n_drive * where->n_worded / where->n_sampled;
        return true;
    }
    if (where->way == WAY_SET)
        return sample_drive(tx, where, ret, err);
    if (where->n_sampled == 0 && !cert_sample(tx, where, err))
        return false;
    *ret = (int64_t)((double)where->n_hits * (double)total / (double)where->n_sampled);
    return true;
}

bool cert_count(struct tx *tx, const struct cert_where *where, int64_t *ret, bool *ret_is_estimate,
    struct err *err)
{
    /* The count is of the whole list, wherever in it the cursor is. */
    struct cert_where whole = *where;
    /* Then the records need not be read. */
    const bool is_told_by_ids = where->way == WAY_DRIVE && !where->has_dates &&
                                (cert_where_is_in_order(where) || !cert_where_reads_records(where));
    int64_t total = 0;

    if (where->way == WAY_WALK)
        count_counted(&whole);
    whole.skips_from = whole.skips_until = false;
    whole.along = ALONG_RECORDS;
    whole.sort = N_CERT_SORT;
    *ret_is_estimate = false;
    if (where->is_nothing) {
        *ret = 0;
        return true;
    }
    if (where->statuses && where->viewer->sees_all && cert_where_n_conditions(where) == 1)
        return count_statuses(tx, where, ret, err);
    if (!bucket_total(tx, &total, err))
        return false;
    if (cert_where_n_conditions(where) == 0) {
        *ret = total;
        return true;
    }
    if (where->has_set && cert_where_n_conditions(where) == 1 && !where->words) {
        *ret = (int64_t)where->set.n;
        return true;
    }
    if (where->way == WAY_WALK && where->counted != DRIVE_NONE &&
        cert_where_n_conditions(where) == 1 && !where->words_exact) {
        *ret_is_estimate = where->counted == DRIVE_ACCESS;
        *ret = where->n_counted;
        return true;
    }
    *ret_is_estimate = is_nearly_known(where);
    if (*ret_is_estimate)
        return sample_drive(tx, &whole, ret, err);
    if (where->way == WAY_DRIVE || total <= CERT_TOTAL_EXACT)
        return count_exactly(tx, &whole, is_told_by_ids, ret, err);
    *ret_is_estimate = true;
    return estimate(tx, &whole, total, ret, err);
}
