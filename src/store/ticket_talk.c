/* store/ticket_talk: see the header. */
#include "store/ticket_talk.h"

#include "base/err.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/ticket_event.h"
#include "store/ticket_read.h"
#include "store/ticket_talk_read.h"

#define BODY_MAX 32768

void comment_read(struct stmt *q, struct comment_row *row)
{
    row->id = stmt_i64(q, 0);
    row->ticket_id = stmt_i64(q, 1);
    row->author_id = stmt_i64(q, 2);
    row->author = read_text_or_null(q, 3);
    row->body = read_text(q, 4);
    row->created_at = stmt_i64(q, 5);
    row->updated_at = stmt_i64(q, 6);
}

static bool check_body(const char *body, struct err *err)
{
    if (!body || span_trim(span_text(body)).size == 0)
        return fail(err, ERR_INVALID, "a comment needs a text");
    if (strlen(body) > BODY_MAX)
        return fail(err, ERR_LIMIT, "the comment is longer than %d bytes", BODY_MAX);
    return true;
}

bool ticket_touch(struct tx *tx, int64_t ticket_id, int64_t now, struct err *err)
{
    if (pending_touches(tx, ticket_id, now))
        return true;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE ticket SET updated_at = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, now);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail(err, ERR_NOT_FOUND, "there is no such ticket");
}

bool store_comment_add(struct tx *tx, int64_t ticket_id, int64_t author_id, const char *body,
    int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (!check_body(body, err) || !ticket_touch(tx, ticket_id, now, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO ticket_comment(ticket_id, author_id, body, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $4) RETURNING id");
    stmt_bind_i64(q, 1, ticket_id);
    bind_or_null(q, 2, author_id);
    stmt_bind_text(q, 3, body);
    stmt_bind_i64(q, 4, now);
    if (!read_number(q, ret_id, err))
        return false;
    pending_event(tx, ticket_id, TICKET_COMMENTED_EVENT, author_id, *ret_id, now);
    return true;
}

bool store_comment_get(struct tx *tx, int64_t ticket_id, int64_t id, struct comment_row **ret,
    struct err *err)
{
    autofree(comment_row) struct comment_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COMMENT_COLUMNS " WHERE m.ticket_id = $1 AND m.id = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        comment_read(q, row);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no comment %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_comment_edit(struct tx *tx, int64_t ticket_id, int64_t id, const char *body, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE ticket_comment SET body = $3, updated_at = $4 WHERE ticket_id = $1 AND id = $2");

    if (!check_body(body, err))
        return false;
    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, id);
    stmt_bind_text(q, 3, body);
    stmt_bind_i64(q, 4, now);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_NOT_FOUND, "there is no comment %" PRId64, id);
    return ticket_touch(tx, ticket_id, now, err);
}

bool store_comment_delete(struct tx *tx, int64_t ticket_id, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM ticket_comment WHERE ticket_id = $1 AND id = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, id);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail(err, ERR_NOT_FOUND, "there is no comment %" PRId64, id);
}

bool store_comments(struct tx *tx, int64_t ticket_id, int64_t after_id, int64_t limit,
    struct comment_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COMMENT_COLUMNS " WHERE m.ticket_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, after_id);
    stmt_bind_i64(q, 3, limit);
    while (stmt_next(q))
        comment_read(q, comment_rows_add(rows));
    return stmt_end(q, err);
}

bool store_comment_is_last(struct tx *tx, int64_t ticket_id, const char *body, bool *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT body FROM ticket_comment WHERE ticket_id = $1"
                       " AND author_id IS NULL ORDER BY id DESC LIMIT 1");
    bool is_last = false;

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q))
        is_last = strcmp(stmt_text(q, 0), body) == 0;
    *ret = is_last;
    return stmt_end(q, err);
}

bool store_change_add(struct tx *tx, const struct change_new *change, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ticket_change(ticket_id, actor_id, field, old_value, new_value, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id");
    int64_t id = 0;

    stmt_bind_i64(q, 1, change->ticket_id);
    bind_or_null(q, 2, change->actor_id);
    stmt_bind_text(q, 3, change->field);
    stmt_bind_text(q, 4, change->old_value);
    stmt_bind_text(q, 5, change->new_value);
    stmt_bind_i64(q, 6, now);
    if (!read_number(q, &id, err))
        return false;
    pending_event(tx, change->ticket_id, TICKET_UPDATED_EVENT, change->actor_id, id, now);
    return true;
}

bool store_changes(struct tx *tx, int64_t ticket_id, int64_t after_id, int64_t limit,
    struct change_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT h.id, h.ticket_id, h.actor_id, a.name, h.field, h.old_value, h.new_value,"
        "       h.created_at"
        "  FROM ticket_change h LEFT JOIN account a ON a.id = h.actor_id"
        " WHERE h.ticket_id = $1 AND h.id > $2 ORDER BY h.id LIMIT $3");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, after_id);
    stmt_bind_i64(q, 3, limit);
    while (stmt_next(q)) {
        struct change_row *row = change_rows_add(rows);

        row->id = stmt_i64(q, 0);
        row->ticket_id = stmt_i64(q, 1);
        row->actor_id = stmt_i64(q, 2);
        row->actor = read_text_or_null(q, 3);
        row->field = read_text(q, 4);
        row->old_value = read_text(q, 5);
        row->new_value = read_text(q, 6);
        row->created_at = stmt_i64(q, 7);
    }
    return stmt_end(q, err);
}
