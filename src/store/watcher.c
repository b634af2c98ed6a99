/* store/watcher: see the header. */
#include "store/watcher.h"

#include "store/read.h"

bool store_watcher_add(struct tx *tx, int64_t ticket_id, int64_t account_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ticket_watcher(ticket_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, account_id);
    return stmt_run(q, err);
}

bool store_watcher_remove(struct tx *tx, int64_t ticket_id, int64_t account_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM ticket_watcher WHERE ticket_id = $1 AND account_id = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, account_id);
    return stmt_run(q, err);
}

bool store_watchers(struct tx *tx, int64_t ticket_id, struct watcher_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT w.account_id, a.name, a.email FROM ticket_watcher w"
        "  JOIN account a ON a.id = w.account_id WHERE w.ticket_id = $1 ORDER BY a.name");

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q)) {
        struct watcher_row *row = watcher_rows_add(rows);

        row->account_id = stmt_i64(q, 0);
        row->account = read_text(q, 1);
        row->email = read_text(q, 2);
    }
    return stmt_end(q, err);
}
