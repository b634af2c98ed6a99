/* store/cert_list: see the header. Pages are made in cert_page.c, counts in cert_count.c. */
#include "store/cert_list.h"

#include "base/err.h"
#include "store/cert_where.h"
#include "store/kept_ids.h"
#include "store/pending.h"
#include "store/read.h"

#define KEPT_MS 60000

bool store_cert_ids(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_ids_request *request, struct id_list *ids, struct err *err)
{
    /* By id there is no rule to guess from. */
    const struct cert_page_request page = { .now = request->now,
        .rule = { .lifetime_percent = 1 } };
    autodone(cert_where) struct cert_where where = { 0 };
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    cert_where_init(&where, viewer, request->filter, N_CERT_SORT, &page);
    if (!pending_write(tx, err) || !cert_where_plan(tx, &where, err))
        return false;
    if (where.is_nothing)
        return true;
    select_add(&select, "SELECT c.id");
    cert_where_add(&where, &select);
    select_add(&select, " AND c.id > ");
    select_i64(&select, request->after_id);
    select_add(&select, " ORDER BY c.id LIMIT ");
    select_i64(&select, request->limit);
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        id_list_add(ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

/* Of the ids those for which `q` gives a row; its parameters are the id and the viewer. */
static bool pick_ids(struct stmt *q, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *picked, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t found = 0;

        stmt_bind_i64(q, 1, ids[i]);
        stmt_bind_bool(q, 2, viewer->sees_all);
        stmt_bind_i64(q, 3, viewer->account_id);
        if (!read_number(q, &found, err))
            return false;
        if (found)
            id_list_add(picked, found);
        stmt_reset(q);
    }
    return true;
}

bool store_cert_ids_visible(struct tx *tx, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *visible, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id FROM certificate c WHERE c.id = $1 AND " VISIBLE("c.id", "$2", "$3"));

    return pick_ids(q, viewer, ids, n, visible, err);
}

bool store_cert_ids_hidden(struct tx *tx, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *hidden, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id FROM certificate c WHERE c.id = $1 AND NOT " VISIBLE("c.id", "$2", "$3"));

    return pick_ids(q, viewer, ids, n, hidden, err);
}

void store_cert_list_rest(void)
{
    kept_ids_rest(KEPT_MS);
}
