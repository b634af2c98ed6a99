/* store/watcher: see the header. */
#include "store/watcher.h"

#include "core/rows_delivery.h"
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

#define TELL                                                                                       \
    "INSERT INTO delivery_item(account_id, event, ticket_id, detail, created_at)"                  \
    " SELECT a.id, CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT)"     \
    "  FROM account a WHERE a.is_disabled = FALSE AND a.id <> $5 AND a.id IN "

/* $5 is whoever is not told, $6 is whose people they are. */
static bool tell(struct stmt *q, const struct ticket_row *ticket, const char *detail, int64_t now,
    int64_t *ret_n, struct err *err)
{
    stmt_bind_text(q, 1, EVENT_TICKET);
    stmt_bind_i64(q, 2, ticket->id);
    stmt_bind_text(q, 3, detail);
    stmt_bind_i64(q, 4, now);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}

bool store_watchers_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, TELL "(SELECT account_id FROM ticket_watcher WHERE ticket_id = $6)");

    stmt_bind_i64(q, 5, actor_id);
    stmt_bind_i64(q, 6, ticket->id);
    return tell(q, ticket, detail, now, ret_n, err);
}

bool store_approvers_tell(struct tx *tx, const struct ticket_row *ticket, int64_t group_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, TELL "(SELECT account_id FROM group_member WHERE group_id = $6)"
                            " AND NOT EXISTS (SELECT 1 FROM certificate_request q"
                            "  WHERE q.ticket_id = $2 AND q.asked_by = a.id)");

    stmt_bind_i64(q, 5, ticket->reporter_id);
    stmt_bind_i64(q, 6, group_id);
    return tell(q, ticket, detail, now, ret_n, err);
}

bool store_assignee_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, TELL "(CAST($6 AS BIGINT))");

    stmt_bind_i64(q, 5, actor_id);
    stmt_bind_i64(q, 6, ticket->assignee_id);
    return tell(q, ticket, detail, now, ret_n, err);
}
