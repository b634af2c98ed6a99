/* store/ticket_label: see the header. */
#include "store/ticket_label.h"

#include "base/alloc.h"
#include "codec/fold.h"
#include "db/db.h"

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
