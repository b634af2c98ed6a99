/* store/order: see the header. */
#include "store/order.h"

#include "base/err.h"
#include "store/read.h"

#define CSR_DER_MAX (256U << 10)

#define COLUMNS                                                                                    \
    "id, ticket_id, certificate_id, profile_id, ca_id, kind, reason, csr, sealed_key_id, serial,"  \
    " not_before, not_after, replaces_id, state, remote_id, next_at, n_errors, error, account_id," \
    " version_id, back_to, created_at, finished_at, link"

bool store_order_add(struct tx *tx, const struct order_row *order, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ca_order(ticket_id, certificate_id, profile_id, ca_id, kind, reason, csr,"
        "  sealed_key_id, serial, not_before, not_after, replaces_id, state, next_at, account_id,"
        "  back_to, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_i64(q, 1, order->ticket_id);
    bind_or_null(q, 2, order->certificate_id);
    stmt_bind_i64(q, 3, order->profile_id);
    stmt_bind_i64(q, 4, order->ca_id);
    stmt_bind_text(q, 5, order->kind);
    stmt_bind_text(q, 6, order->reason);
    stmt_bind_blob(q, 7, buf_span(&order->csr));
    bind_or_null(q, 8, order->sealed_key_id);
    stmt_bind_text(q, 9, order->serial);
    bind_or_null(q, 10, order->not_before);
    bind_or_null(q, 11, order->not_after);
    bind_or_null(q, 12, order->replaces_id);
    stmt_bind_text(q, 13, order->state);
    bind_or_null(q, 14, order->next_at);
    bind_or_null(q, 15, order->account_id);
    stmt_bind_text(q, 16, order->back_to);
    stmt_bind_i64(q, 17, order->created_at);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "the ticket has an order under way");
    *ret_id = id;
    return true;
}

static void read_row(struct stmt *q, struct order_row *row)
{
    row->id = stmt_i64(q, 0);
    row->ticket_id = stmt_i64(q, 1);
    row->certificate_id = stmt_i64(q, 2);
    row->profile_id = stmt_i64(q, 3);
    row->ca_id = stmt_i64(q, 4);
    row->kind = read_text(q, 5);
    row->reason = read_text(q, 6);
    row->csr = (struct buf)BUF_INIT(CSR_DER_MAX);
    buf_add_span(&row->csr, stmt_blob(q, 7));
    row->sealed_key_id = stmt_i64(q, 8);
    row->serial = read_text(q, 9);
    row->not_before = stmt_i64(q, 10);
    row->not_after = stmt_i64(q, 11);
    row->replaces_id = stmt_i64(q, 12);
    row->state = read_text(q, 13);
    row->remote_id = read_text(q, 14);
    row->next_at = stmt_i64(q, 15);
    row->n_errors = stmt_i64(q, 16);
    row->error = read_text(q, 17);
    row->account_id = stmt_i64(q, 18);
    row->version_id = stmt_i64(q, 19);
    row->back_to = read_text(q, 20);
    row->created_at = stmt_i64(q, 21);
    row->finished_at = stmt_i64(q, 22);
    row->link = read_text(q, 23);
}

DEFINE_READ_ONE(order, read_row);

bool store_order_get(struct tx *tx, int64_t id, struct order_row **ret, struct err *err)
{
    struct order_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM ca_order WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no order %" PRId64, id);
    *ret = row;
    return true;
}

bool store_order_last(struct tx *tx, int64_t ticket_id, struct order_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM ca_order WHERE ticket_id = $1 ORDER BY id DESC LIMIT 1");

    stmt_bind_i64(q, 1, ticket_id);
    return read_one(q, ret, err);
}

static bool run_for_open(struct stmt *q, struct err *err)
{
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail(err, ERR_CONFLICT, "this order is finished already");
}

bool store_order_progress(struct tx *tx, int64_t id, const struct order_progress *progress,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE ca_order SET state = $2, remote_id = COALESCE($3, remote_id), next_at = $4,"
        " n_errors = CASE WHEN $5 = TRUE THEN n_errors + 1 ELSE 0 END, error = $6"
        " WHERE id = $1 AND finished_at IS NULL");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, progress->state);
    stmt_bind_text(q, 3, progress->remote_id);
    bind_or_null(q, 4, progress->next_at);
    stmt_bind_bool(q, 5, progress->error != NULL);
    stmt_bind_text(q, 6, progress->error ? progress->error : "");
    return run_for_open(q, err);
}

bool store_order_issued(struct tx *tx, int64_t id, int64_t version_id, const char *link,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE ca_order SET state = 'issued', version_id = $2, link = $3,"
                       " error = '', next_at = NULL, finished_at = $4"
                       " WHERE id = $1 AND finished_at IS NULL");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, version_id);
    stmt_bind_text(q, 3, link);
    stmt_bind_i64(q, 4, now);
    return run_for_open(q, err);
}

bool store_order_failed(struct tx *tx, int64_t id, const char *error, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE ca_order SET state = 'failed', error = $2, next_at = NULL, finished_at = $3"
        " WHERE id = $1 AND finished_at IS NULL");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, error);
    stmt_bind_i64(q, 3, now);
    return run_for_open(q, err);
}
