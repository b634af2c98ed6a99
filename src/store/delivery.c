/* store/delivery: see the header. */
#include "store/delivery.h"

#include <string.h>

#include "base/err.h"
#include "base/rand.h"
#include "codec/hex.h"
#include "store/read.h"
#include "store/select.h"
#include "store/tags.h"
#include "store/viewer.h"

/* A queued message further ahead than this was put off by a clock that was wrong. */
#define FAR_AHEAD_SECONDS INT64_C(86400)

#define COLUMNS                                                                                    \
    "id, channel, account_id, webhook_id, recipient, event, uid, subject, state, is_handed_over,"  \
    " attempts, created_at, due_at, sent_at, error"

static void read_delivery(struct stmt *q, struct delivery_row *row)
{
    row->id = stmt_i64(q, 0);
    row->channel = read_text(q, 1);
    row->account_id = stmt_i64(q, 2);
    row->webhook_id = stmt_i64(q, 3);
    row->recipient = read_text(q, 4);
    row->event = read_text(q, 5);
    row->uid = read_text(q, 6);
    row->subject = read_text(q, 7);
    if (!delivery_state_from_name(stmt_text(q, 8), &row->state))
        row->state = DELIVERY_FAILED;
    row->is_handed_over = stmt_bool(q, 9);
    row->attempts = stmt_i64(q, 10);
    row->created_at = stmt_i64(q, 11);
    row->due_at = stmt_i64(q, 12);
    row->sent_at = stmt_i64(q, 13);
    row->error = read_text(q, 14);
}

/* Nobody can guess it, and no other server makes the same one. */
static void make_uid(char field[static 33])
{
    uint8_t bytes[16];

    rand_bytes(bytes, sizeof bytes);
    hex_encode(span_of(bytes, sizeof bytes), field, 33);
}

bool store_delivery_add(struct tx *tx, const struct delivery_new *delivery, int64_t now,
    int64_t *ret_id, struct err *err)
{
    char uid[33];
    bool is_begun = delivery->state == DELIVERY_SENDING;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO delivery(channel, account_id, webhook_id, recipient, event, uid, state,"
        " is_handed_over, attempts, due_at, lease_until, created_at, error)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id");

    make_uid(uid);
    stmt_bind_text(q, 1, delivery->lane.channel);
    bind_or_null(q, 2, delivery->account_id);
    bind_or_null(q, 3, delivery->lane.webhook_id);
    stmt_bind_text(q, 4, delivery->recipient);
    stmt_bind_text(q, 5, delivery->event);
    stmt_bind_text(q, 6, uid);
    stmt_bind_text(q, 7, delivery_state_name(delivery->state));
    stmt_bind_bool(q, 8, is_begun);
    stmt_bind_i64(q, 9, is_begun);
    stmt_bind_i64(q, 10, now);
    bind_or_null(q, 11, is_begun ? now + 300 : 0);
    stmt_bind_i64(q, 12, now);
    stmt_bind_text(q, 13, delivery->error ? delivery->error : "");
    return read_number(q, ret_id, err);
}

static void bind_lane(struct stmt *q, const struct delivery_lane *lane)
{
    stmt_bind_text(q, 1, lane->channel);
    stmt_bind_i64(q, 2, lane->webhook_id);
}

#define IN_LANE "channel = $1 AND coalesce(webhook_id, 0) = $2"

static bool find_due(struct tx *tx, const struct delivery_lane *lane, int64_t now, int64_t *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM delivery WHERE " IN_LANE " AND state = 'queued'"
                       " AND (due_at <= $3 OR due_at > $4) ORDER BY due_at, id LIMIT 1");

    bind_lane(q, lane);
    stmt_bind_i64(q, 3, now);
    stmt_bind_i64(q, 4, now + FAR_AHEAD_SECONDS);
    return read_number(q, ret, err);
}

static bool get(struct tx *tx, int64_t id, struct delivery_row **ret, struct err *err)
{
    autofree(delivery_row) struct delivery_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS ", body FROM delivery WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q) && !row) {
        row = xcalloc(1, sizeof *row);
        read_delivery(q, row);
        row->body = read_text(q, 15);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no delivery %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_delivery_claim(struct tx *tx, const struct delivery_lane *lane, const char *owner,
    int64_t now, int64_t lease_until, struct delivery_row **ret, struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET state = 'sending', is_handed_over = FALSE, attempts = attempts + 1,"
        " lease_until = $2, lease_owner = $3 WHERE id = $1 AND state = 'queued'");

    if (!find_due(tx, lane, now, &id, err))
        return false;
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, lease_until);
    stmt_bind_text(q, 3, owner);
    if (id && !stmt_run(q, err))
        return false;
    if (!id || stmt_n_changed(q) == 0) {
        *ret = NULL;
        return true;
    }
    return get(tx, id, ret, err);
}

/* A write of the try that `row` is about: nothing has changed if that is over. */
static bool run_fenced(struct stmt *q, struct err *err)
{
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail(err, ERR_CONFLICT, "somebody else sends this message now");
    return true;
}

static void bind_fence(struct stmt *q, const struct delivery_row *row)
{
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->attempts);
}

#define THIS_TRY " WHERE id = $1 AND attempts = $2 AND state = 'sending'"

bool store_delivery_write(struct tx *tx, const struct delivery_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET recipient = $3, subject = $4, body = $5"
        " WHERE id = $1 AND attempts = $2 AND state IN ('queued', 'sending', 'failed')");

    bind_fence(q, row);
    stmt_bind_text(q, 3, row->recipient);
    stmt_bind_text(q, 4, row->subject);
    stmt_bind_text(q, 5, row->body);
    return run_fenced(q, err);
}

bool store_delivery_hand_over(struct tx *tx, const struct delivery_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE delivery SET is_handed_over = TRUE" THIS_TRY);

    bind_fence(q, row);
    return run_fenced(q, err);
}

bool store_delivery_sent(struct tx *tx, const struct delivery_row *row, const char *error,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET state = 'sent', sent_at = $3, error = $4, lease_until = NULL" THIS_TRY);

    bind_fence(q, row);
    stmt_bind_i64(q, 3, now);
    stmt_bind_text(q, 4, error);
    return run_fenced(q, err);
}

bool store_delivery_again(struct tx *tx, const struct delivery_row *row, int64_t due_at,
    const char *error, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET state = 'queued', due_at = $3, error = $4, lease_until = NULL" THIS_TRY);

    bind_fence(q, row);
    stmt_bind_i64(q, 3, due_at);
    stmt_bind_text(q, 4, error);
    return run_fenced(q, err);
}

bool store_delivery_failed(struct tx *tx, const struct delivery_row *row, const char *error,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET state = 'failed', error = $3, lease_until = NULL" THIS_TRY);

    bind_fence(q, row);
    stmt_bind_text(q, 3, error);
    return run_fenced(q, err);
}

bool store_delivery_put_off(struct tx *tx, const struct delivery_lane *lane, int64_t due_at,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET due_at = $3 WHERE " IN_LANE " AND state = 'queued' AND due_at < $3");

    bind_lane(q, lane);
    stmt_bind_i64(q, 3, due_at);
    return stmt_run(q, err);
}

bool store_delivery_next_due(struct tx *tx, const struct delivery_lane *lane, int64_t *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT min(at) FROM (SELECT min(due_at) AS at FROM delivery"
                       "  WHERE " IN_LANE " AND state = 'queued'"
                       " UNION ALL SELECT min(lease_until) + 1 FROM delivery"
                       "  WHERE " IN_LANE " AND state = 'sending') AS both_states");

    bind_lane(q, lane);
    return read_number(q, ret, err);
}

/* A lease that ends in more than that was given by a clock that was wrong. */
#define LEASE_MAX_SECONDS INT64_C(900)
#define IS_DEAD " AND state = 'sending' AND (lease_until < $3 OR lease_until > $4)"

#define UNCERTAIN                                                                                  \
    "certdesk was stopped while the other side took it: it was probably delivered, and is not"     \
    " sent again unless asked for"

bool store_delivery_recover(struct tx *tx, const struct delivery_lane *lane, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *certain =
        tx_prepare(tx, "UPDATE delivery SET state = 'queued', due_at = $3, lease_until = NULL"
                       " WHERE " IN_LANE IS_DEAD " AND is_handed_over = FALSE");
    autofree(stmt) struct stmt *uncertain =
        tx_prepare(tx, "UPDATE delivery SET state = 'failed', error = $5, lease_until = NULL"
                       " WHERE " IN_LANE IS_DEAD " AND is_handed_over = TRUE");
    struct stmt *const both[] = { certain, uncertain };

    for (size_t i = 0; i < countof(both); i++) {
        bind_lane(both[i], lane);
        stmt_bind_i64(both[i], 3, now);
        stmt_bind_i64(both[i], 4, now + LEASE_MAX_SECONDS);
    }
    stmt_bind_text(uncertain, 5, UNCERTAIN);
    return stmt_run(certain, err) && stmt_run(uncertain, err);
}

bool store_delivery_end_leases(struct tx *tx, const char *owner, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET lease_until = 0"
        " WHERE state = 'sending' AND (CAST($1 AS TEXT) IS NULL OR lease_owner = $1)");

    stmt_bind_text(q, 1, owner);
    return stmt_run(q, err);
}

bool store_delivery_shelve(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *unfinished =
        tx_prepare(tx, "UPDATE delivery SET state = 'failed', error = $1, lease_until = NULL"
                       " WHERE state IN ('queued', 'sending')");
    autofree(stmt) struct stmt *waiting =
        tx_prepare(tx, "DELETE FROM delivery_item WHERE delivery_id IS NULL");

    stmt_bind_text(unfinished, 1,
        "it waited when the backup was made: the server of that time has probably sent it");
    return stmt_run(unfinished, err) && stmt_run(waiting, err);
}

bool store_delivery_lanes(struct tx *tx, int64_t now, delivery_lane_visit visit, void *context,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT DISTINCT channel, coalesce(webhook_id, 0) FROM delivery"
                       " WHERE (state = 'queued' AND (due_at <= $1 OR due_at > $2))"
                       "    OR (state = 'sending' AND (lease_until < $1 OR lease_until > $3))");

    stmt_bind_i64(q, 1, now);
    stmt_bind_i64(q, 2, now + FAR_AHEAD_SECONDS);
    stmt_bind_i64(q, 3, now + LEASE_MAX_SECONDS);
    while (stmt_next(q)) {
        const char *channel =
            strcmp(stmt_text(q, 0), CHANNEL_EMAIL) == 0 ? CHANNEL_EMAIL : CHANNEL_WEBHOOK;
        const struct delivery_lane lane = { .channel = channel, .webhook_id = stmt_i64(q, 1) };

        if (!visit(context, &lane, err))
            return false;
    }
    return stmt_end(q, err);
}

bool store_delivery_retry(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE delivery SET state = 'queued', due_at = $2 WHERE id = $1 AND state = 'failed'"
        " AND event <> 'test' AND (channel = 'email' OR webhook_id IS NOT NULL)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail(err, ERR_CONFLICT,
            "only a message that has failed can be sent again, and to a webhook"
            " that is still there");
    return true;
}

static void add_conditions(struct select *select, const struct store_viewer *viewer,
    const struct delivery_filter *filter)
{
    select_add(select, " WHERE 1 = 1");
    if (!viewer->sees_all) {
        select_add(select, " AND channel = 'email' AND account_id = ");
        select_i64(select, viewer->account_id);
    }
    if (filter->channel) {
        select_add(select, " AND channel = ");
        select_text(select, filter->channel);
    }
    if (filter->event) {
        select_add(select, " AND event = ");
        select_text(select, filter->event);
    }
    if (filter->recipient) {
        select_add(select, " AND lower(recipient) = lower(");
        select_text(select, filter->recipient);
        select_add(select, ")");
    }
    if (filter->state >= 0) {
        select_add(select, " AND state = ");
        select_text(select, delivery_state_name((enum delivery_state)filter->state));
    }
}

bool store_delivery_list(struct tx *tx, const struct store_viewer *viewer,
    const struct delivery_filter *filter, int64_t limit, struct delivery_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT " COLUMNS " FROM delivery");
    add_conditions(&select, viewer, filter);
    if (filter->before_id) {
        select_add(&select, " AND id < ");
        select_i64(&select, filter->before_id);
    }
    select_add(&select, " ORDER BY id DESC LIMIT ");
    select_i64(&select, limit);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct delivery_row *row = delivery_rows_add(rows);

        read_delivery(q, row);
        row->body = xstrdup("");
    }
    return stmt_end(q, err);
}

bool store_delivery_count(struct tx *tx, const struct store_viewer *viewer,
    const struct delivery_filter *filter, int64_t *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT count(*) FROM delivery");
    add_conditions(&select, viewer, filter);
    q = select_prepare(tx, &select);
    return read_number(q, ret, err);
}

bool store_delivery_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct delivery_row **ret, struct err *err)
{
    autofree(delivery_row) struct delivery_row *row = NULL;

    if (!get(tx, id, &row, err))
        return false;
    if (!viewer->sees_all &&
        (row->account_id != viewer->account_id || strcmp(row->channel, CHANNEL_EMAIL) != 0))
        return fail(err, ERR_NOT_FOUND, "there is no delivery %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_delivery_forget(struct tx *tx, int64_t before, int64_t limit, int64_t *ret_n,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery"
        " WHERE created_at < $1 AND state IN ('sent', 'failed') ORDER BY created_at LIMIT $2)");

    stmt_bind_i64(q, 1, before);
    stmt_bind_i64(q, 2, limit);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}
