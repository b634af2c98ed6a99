/* store/ticket_many: see the header. Statements take SELECT_IDS_MAX ids at a time. */
#include "store/ticket_many.h"

#include "base/alloc.h"
#include "base/err.h"
#include "store/read.h"
#include "store/select.h"
#include "store/ticket_read.h"
#include "store/ticket_talk_read.h"

/* Call `read` for each portion of the ids. */
static bool in_portions(struct tx *tx, const struct id_list *ids,
    bool (*read)(struct tx *tx, const int64_t *ids, size_t n, void *arg, struct err *err),
    void *arg, struct err *err)
{
    for (size_t i = 0; i < ids->n; i += SELECT_IDS_MAX) {
        size_t n = ids->n - i < SELECT_IDS_MAX ? ids->n - i : SELECT_IDS_MAX;

        if (!read(tx, ids->items + i, n, arg, err))
            return false;
    }
    return true;
}

static bool read_tickets(struct tx *tx, const int64_t *ids, size_t n, void *arg, struct err *err)
{
    struct ticket_rows *rows = arg;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, SELECT_TICKET " WHERE t.id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ")");
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        ticket_read(q, ticket_rows_add(rows));
    return stmt_end(q, err);
}

/* Pages are short: looking for each is nothing beside reading it. */
static void put_in_order(struct ticket_rows *rows, const struct id_list *ids)
{
    size_t at = 0;

    for (size_t i = 0; i < ids->n; i++) {
        for (size_t j = at; j < rows->n; j++) {
            if (rows->items[j].id != ids->items[i])
                continue;
            struct ticket_row row = rows->items[j];

            rows->items[j] = rows->items[at];
            rows->items[at++] = row;
            break;
        }
    }
}

bool store_tickets_by_id(struct tx *tx, const struct id_list *ids, struct ticket_rows *rows,
    struct err *err)
{
    if (!in_portions(tx, ids, read_tickets, rows, err))
        return false;
    put_in_order(rows, ids);
    return true;
}

static bool read_comments(struct tx *tx, const int64_t *ids, size_t n, void *arg, struct err *err)
{
    struct comment_rows *rows = arg;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT " COMMENT_COLUMNS " WHERE m.ticket_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY m.ticket_id, m.id LIMIT ");
    select_i64(&select, TICKET_MANY_COMMENTS_MAX);
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        comment_read(q, comment_rows_add(rows));
    return stmt_end(q, err);
}

bool store_comments_of(struct tx *tx, const struct id_list *ids, struct comment_rows *rows,
    struct err *err)
{
    return in_portions(tx, ids, read_comments, rows, err);
}

static bool read_attachments(struct tx *tx, const int64_t *ids, size_t n, void *arg,
    struct err *err)
{
    struct attachment_rows *rows = arg;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT " ATTACHMENT_COLUMNS " WHERE f.ticket_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY f.ticket_id, f.id");
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        attachment_read(q, attachment_rows_add(rows));
    return stmt_end(q, err);
}

bool store_attachments_of(struct tx *tx, const struct id_list *ids, struct attachment_rows *rows,
    struct err *err)
{
    return in_portions(tx, ids, read_attachments, rows, err);
}

void ticket_extras_done(struct ticket_extras *extras)
{
    for (size_t i = 0; i < extras->n; i++)
        buf_done(&extras->items[i].csr);
    free(extras->items);
}

struct extras_question {
    int64_t account_id;
    struct ticket_extras *ret;
};

static bool read_extras(struct tx *tx, const int64_t *ids, size_t n, void *arg, struct err *err)
{
    const struct extras_question *question = arg;
    struct ticket_extras *extras = question->ret;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT t.id, (SELECT count(*) FROM ticket_watcher w WHERE w.ticket_id = t.id),"
        " (SELECT count(*) FROM ticket_watcher w WHERE w.ticket_id = t.id AND w.account_id = ");
    select_i64(&select, question->account_id);
    select_add(&select, "), r.csr FROM ticket t"
                        " LEFT JOIN certificate_request r ON r.ticket_id = t.id WHERE t.id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ")");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        extras->items =
            rows_make_room(extras->items, extras->n, &extras->room, sizeof *extras->items);
        struct ticket_extra *extra = &extras->items[extras->n++];
        struct span csr = stmt_blob(q, 3);

        *extra = (struct ticket_extra){ .ticket_id = stmt_i64(q, 0),
            .n_watchers = stmt_i64(q, 1),
            .is_watched = stmt_i64(q, 2) > 0 };
        buf_init(&extra->csr, csr.size + 1);
        buf_add_span(&extra->csr, csr);
    }
    return stmt_end(q, err);
}

bool store_ticket_extras(struct tx *tx, const struct id_list *ids, int64_t account_id,
    struct ticket_extras *ret, struct err *err)
{
    struct extras_question question = { account_id, ret };

    return in_portions(tx, ids, read_extras, &question, err);
}
