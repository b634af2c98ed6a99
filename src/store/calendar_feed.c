/* store/calendar_feed: see the header. */
#include "store/calendar_feed.h"

#include "base/err.h"
#include "store/read.h"

#define TOUCH_SECONDS INT64_C(3600)

bool store_calendar_feed_add(struct tx *tx, int64_t account_id,
    const uint8_t hash[static SHA256_SIZE], int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO calendar_feed(account_id, hash, created_at) VALUES ($1, $2, $3) RETURNING id");

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_blob(q, 2, span_of(hash, SHA256_SIZE));
    stmt_bind_i64(q, 3, now);
    return read_number(q, ret_id, err);
}

bool store_calendar_feeds(struct tx *tx, int64_t account_id, struct calendar_feed_row *rows,
    size_t max, size_t *ret_n, struct err *err)
{
    size_t n = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id, created_at, used_at FROM calendar_feed WHERE account_id = $1"
                       " ORDER BY id LIMIT $2");

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, (int64_t)max);
    while (stmt_next(q) && n < max)
        rows[n++] = (struct calendar_feed_row){ .id = stmt_i64(q, 0),
            .created_at = stmt_i64(q, 1),
            .used_at = stmt_i64(q, 2) };
    if (!stmt_end(q, err))
        return false;
    *ret_n = n;
    return true;
}

bool store_calendar_feed_delete(struct tx *tx, int64_t account_id, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM calendar_feed WHERE id = $1 AND account_id = $2");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, account_id);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail(err, ERR_NOT_FOUND, "there is no calendar feed %" PRId64, id);
    return true;
}

bool store_calendar_feed_find(struct tx *tx, const uint8_t hash[static SHA256_SIZE], int64_t now,
    int64_t *ret_touch, int64_t *ret_account, struct err *err)
{
    int64_t touch = 0;
    int64_t account = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT f.id, f.account_id, f.used_at"
                       "  FROM calendar_feed f JOIN account a ON a.id = f.account_id"
                       " WHERE f.hash = $1 AND a.is_disabled = FALSE");

    stmt_bind_blob(q, 1, span_of(hash, SHA256_SIZE));
    while (stmt_next(q)) {
        int64_t used_at = stmt_i64(q, 2);

        touch = used_at > now - TOUCH_SECONDS && used_at <= now ? 0 : stmt_i64(q, 0);
        account = stmt_i64(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_touch = touch;
    *ret_account = account;
    return true;
}

bool store_calendar_feed_touch(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE calendar_feed SET used_at = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

bool store_calendar_entries(struct tx *tx, const struct store_viewer *viewer, int64_t from,
    int64_t limit, calendar_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id, c.version_id, c.name, c.issuer, o.name, c.expires_at, c.updated_at"
        "  FROM certificate c JOIN account o ON o.id = c.owner_id"
        " WHERE c.expires_at >= $1 AND c.revoked_at IS NULL AND " VISIBLE("c.id", "$2",
            "$3") " ORDER BY c.expires_at, c.id LIMIT $4");

    stmt_bind_i64(q, 1, from);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    stmt_bind_i64(q, 4, limit);
    while (stmt_next(q)) {
        const struct calendar_entry entry = { .certificate_id = stmt_i64(q, 0),
            .version_id = stmt_i64(q, 1),
            .name = stmt_text(q, 2),
            .issuer = stmt_text(q, 3),
            .owner = stmt_text(q, 4),
            .expires_at = stmt_i64(q, 5),
            .updated_at = stmt_i64(q, 6) };

        visit(context, &entry);
    }
    return stmt_end(q, err);
}
