/* store/attachment: see the header. */
#include "store/attachment.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "store/read.h"
#include "store/ticket_read.h"
#include "store/ticket_talk_read.h"

static bool is_harmless(unsigned char c)
{
    return c >= ' ' && c != 0x7F && !strchr("\"\\/:*?<>|", c);
}

void attachment_name(const char *given, char field[static ATTACHMENT_NAME_MAX + 1])
{
    size_t n = 0;

    for (const char *p = given; *p; p++)
        if (*p == '/' || *p == '\\')
            given = p + 1;
    if (!parse_is_utf8(span_text(given)))
        given = "";
    given += strspn(given, ". ");
    for (; *given && n < ATTACHMENT_NAME_MAX; given++)
        field[n++] = is_harmless((unsigned char)*given) ? *given : '_';
    /* A character that was cut is left out whole. */
    while (*given && n > 0 && ((unsigned char)*given & 0xC0) == 0x80)
        given--, n--;
    field[n] = '\0';
    if (n == 0)
        (void)snprintf(field, ATTACHMENT_NAME_MAX + 1, "file");
}

static bool check_room(struct tx *tx, const struct attachment_new *attachment, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM attachment WHERE ticket_id = $1");
    int64_t n = 0;

    if (attachment->content.size > ATTACHMENT_MAX_BYTES)
        return fail(err, ERR_LIMIT, "\"%.100s\" is larger than %u bytes", attachment->name,
            ATTACHMENT_MAX_BYTES);
    /* What certdesk itself attaches comes seldom, and must not be lost. */
    if (attachment->author_id == 0)
        return true;
    stmt_bind_i64(q, 1, attachment->ticket_id);
    if (!read_number(q, &n, err))
        return false;
    return n < ATTACHMENTS_MAX ||
           fail(err, ERR_LIMIT, "the ticket has %d attachments already", ATTACHMENTS_MAX);
}

bool store_attachment_add(struct tx *tx, const struct attachment_new *attachment, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (!check_room(tx, attachment, err) || !ticket_touch(tx, attachment->ticket_id, now, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO attachment(ticket_id, author_id, name, media_type, content, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id");
    stmt_bind_i64(q, 1, attachment->ticket_id);
    bind_or_null(q, 2, attachment->author_id);
    stmt_bind_text(q, 3, attachment->name);
    stmt_bind_text(q, 4, attachment->media_type);
    stmt_bind_blob(q, 5, attachment->content);
    stmt_bind_i64(q, 6, now);
    return read_number(q, ret_id, err);
}

void attachment_read(struct stmt *q, struct attachment_row *row)
{
    row->id = stmt_i64(q, 0);
    row->ticket_id = stmt_i64(q, 1);
    row->author_id = stmt_i64(q, 2);
    row->author = read_text_or_null(q, 3);
    row->name = read_text(q, 4);
    row->media_type = read_text(q, 5);
    row->size = stmt_i64(q, 6);
    row->created_at = stmt_i64(q, 7);
}

bool store_attachments(struct tx *tx, int64_t ticket_id, struct attachment_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " ATTACHMENT_COLUMNS " WHERE f.ticket_id = $1 ORDER BY f.id");

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q))
        attachment_read(q, attachment_rows_add(rows));
    return stmt_end(q, err);
}

bool store_attachment_get(struct tx *tx, int64_t ticket_id, int64_t id, struct attachment_row **ret,
    struct buf *content, struct err *err)
{
    autofree(attachment_row) struct attachment_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " ATTACHMENT_ONLY ", f.content" ATTACHMENT_FROM
                       " WHERE f.ticket_id = $1 AND f.id = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        attachment_read(q, row);
        if (content)
            buf_add_span(content, stmt_blob(q, 8));
    }
    if (!stmt_end(q, err) || (content && !buf_check(content, "attachment", err)))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no attachment %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_attachment_ticket(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT ticket_id FROM attachment WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

bool store_attachment_delete(struct tx *tx, int64_t ticket_id, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM attachment WHERE ticket_id = $1 AND id = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_i64(q, 2, id);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 ||
           fail(err, ERR_NOT_FOUND, "there is no attachment %" PRId64, id);
}
