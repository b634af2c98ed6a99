/* store/dashboard: see the header. */
#include "store/dashboard.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/bucket.h"
#include "store/cert_count.h"
#include "store/endpoint_read.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/select.h"
#include "store/ticket_read.h"

#define DAYS_PER_WEEK 7

/* The ids of the account's own records, assigned ones and those shared with it or its groups. */
#define MINE(account)                                                                              \
    "(SELECT x.certificate_id FROM certificate_access x WHERE x.account_id = " account             \
    " UNION SELECT y.certificate_id FROM certificate_access y WHERE y.group_id IN"                 \
    " (SELECT m.group_id FROM group_member m WHERE m.account_id = " account "))"

/* Days and how many end on each, in any order. */
static bool add_weeks(struct stmt *q, int64_t from_day, size_t n, int64_t *weeks, struct err *err)
{
    while (stmt_next(q)) {
        int64_t week = (stmt_i64(q, 0) - from_day) / DAYS_PER_WEEK;

        if (week >= 0 && week < (int64_t)n)
            weeks[week] += stmt_i64(q, 1);
    }
    return stmt_end(q, err);
}

/* From the buckets: for who sees all. */
static bool all_weeks(struct tx *tx, int64_t from_day, size_t n, int64_t *weeks, struct err *err)
{
    if (!pending_write(tx, err))
        return false;

    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT day, n FROM expiry_bucket WHERE kind = 'expires' AND day >= $1 AND day < $2");

    stmt_bind_i64(q, 1, from_day);
    stmt_bind_i64(q, 2, from_day + (int64_t)n * DAYS_PER_WEEK);
    return add_weeks(q, from_day, n, weeks, err);
}

/* Record by record. */
static bool my_weeks(struct tx *tx, int64_t account_id, int64_t from_day, size_t n, int64_t *weeks,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.expires_at / 86400 AS day, count(*)"
        "  FROM " MINE("$1") " AS mine CROSS JOIN certificate c"
                             " WHERE c.id = mine.certificate_id AND c.revoked_at IS NULL"
                             "   AND c.expires_at >= $2 AND c.expires_at < $3"
                             " GROUP BY c.expires_at / 86400");

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, from_day * SECONDS_PER_DAY);
    stmt_bind_i64(q, 3, (from_day + (int64_t)n * DAYS_PER_WEEK) * SECONDS_PER_DAY);
    return add_weeks(q, from_day, n, weeks, err);
}

/* Those of a sample, times what the sample stands for. */
static bool estimated_weeks(struct tx *tx, const struct store_viewer *viewer, int64_t from_day,
    size_t n, int64_t *weeks, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    int64_t times = 0;

    select_add(&select, "SELECT c.expires_at / 86400 AS day, count(*) FROM (");
    if (!cert_count_add_visible_sample(tx, viewer, &select, &times, err))
        return false;
    select_add(&select, " AND c.revoked_at IS NULL AND c.expires_at >= ");
    select_i64(&select, from_day * SECONDS_PER_DAY);
    select_add(&select, " AND c.expires_at < ");
    select_i64(&select, (from_day + (int64_t)n * DAYS_PER_WEEK) * SECONDS_PER_DAY);
    select_add(&select, " GROUP BY c.expires_at / 86400");
    q = select_prepare(tx, &select);
    if (!add_weeks(q, from_day, n, weeks, err))
        return false;
    for (size_t i = 0; i < n; i++)
        weeks[i] = weeks[i] * times / CERT_COUNT_SAMPLE;
    return true;
}

bool store_dashboard_timeline(struct tx *tx, const struct store_viewer *viewer, int64_t from,
    size_t n, int64_t *weeks, struct err *err)
{
    int64_t from_day = bucket_day(from);
    bool is_estimated = false;

    ASSERT(n <= DASHBOARD_WEEKS_MAX);
    for (size_t i = 0; i < n; i++)
        weeks[i] = 0;
    if (viewer->sees_all)
        return all_weeks(tx, from_day, n, weeks, err);
    if (!cert_count_is_estimated(tx, viewer, &is_estimated, err))
        return false;
    return is_estimated ? estimated_weeks(tx, viewer, from_day, n, weeks, err)
                        : my_weeks(tx, viewer->account_id, from_day, n, weeks, err);
}

#define VISIBLE_FAILING                                                                            \
    " FROM endpoint e WHERE e.failing_since_at IS NOT NULL AND ($1 = TRUE OR EXISTS"               \
    " (SELECT 1 FROM certificate_endpoint l WHERE l.endpoint_id = e.id AND " VISIBLE(              \
        "l.certificate_id", "$1", "$2") "))"

static bool count_failing(struct tx *tx, const struct store_viewer *viewer, int64_t *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM (SELECT 1 AS one" VISIBLE_FAILING " LIMIT 1000) AS counted");

    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    return read_number(q, ret, err);
}

bool store_dashboard_failing(struct tx *tx, const struct store_viewer *viewer, int64_t limit,
    struct endpoint_rows *rows, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " ENDPOINT_COLUMNS VISIBLE_FAILING " ORDER BY e.failing_since_at, e.id LIMIT $3");

    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    stmt_bind_i64(q, 3, limit);
    while (stmt_next(q))
        endpoint_read(q, endpoint_rows_add(rows));
    return stmt_end(q, err) && count_failing(tx, viewer, ret_n, err);
}

/* A request that waits for their word: enough people have not agreed, and they have said nothing.
 */
#define WAITS_FOR_WORD(account)                                                                    \
    "(t.status = 'certificate_request' AND t.reporter_id <> " account " AND EXISTS"                \
    " (SELECT 1 FROM certificate_request y JOIN profile z ON z.id = y.profile_id"                  \
    "  JOIN group_member g ON g.group_id = z.approver_group_id AND g.account_id = " account        \
    "  WHERE y.ticket_id = t.id AND (y.asked_by IS NULL OR y.asked_by <> " account ")"             \
    "   AND z.n_approvals > (SELECT count(*) FROM approval p"                                      \
    "   WHERE p.ticket_id = t.id AND p.is_approved = TRUE)) AND NOT EXISTS (SELECT 1"              \
    "  FROM approval p WHERE p.ticket_id = t.id AND p.account_id = " account "))"

bool store_dashboard_needs_me(struct tx *tx, int64_t account_id, int64_t now, int64_t limit,
    struct ticket_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_TICKET
        " WHERE t.resolved_at IS NULL AND (t.snoozed_until IS NULL OR t.snoozed_until <= $2)"
        "   AND (t.assignee_id = $1 OR (t.assignee_id IS NULL AND EXISTS"
        "    (SELECT 1 FROM certificate_access x WHERE x.certificate_id = t.certificate_id"
        "      AND x.relation <> 'assignee' AND (+x.account_id = $1 OR +x.group_id IN"
        "       (SELECT m.group_id FROM group_member m WHERE m.account_id = $1))))"
        "    OR " WAITS_FOR_WORD("$1") ")"
                                       " ORDER BY t.updated_at DESC, t.id DESC LIMIT $3");

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, now);
    stmt_bind_i64(q, 3, limit);
    while (stmt_next(q))
        ticket_read(q, ticket_rows_add(rows));
    return stmt_end(q, err);
}

bool store_dashboard_open_tickets(struct tx *tx, const struct store_viewer *viewer, int64_t *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM (SELECT 1 AS one FROM ticket t"
        " WHERE t.resolved_at IS NULL AND " VISIBLE_TICKET("$1", "$2") " LIMIT 10000) AS counted");

    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    return read_number(q, ret, err);
}

void top_rows_done(struct top_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free(rows->items[i].name);
    rows->n = 0;
}

/*
 * A count by group would read the index from end to end. There are few different values: hop from
 * each to the next, and count each up to a limit that still tells the large from the small. "<> ''"
 * beside "> ''" is how the database knows that an index without the empty ones will do.
 */
#define TOP_OF_ALL(column)                                                                         \
    "WITH RECURSIVE hop(value, step) AS ("                                                         \
    " SELECT (SELECT min(" column ") FROM certificate WHERE " column " > ''"                       \
    "   AND " column " <> ''), 1"                                                                  \
    " UNION ALL"                                                                                   \
    " SELECT (SELECT min(c." column ") FROM certificate c WHERE c." column                         \
    " > hop.value AND c." column " <> ''), step + 1"                                               \
    "   FROM hop WHERE hop.value IS NOT NULL AND step < 200)"                                      \
    " SELECT hop.value, (SELECT count(*) FROM (SELECT 1 AS one FROM certificate c"                 \
    "   WHERE c." column " = hop.value AND c." column " <> '' LIMIT 10000) AS counted) AS n"       \
    "   FROM hop WHERE hop.value IS NOT NULL ORDER BY n DESC, hop.value LIMIT 10"

/* Whoever sees their own has few enough to look at each; of a great many, the first. */
#define TOP_OF_OWN(column)                                                                         \
    "SELECT c." column ", count(*) AS n FROM certificate c JOIN (SELECT DISTINCT certificate_id"   \
    "   FROM certificate_access WHERE account_id = $1 OR group_id IN"                              \
    "   (SELECT group_id FROM group_member WHERE account_id = $1) LIMIT 10000) AS own"             \
    "   ON own.certificate_id = c.id"                                                              \
    "  WHERE c." column " > '' GROUP BY c." column " ORDER BY n DESC, c." column " LIMIT 10"

static struct stmt *prepare_top(struct tx *tx, const struct store_viewer *viewer, enum top_by by)
{
    if (viewer->sees_all)
        return by == TOP_BY_ISSUER ? tx_prepare(tx, TOP_OF_ALL("issuer"))
                                   : tx_prepare(tx, TOP_OF_ALL("key_type"));
    struct stmt *q = by == TOP_BY_ISSUER ? tx_prepare(tx, TOP_OF_OWN("issuer"))
                                         : tx_prepare(tx, TOP_OF_OWN("key_type"));

    stmt_bind_i64(q, 1, viewer->account_id);
    return q;
}

bool store_dashboard_top(struct tx *tx, const struct store_viewer *viewer, enum top_by by,
    struct top_rows *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = prepare_top(tx, viewer, by);
    struct top_rows rows = { 0 };

    while (stmt_next(q)) {
        ASSERT(rows.n < countof(rows.items));
        rows.items[rows.n].name = read_text(q, 0);
        rows.items[rows.n++].n = stmt_i64(q, 1);
    }
    if (!stmt_end(q, err)) {
        top_rows_done(&rows);
        return false;
    }
    *ret = rows;
    return true;
}
