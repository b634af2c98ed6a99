/* store/ticket_label: see the header. */
#include "store/ticket_label.h"

#include "base/alloc.h"
#include "codec/fold.h"
#include "store/kept_count.h"
#include "store/ticket_sight.h"

static bool remove_all(struct tx *tx, int64_t ticket_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM ticket_label WHERE ticket_id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    return stmt_run(q, err);
}

bool ticket_labels_put(struct tx *tx, int64_t ticket_id, const char *labels, struct err *err)
{
    struct span rest = span_text(labels);
    struct span label;

    if (!remove_all(tx, ticket_id, err))
        return false;
    while (span_split(&rest, ' ', &label)) {
        autofree(str) char *folded = text_fold_span(label);
        autofree(stmt) struct stmt *q =
            tx_prepare(tx, "INSERT INTO ticket_label(label, ticket_id) VALUES ($1, $2)"
                           " ON CONFLICT DO NOTHING");

        if (label.size == 0)
            continue;
        stmt_bind_text(q, 1, folded);
        stmt_bind_i64(q, 2, ticket_id);
        if (!stmt_run(q, err))
            return false;
    }
    return true;
}

static bool add_seen(struct tx *tx, struct select *select, const struct store_viewer *viewer,
    struct err *err)
{
    struct ticket_sight sight;

    select_add(select, " FROM ticket_label l JOIN ticket t ON t.id = l.ticket_id WHERE 1 = 1");
    if (!ticket_sight_plan(tx, viewer, &sight, err))
        return false;
    ticket_sight_add(select, &sight);
    return true;
}

bool store_ticket_labels(struct tx *tx, const struct store_viewer *viewer, int64_t start_at,
    int64_t limit, void (*visit)(void *context, const char *label), void *context, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT DISTINCT l.label");
    if (!add_seen(tx, &select, viewer, err))
        return false;
    select_add(&select, " ORDER BY l.label LIMIT ");
    select_i64(&select, limit);
    select_add(&select, " OFFSET ");
    select_i64(&select, start_at);
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        visit(context, stmt_text(q, 0));
    return stmt_end(q, err);
}

bool store_ticket_labels_count(struct tx *tx, const struct store_viewer *viewer, int64_t *ret,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;

    select_add(&select, "SELECT count(DISTINCT l.label)");
    return add_seen(tx, &select, viewer, err) && kept_count(tx, &select, ret, err);
}
