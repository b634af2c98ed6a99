/* store/ticket_event: see the header. */
#include "store/ticket_event.h"

#include "base/err.h"
#include "db/many.h"
#include "store/job.h"
#include "store/read.h"

#define JOB "jira_events"

void ticket_event_row_done(struct ticket_event_row *row)
{
    free(row->kind);
}
DEFINE_ROWS(ticket_event);

void jira_webhook_row_done(struct jira_webhook_row *row)
{
    free(row->name);
    free(row->url);
    free(row->events);
    free(row->account);
    free(row->role);
    free(row->jql);
}
DEFINE_ROWS(jira_webhook);

static void wake(struct tx *tx, int64_t now)
{
    struct job_new job = { .type = JOB, .dedupe_key = JOB, .due_at = now };

    store_job_want(tx, &job, now);
}

static bool is_anybody_told(struct tx *tx, bool *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT 1 FROM jira_webhook LIMIT 1");
    int64_t one = 0;

    if (!read_number(q, &one, err))
        return false;
    *ret = one != 0;
    return true;
}

bool ticket_events_write(struct tx *tx, const struct ticket_event_new *events, size_t n,
    struct err *err)
{
    static const struct many_sql form = {
        "INSERT INTO ticket_event(ticket_id, kind, actor_id, ref_id, created_at)", "itiii",
        "$1, $2, $3, $4, $5", ""
    };
    bool is_told;

    if (!is_anybody_told(tx, &is_told, err))
        return false;
    if (!is_told)
        return true;
    autofree(many) struct many *many = tx_prepare_many(tx, &form);

    for (size_t i = 0; i < n; i++) {
        many_i64(many, events[i].ticket_id);
        many_text(many, events[i].kind);
        many_i64_or_null(many, events[i].actor_id);
        many_i64_or_null(many, events[i].ref_id);
        many_i64(many, events[i].at);
    }
    wake(tx, events[n - 1].at);
    return many_send(many, err);
}

bool store_ticket_events(struct tx *tx, int64_t limit, struct ticket_event_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id, ticket_id, kind, actor_id, ref_id, created_at"
                       "  FROM ticket_event ORDER BY id LIMIT $1");

    stmt_bind_i64(q, 1, limit);
    while (stmt_next(q)) {
        struct ticket_event_row *row = ticket_event_rows_add(rows);

        row->id = stmt_i64(q, 0);
        row->ticket_id = stmt_i64(q, 1);
        row->kind = read_text(q, 2);
        row->actor_id = stmt_i64(q, 3);
        row->ref_id = stmt_i64(q, 4);
        row->created_at = stmt_i64(q, 5);
    }
    return stmt_end(q, err);
}

bool store_ticket_event_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM ticket_event WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_ticket_events_wake(struct tx *tx, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM (SELECT 1 AS one FROM ticket_event LIMIT 1) AS counted");
    int64_t n = 0;

    if (!read_number(q, &n, err))
        return false;
    if (n > 0)
        wake(tx, now);
    return true;
}

#define SELECT_JIRA                                                                                \
    "SELECT w.id, w.name, w.url, w.events, w.is_enabled, w.sealed_key_id, j.account_id, a.name,"   \
    " a.role, (a.is_disabled = TRUE OR a.deleted_at IS NOT NULL), j.jql, j.excludes_body,"         \
    " j.updated_at, j.expires_at FROM jira_webhook j JOIN webhook w ON w.id = j.webhook_id"        \
    "  JOIN account a ON a.id = j.account_id"

static void read_jira(struct stmt *q, struct jira_webhook_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->url = read_text(q, 2);
    row->events = read_text(q, 3);
    row->is_enabled = stmt_bool(q, 4);
    row->sealed_key_id = stmt_i64(q, 5);
    row->account_id = stmt_i64(q, 6);
    row->account = read_text(q, 7);
    row->role = read_text(q, 8);
    row->is_account_disabled = stmt_bool(q, 9);
    row->jql = read_text(q, 10);
    row->excludes_body = stmt_bool(q, 11);
    row->updated_at = stmt_i64(q, 12);
    row->expires_at = stmt_i64(q, 13);
}

bool store_jira_webhook_put(struct tx *tx, const struct jira_webhook_row *row, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO jira_webhook(webhook_id, account_id, jql, excludes_body, updated_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (webhook_id) DO UPDATE"
        " SET jql = $3, excludes_body = $4, updated_at = $5, expires_at = $6");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->account_id);
    stmt_bind_text(q, 3, row->jql);
    stmt_bind_bool(q, 4, row->excludes_body);
    stmt_bind_i64(q, 5, now);
    bind_or_null(q, 6, row->expires_at);
    return stmt_run(q, err);
}

bool store_jira_webhooks(struct tx *tx, struct jira_webhook_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_JIRA " ORDER BY w.id");

    while (stmt_next(q))
        read_jira(q, jira_webhook_rows_add(rows));
    return stmt_end(q, err);
}

bool store_jira_webhook_get(struct tx *tx, int64_t id, struct jira_webhook_row **ret,
    struct err *err)
{
    autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_JIRA " WHERE w.id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        read_jira(q, row);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no such webhook");
    *ret = take(&row);
    return true;
}
