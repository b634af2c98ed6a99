/* store/webhook: see the header. */
#include "store/webhook.h"

#include "base/err.h"
#include "store/read.h"

#define SELECT_WEBHOOK                                                                             \
    "SELECT w.id, w.name, w.url, w.template, w.events, w.is_enabled, w.sealed_key_id,"             \
    " w.created_at, w.row_version, coalesce(d.sent_at, d.due_at), d.state, d.error"                \
    "  FROM webhook w"                                                                             \
    "  LEFT JOIN delivery d ON d.id = (SELECT max(l.id) FROM delivery l WHERE l.webhook_id = w.id)"

static void read_webhook(struct stmt *q, struct webhook_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->url = read_text(q, 2);
    row->template = read_text(q, 3);
    row->events = read_text(q, 4);
    row->is_enabled = stmt_bool(q, 5);
    row->sealed_key_id = stmt_i64(q, 6);
    row->created_at = stmt_i64(q, 7);
    row->row_version = stmt_i64(q, 8);
    row->last_at = stmt_i64(q, 9);
    row->last_state = read_text(q, 10);
    row->last_error = read_text(q, 11);
}

bool store_webhook_add(struct tx *tx, const struct webhook_new *webhook, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO webhook(name, url, template, events, is_enabled, sealed_key_id, created_at,"
        " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_text(q, 1, webhook->name);
    stmt_bind_text(q, 2, webhook->url);
    stmt_bind_text(q, 3, webhook->template);
    stmt_bind_text(q, 4, webhook->events);
    stmt_bind_bool(q, 5, webhook->is_enabled);
    stmt_bind_i64(q, 6, webhook->sealed_key_id);
    stmt_bind_i64(q, 7, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "there is a webhook \"%s\" already", webhook->name);
    *ret_id = id;
    return true;
}

bool store_webhooks(struct tx *tx, struct webhook_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_WEBHOOK " ORDER BY w.name");

    while (stmt_next(q))
        read_webhook(q, webhook_rows_add(rows));
    return stmt_end(q, err);
}

bool store_webhook_find(struct tx *tx, int64_t id, struct webhook_row **ret, struct err *err)
{
    autofree(webhook_row) struct webhook_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_WEBHOOK " WHERE w.id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q) && !row) {
        row = xcalloc(1, sizeof *row);
        read_webhook(q, row);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = take(&row);
    return true;
}

bool store_webhook_get(struct tx *tx, int64_t id, struct webhook_row **ret, struct err *err)
{
    struct webhook_row *row = NULL;

    if (!store_webhook_find(tx, id, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no webhook %" PRId64, id);
    *ret = row;
    return true;
}

bool store_webhook_save(struct tx *tx, struct webhook_row *row, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE webhook SET name = $3, url = $4, template = $5, events = $6, is_enabled = $7,"
        " sealed_key_id = $8, updated_at = $9, row_version = row_version + 1"
        " WHERE id = $1 AND row_version = $2");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->name);
    stmt_bind_text(q, 4, row->url);
    stmt_bind_text(q, 5, row->template);
    stmt_bind_text(q, 6, row->events);
    stmt_bind_bool(q, 7, row->is_enabled);
    stmt_bind_i64(q, 8, row->sealed_key_id);
    stmt_bind_i64(q, 9, now);
    if (!stmt_run(q, err))
        return err->kind == ERR_CONFLICT
                   ? fail(err, ERR_CONFLICT, "there is a webhook \"%s\" already", row->name)
                   : false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "webhook");
    row->row_version++;
    return true;
}

bool store_webhook_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *queued =
        tx_prepare(tx, "UPDATE delivery SET state = 'failed', error = 'the webhook was removed'"
                       " WHERE webhook_id = $1 AND state = 'queued'");
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM webhook WHERE id = $1");

    stmt_bind_i64(queued, 1, id);
    stmt_bind_i64(q, 1, id);
    return stmt_run(queued, err) && stmt_run(q, err);
}
