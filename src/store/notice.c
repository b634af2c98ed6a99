/* store/notice: see the header. */
#include "store/notice.h"

#include "base/err.h"
#include "store/read.h"

bool store_notice_add(struct tx *tx, const struct notice_new *notice, int64_t now, bool *ret_new,
    struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO notice(certificate_id, version_id, period_days, channel, created_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id");

    stmt_bind_i64(q, 1, notice->certificate_id);
    stmt_bind_i64(q, 2, notice->version_id);
    stmt_bind_i64(q, 3, notice->period_days);
    stmt_bind_text(q, 4, notice->channel);
    stmt_bind_i64(q, 5, now);
    if (!read_number(q, &id, err))
        return false;
    *ret_new = id != 0;
    return true;
}

bool store_notices(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct notice_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT id, certificate_id, version_id, period_days, channel, created_at FROM notice"
        " WHERE certificate_id = $1 AND version_id = $2 ORDER BY id DESC");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, version_id);
    while (stmt_next(q)) {
        struct notice_row *row = notice_rows_add(rows);

        row->id = stmt_i64(q, 0);
        row->certificate_id = stmt_i64(q, 1);
        row->version_id = stmt_i64(q, 2);
        row->period_days = stmt_i64(q, 3);
        row->channel = read_text(q, 4);
        row->created_at = stmt_i64(q, 5);
    }
    return stmt_end(q, err);
}
