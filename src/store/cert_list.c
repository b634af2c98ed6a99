/*
 * store/cert_list: see the header.
 *
 * A page is two queries: the ids, by filter and order, and then everything about those few. Records
 * without the value that is sorted by (nothing seen yet, so no end) are the tail of the list, in
 * either direction: a query of its own, because "NULLS LAST" is not the order of any index.
 */
#include "store/cert_list.h"

#include "base/alloc.h"
#include "base/err.h"
#include "store/cert_count.h"
#include "store/cert_load.h"
#include "store/cert_page.h"
#include "store/read.h"

static const struct {
    const char *name;
    enum cert_sort sort;
} sort_names[] = {
    { "expires_at", CERT_BY_EXPIRY },
    { "status", CERT_BY_EXPIRY },
    { "days_left", CERT_BY_EXPIRY },
    { "name", CERT_BY_NAME },
    { "created_at", CERT_BY_CREATION },
    { "updated_at", CERT_BY_UPDATE },
    { "issuer", CERT_BY_ISSUER },
};

bool cert_sort_from_name(const char *name, enum cert_sort *ret)
{
    for (size_t i = 0; i < countof(sort_names); i++) {
        if (strcmp(name, sort_names[i].name) == 0) {
            *ret = sort_names[i].sort;
            return true;
        }
    }
    return false;
}

static bool is_text(enum cert_sort sort)
{
    return sort == CERT_BY_NAME || sort == CERT_BY_ISSUER;
}

static void add_column(struct select *select, enum cert_sort sort)
{
    switch (sort) {
    case CERT_BY_NAME:
        select_add(select, "c.name_lower");
        break;
    case CERT_BY_CREATION:
        select_add(select, "c.created_at");
        break;
    case CERT_BY_UPDATE:
        select_add(select, "c.updated_at");
        break;
    case CERT_BY_ISSUER:
        select_add(select, "c.issuer");
        break;
    case CERT_BY_EXPIRY:
    case N_CERT_SORT:
        select_add(select, "c.expires_at");
        break;
    }
}

static void add_after_cursor(const struct paging *paging, struct select *select)
{
    const struct cursor *cursor = &paging->cursor;

    if (cursor->is_in_tail) {
        select_add(select, " AND c.id > ");
        select_i64(select, cursor->id);
        return;
    }
    select_add(select, " AND (");
    add_column(select, paging->request->sort);
    if (paging->request->is_descending)
        select_add(select, ", c.id) < (");
    else
        select_add(select, ", c.id) > (");
    if (is_text(paging->request->sort))
        select_text(select, cursor->text);
    else
        select_i64(select, cursor->number);
    select_add(select, ", ");
    select_i64(select, cursor->id);
    select_add(select, ")");
}

static void add_order(const struct paging *paging, bool is_tail, struct select *select)
{
    select_add(select, " ORDER BY ");
    add_column(select, paging->request->sort);
    if (is_tail || !paging->request->is_descending)
        select_add(select, ", c.id");
    else
        select_add(select, " DESC, c.id DESC");
}

void cert_page_select(const struct paging *paging, bool is_tail, size_t most, struct select *select)
{
    bool is_nullable = paging->request->sort == CERT_BY_EXPIRY;

    select_add(select, "SELECT c.id, ");
    add_column(select, paging->request->sort);
    cert_where_add(&paging->where, select);
    if (is_nullable && is_tail)
        select_add(select, " AND c.expires_at IS NULL");
    else if (is_nullable && !paging->where.has_dates)
        select_add(select, " AND c.expires_at IS NOT NULL");
    if (paging->has_cursor && paging->cursor.is_in_tail == is_tail)
        add_after_cursor(paging, select);
    add_order(paging, is_tail, select);
    select_add(select, " LIMIT ");
    select_i64(select, (int64_t)most);
}

static bool read_ids(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    cert_page_select(paging, is_tail, most, &select);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        /* The last row is only there to tell that there are more. */
        if (paging->ids.n < (size_t)paging->request->limit) {
            paging->cursor.id = stmt_i64(q, 0);
            paging->cursor.is_in_tail = is_tail;
            if (is_text(paging->request->sort))
                span_copy_text(span_text(stmt_text(q, 1)), paging->cursor.text,
                    sizeof paging->cursor.text);
            else
                paging->cursor.number = stmt_i64(q, 1);
        }
        id_list_add(&paging->ids, stmt_i64(q, 0));
    }
    return stmt_end(q, err);
}

static bool start(struct paging *paging, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    char order[sizeof paging->cursor.order];

    if (request->limit < 1 || request->limit > CERT_PAGE_MAX)
        return fail(err, ERR_INVALID, "a page has 1 to %d rows", CERT_PAGE_MAX);
    (void)snprintf(order, sizeof order, "c%d%c", (int)request->sort,
        request->is_descending ? 'd' : 'a');
    paging->has_cursor = request->cursor && *request->cursor;
    if (paging->has_cursor && !cursor_read(request->cursor, order, &paging->cursor, err))
        return false;
    span_copy_text(span_text(order), paging->cursor.order, sizeof paging->cursor.order);
    if (paging->has_cursor && !paging->cursor.is_in_tail) {
        paging->where.skips_from = !request->is_descending;
        paging->where.skips_until = request->is_descending;
    }
    return true;
}

/* There is no tail unless the sort can be by nothing; a range of ends excludes it. */
static bool read_both(struct tx *tx, struct paging *paging, struct err *err)
{
    bool has_tail = paging->request->sort == CERT_BY_EXPIRY && !paging->where.has_dates;
    bool is_all_tail = has_tail && paging->request->filter->statuses == 1u << CERT_UNKNOWN;
    bool begins_in_tail = is_all_tail || (paging->has_cursor && paging->cursor.is_in_tail);
    size_t most = (size_t)paging->request->limit + 1;

    if (!begins_in_tail && !read_ids(tx, paging, false, most, err))
        return false;
    if (!has_tail || paging->ids.n >= most)
        return true;
    paging->has_cursor = paging->has_cursor && paging->cursor.is_in_tail && begins_in_tail;
    return read_ids(tx, paging, true, most - paging->ids.n, err);
}

static bool fill(struct tx *tx, struct paging *paging, struct cert_page *page, struct err *err)
{
    size_t limit = (size_t)paging->request->limit;

    if (!start(paging, err) || !cert_where_plan(tx, &paging->where, err) ||
        !read_both(tx, paging, err))
        return false;
    if (paging->ids.n > limit) {
        paging->ids.n = limit;
        page->next_cursor = cursor_write(&paging->cursor);
    }
    if (!cert_load(tx, paging->ids.items, paging->ids.n, &page->rows, err))
        return false;
    return !paging->request->wants_total ||
           cert_count(tx, &paging->where, &page->total, &page->is_estimate, err);
}

bool store_cert_page(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *request, struct cert_page *ret, struct err *err)
{
    struct paging paging = { .request = request };
    struct cert_page page = { 0 };
    bool is_filled;

    cert_where_init(&paging.where, viewer, request->filter, request->sort, &request->rule,
        request->now);
    if (request->drive_max)
        paging.where.drive_max = request->drive_max;
    is_filled = fill(tx, &paging, &page, err);
    cert_where_done(&paging.where);
    id_list_done(&paging.ids);
    if (!is_filled) {
        cert_page_done(&page);
        return false;
    }
    *ret = page;
    return true;
}

void cert_page_done(struct cert_page *page)
{
    cert_rows_done(&page->rows);
    free(page->next_cursor);
    page->next_cursor = NULL;
}

bool store_cert_ids(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_ids_request *request, struct id_list *ids, struct err *err)
{
    autodone(cert_where) struct cert_where where = { 0 };
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    cert_where_init(&where, viewer, request->filter, N_CERT_SORT, NULL, request->now);
    if (!cert_where_plan(tx, &where, err))
        return false;
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

bool store_cert_ids_visible(struct tx *tx, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *visible, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id FROM certificate c WHERE c.id = $1 AND " VISIBLE("c.id", "$2", "$3"));

    for (size_t i = 0; i < n; i++) {
        int64_t found = 0;

        stmt_bind_i64(q, 1, ids[i]);
        stmt_bind_bool(q, 2, viewer->sees_all);
        stmt_bind_i64(q, 3, viewer->account_id);
        if (!read_number(q, &found, err))
            return false;
        if (found)
            id_list_add(visible, found);
        stmt_reset(q);
    }
    return true;
}
