/* store/approval: see the header. */
#include "store/approval.h"

#include "store/read.h"

bool store_approval_put(struct tx *tx, int64_t ticket_id, int64_t account_id, bool is_approved,
    const char *comment, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO approval(ticket_id, account_id, is_approved, comment, created_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ticket_id, account_id) DO UPDATE"
        " SET is_approved = excluded.is_approved, comment = excluded.comment,"
        " created_at = excluded.created_at");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, account_id);
    stmt_bind_bool(q, 3, is_approved);
    stmt_bind_text(q, 4, comment ? comment : "");
    stmt_bind_i64(q, 5, now);
    return stmt_run(q, err);
}

bool store_approvals(struct tx *tx, int64_t ticket_id, struct approval_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT p.account_id, a.name, p.is_approved, p.comment, p.created_at"
                       "  FROM approval p JOIN account a ON a.id = p.account_id"
                       " WHERE p.ticket_id = $1 ORDER BY p.created_at, a.name");

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q)) {
        struct approval_row *row = approval_rows_add(rows);

        row->account_id = stmt_i64(q, 0);
        row->account = read_text(q, 1);
        row->is_approved = stmt_bool(q, 2);
        row->comment = read_text(q, 3);
        row->created_at = stmt_i64(q, 4);
    }
    return stmt_end(q, err);
}

bool store_approvals_forget(struct tx *tx, int64_t ticket_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM approval WHERE ticket_id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    return stmt_run(q, err);
}

bool store_approvals_count(struct tx *tx, int64_t ticket_id, int64_t group_id, int64_t reporter_id,
    struct policy_approvals *ret, struct err *err)
{
    struct policy_approvals approvals = { 0 };
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT p.is_approved FROM approval p JOIN account a ON a.id = p.account_id"
                       "  JOIN group_member m ON m.account_id = p.account_id AND m.group_id = $2"
                       " WHERE p.ticket_id = $1 AND p.account_id <> $3 AND a.is_disabled = FALSE"
                       "   AND NOT EXISTS (SELECT 1 FROM certificate_request q"
                       "     WHERE q.ticket_id = p.ticket_id AND q.asked_by = p.account_id)");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, group_id);
    stmt_bind_i64(q, 3, reporter_id);
    while (stmt_next(q)) {
        if (stmt_bool(q, 0))
            approvals.n_approved++;
        else
            approvals.n_rejected++;
    }
    if (!stmt_end(q, err))
        return false;
    *ret = approvals;
    return true;
}
