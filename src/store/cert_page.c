/*
 * store/cert_page: see the header, and store/cert_list's.
 *
 * A page is two steps: the ids, by filter and order, and then everything about those few. A list by
 * status is the list of the first status, then that of the second, …, each by expiry: segments.
 */
#include "store/cert_page.h"

#include <stdlib.h>

#include "base/err.h"
#include "store/cert_count.h"
#include "store/cert_load.h"
#include "store/cert_query.h"
#include "store/cert_sort.h"
#include "store/pending.h"

/* The segments of a list by status, upwards. What has no status yet is the tail, either way. */
static const enum cert_status by_status[] = { CERT_EXPIRED, CERT_EXPIRING_SOON, CERT_VALID,
    CERT_NOT_YET_VALID, CERT_REVOKED };
#define UNKNOWN_SEGMENT countof(by_status)
#define N_SEGMENTS (countof(by_status) + 1)

/* Some five milliseconds. */
#define WALK_STEPS 250000

/* Of entries of an index on PostgreSQL, for each row of the page: for one of fifty some fifteen,
 * and about half of them more or less. */
#define WALK_ENTRIES 1400

/* Looked at to tell where a walk ends. */
#define N_PLACES 96

/* Of what drives: as many as there are. */
#define ALL_IDS (SIZE_MAX / 4)

/* What a record is sorted by, and what the last row had of it. */
static void add_cursor_value(const struct paging *paging, struct select *select)
{
    if (cert_sort_is_text(paging->where.sort))
        select_text(select, paging->cursor.text);
    else
        select_i64(select, paging->cursor.number);
}

static void add_id(enum cert_sort sort, struct select *select)
{
    if (cert_sort_is_by_check(sort))
        select_add(select, "h.certificate_id");
    else
        select_add(select, "c.id");
}

static void add_compared(bool is_down, struct select *select)
{
    if (is_down)
        select_add(select, " < ");
    else
        select_add(select, " > ");
}

/* In two parts each is a range of the index. */
static void add_part_after_cursor(const struct paging *paging, struct select *select)
{
    const bool is_down = paging->request->is_descending;

    select_add(select, " AND ");
    cert_sort_add_column(paging->where.sort, select);
    if (paging->part == CURSOR_TIES)
        select_add(select, " = ");
    else
        add_compared(is_down, select);
    add_cursor_value(paging, select);
    if (paging->part == CURSOR_BEYOND)
        return;
    select_add(select, " AND ");
    add_id(paging->where.sort, select);
    add_compared(is_down, select);
    select_i64(select, paging->cursor.id);
}

static void add_after_cursor(const struct paging *paging, struct select *select)
{
    if (paging->cursor.is_in_tail) {
        select_add(select, " AND c.id > ");
        select_i64(select, paging->cursor.id);
        return;
    }
    if (paging->part != CURSOR_ALL) {
        add_part_after_cursor(paging, select);
        return;
    }
    select_add(select, " AND (");
    cert_sort_add_column(paging->where.sort, select);
    select_add(select, ", ");
    add_id(paging->where.sort, select);
    select_add(select, ")");
    add_compared(paging->request->is_descending, select);
    select_add(select, "(");
    add_cursor_value(paging, select);
    select_add(select, ", ");
    select_i64(select, paging->cursor.id);
    select_add(select, ")");
}

/* Is it the walk that has an end, and not its tail? */
static bool is_walk_ended(const struct paging *paging, bool is_tail)
{
    return !paging->where.is_sqlite && paging->max_steps > 0 && !is_tail;
}

/* The greatest and the least that a record may be sorted by. */
static void add_limit(const struct paging *paging, struct select *select)
{
    const bool is_down = paging->request->is_descending;

    if (cert_sort_is_text(paging->where.sort))
        select_text(select, is_down ? "" : CERT_QUERY_LAST);
    else
        select_i64(select, is_down ? INT64_MIN : INT64_MAX);
}

/* "(SELECT …) AS places": what some records, spread over all there are, are sorted by. */
static void add_places(const struct paging *paging, struct select *select)
{
    select_add(select, "(SELECT (SELECT ");
    cert_sort_add_column(paging->where.sort, select);
    select_add(select, " FROM certificate c WHERE c.id >= g.id ORDER BY c.id LIMIT 1) AS place"
                       " FROM generate_series(CAST(1 AS BIGINT), CAST(");
    select_i64(select, paging->where.max_id);
    select_add(select, " AS BIGINT), CAST(");
    select_i64(select, paging->where.max_id / N_PLACES + 1);
    select_add(select, " AS BIGINT)) AS g(id) OFFSET 0) AS places");
}

/*
 * PostgreSQL cannot be told to pass so many and no more but by a query around the walk, which takes
 * half as long again. So the walk ends where, by some records here and there, about as many have
 * been passed.
 */
static void add_end_of_walk(const struct paging *paging, struct select *select)
{
    const bool is_down = paging->request->is_descending;
    const bool has_cursor = paging->has_cursor && !paging->cursor.is_in_tail;

    select_add(select, " AND ");
    cert_sort_add_column(paging->where.sort, select);
    if (is_down)
        select_add(select, " >= ");
    else
        select_add(select, " <= ");
    select_add(select, "COALESCE((SELECT places.place FROM ");
    add_places(paging, select);
    select_add(select, " WHERE places.place IS NOT NULL");
    if (has_cursor) {
        select_add(select, " AND places.place");
        add_compared(is_down, select);
        add_cursor_value(paging, select);
    }
    select_add(select, " ORDER BY places.place");
    if (is_down)
        select_add(select, " DESC");
    select_add(select, " LIMIT 1 OFFSET ");
    select_i64(select, paging->max_steps * N_PLACES / paging->where.max_id);
    select_add(select, "), ");
    add_limit(paging, select);
    select_add(select, ")");
}

void cert_page_select(const struct paging *paging, bool is_tail, size_t most, struct select *select)
{
    enum cert_sort sort = paging->where.sort;
    bool is_dated = sort == CERT_BY_EXPIRY && paging->where.has_dates;
    /* Upwards, all behind a cursor have a value, and SQLite takes the first bound that it is told.
     */
    bool is_behind = paging->part != CURSOR_ALL && !paging->request->is_descending;

    select_add(select, "SELECT c.id, ");
    cert_sort_add_column(sort, select);
    cert_where_add(&paging->where, select);
    if (is_tail)
        cert_sort_add_tail(sort, select);
    else if (!is_dated && !is_behind)
        cert_sort_add_body(sort, select);
    if (paging->has_cursor && paging->cursor.is_in_tail == is_tail)
        add_after_cursor(paging, select);
    if (is_walk_ended(paging, is_tail))
        add_end_of_walk(paging, select);
    cert_sort_add_order(sort, paging->request->is_descending, is_tail, select);
    select_add(select, " LIMIT ");
    select_i64(select, (int64_t)most);
}

/* All of what drives, be it with a value or without one: in one order, of which read_all() makes
 * the list's. */
static void select_all(const struct paging *paging, struct select *select)
{
    select_add(select, "SELECT c.id, ");
    cert_sort_add_column(paging->where.sort, select);
    cert_where_add(&paging->where, select);
    cert_sort_add_order(paging->where.sort, paging->request->is_descending, false, select);
}

/* The place of the last row of the page; rows beyond it are only there to tell that there are more.
 */
static void keep_place(struct paging *paging, struct stmt *q, bool is_tail)
{
    paging->cursor.id = stmt_i64(q, 0);
    paging->cursor.is_in_tail = is_tail;
    if (cert_sort_is_text(paging->where.sort))
        span_copy_text(span_text(stmt_text(q, 1)), paging->cursor.text, sizeof paging->cursor.text);
    else
        paging->cursor.number = stmt_i64(q, 1);
}

static bool read_ids_of_part(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err)
{
    const size_t n_before = paging->ids.n;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    cert_page_select(paging, is_tail, most, &select);
    q = select_prepare(tx, &select);
    stmt_limit(q, paging->max_steps);
    while (stmt_next(q)) {
        if (paging->ids.n < (size_t)paging->request->limit)
            keep_place(paging, q, is_tail);
        id_list_add(&paging->ids, stmt_i64(q, 0));
    }
    paging->is_cut = paging->is_cut || stmt_is_cut(q) ||
                     (is_walk_ended(paging, is_tail) && paging->ids.n - n_before < most);
    return stmt_end(q, err);
}

/*
 * SQLite takes a pair to be compared for a range of the column alone where the id is the key of the
 * table: of a million records with one issuer it would pass over all that came before. So they are
 * asked for apart.
 */
static bool read_ids(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err)
{
    const size_t n_before = paging->ids.n;
    const struct cursor place = paging->cursor;
    bool works;

    paging->part = CURSOR_ALL;
    if (!paging->where.is_sqlite || paging->where.way == WAY_DRIVE || is_tail ||
        !paging->has_cursor || place.is_in_tail)
        return read_ids_of_part(tx, paging, is_tail, most, err);
    paging->part = CURSOR_TIES;
    if (!read_ids_of_part(tx, paging, is_tail, most, err))
        return false;
    most -= paging->ids.n - n_before;
    paging->part = CURSOR_BEYOND;
    works = most == 0 || paging->is_cut || read_ids_of_part(tx, paging, is_tail, most, err);
    paging->part = CURSOR_ALL;
    return works;
}

static bool read_part(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err)
{
    return paging->where.along ? cert_page_read_along(tx, paging, is_tail, most, err)
                               : read_ids(tx, paging, is_tail, most, err);
}

/* Has the row that `q` is at nothing to be sorted by? */
static bool is_of_tail(const struct paging *paging, struct stmt *q)
{
    return paging->where.sort == CERT_BY_ISSUER ? *stmt_text(q, 1) == '\0' : stmt_is_null(q, 1);
}

/* The tail goes by id, upwards. */
static void add_tail(struct paging *paging, const struct id_list *tail)
{
    for (size_t i = 0; i < tail->n; i++) {
        const int64_t id = tail->items[paging->request->is_descending ? tail->n - 1 - i : i];

        if (paging->ids.n < (size_t)paging->request->limit) {
            paging->cursor.id = id;
            paging->cursor.is_in_tail = true;
        }
        id_list_add(&paging->ids, id);
    }
}

/* Of what drives, the records are looked at once for both, body and tail. */
static bool read_all(struct tx *tx, struct paging *paging, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autodone(id_list) struct id_list tail = { 0 };
    autofree(stmt) struct stmt *q = NULL;

    select_all(paging, &select);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        if (is_of_tail(paging, q)) {
            id_list_add(&tail, stmt_i64(q, 0));
            continue;
        }
        if (paging->ids.n < (size_t)paging->request->limit)
            keep_place(paging, q, false);
        id_list_add(&paging->ids, stmt_i64(q, 0));
    }
    add_tail(paging, &tail);
    return stmt_end(q, err);
}

bool cert_page_read_ids(struct tx *tx, struct paging *paging, size_t most, struct err *err)
{
    enum cert_sort sort = paging->where.sort;
    bool is_by_expiry = sort == CERT_BY_EXPIRY;
    bool has_tail = cert_sort_has_tail(sort) && !(is_by_expiry && paging->where.has_dates);
    bool is_all_tail = has_tail && is_by_expiry && paging->where.statuses == 1u << CERT_UNKNOWN;
    bool begins_in_tail = is_all_tail || (paging->has_cursor && paging->cursor.is_in_tail);

    if (paging->where.is_nothing)
        return true;
    if (most == ALL_IDS && has_tail && !paging->where.along)
        return read_all(tx, paging, err);
    if (!begins_in_tail && !read_part(tx, paging, false, most, err))
        return false;
    if (!has_tail || paging->ids.n >= most || paging->is_cut)
        return true;
    paging->has_cursor = paging->has_cursor && paging->cursor.is_in_tail && begins_in_tail;
    return read_part(tx, paging, true, most - paging->ids.n, err);
}

static void skip_by_cursor(struct paging *paging)
{
    if (!paging->has_cursor || paging->cursor.is_in_tail)
        return;
    paging->where.skips_from = !paging->request->is_descending;
    paging->where.skips_until = paging->request->is_descending;
}

static bool read_segment(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    enum cert_status status, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    struct cert_filter filter = *request->filter;
    bool works;

    filter.statuses = 1u << status;
    cert_where_init(&paging->where, viewer, &filter, CERT_BY_EXPIRY, request);
    skip_by_cursor(paging);
    works = cert_where_plan(tx, &paging->where, err) &&
            cert_page_read_ids(tx, paging, (size_t)request->limit + 1, err);
    cert_where_done(&paging->where);
    paging->where.filter = NULL;
    return works;
}

/* The statuses that the filter asks for, one after the other, until the page is full. */
static bool read_by_status(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    bool *ret_is_all, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    unsigned statuses = request->filter->statuses;
    bool is_read = false;

    if (!cert_page_read_statuses(tx, paging, viewer, &is_read, err))
        return false;
    *ret_is_all = is_read && !paging->has_cursor;
    if (is_read)
        return true;

    for (size_t at = paging->has_cursor ? (size_t)paging->cursor.segment : 0;
         at < N_SEGMENTS && paging->ids.n <= (size_t)request->limit; at++) {
        size_t i = at == UNKNOWN_SEGMENT    ? at
                   : request->is_descending ? UNKNOWN_SEGMENT - 1 - at
                                            : at;
        enum cert_status status = i == UNKNOWN_SEGMENT ? CERT_UNKNOWN : by_status[i];
        size_t n_before = paging->ids.n;

        if (statuses && !(statuses & 1u << status))
            continue;
        if (!read_segment(tx, paging, viewer, status, err))
            return false;
        paging->has_cursor = false;
        if (paging->ids.n > n_before && n_before < (size_t)request->limit)
            paging->cursor.segment = (int64_t)at;
    }
    return true;
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
    return true;
}

/* The page is walked for, along that index; what drives is only counted. */
static void walk_in_order(struct paging *paging)
{
    paging->counted = paging->where.drive;
    cert_where_walk_in_order(&paging->where);
}

/* Each of what would be counted has to be looked up for who sees a part: then that is the list. */
static bool is_soon_read(const struct paging *paging)
{
    const struct cert_where *where = &paging->where;

    return paging->counted != DRIVE_NONE && where->along && !cert_where_sees_most(where);
}

/* Conditions may have less in common than each of them says (what is imported is served nowhere),
 * and one of them less with the order (nor is it checked; nor has what came at one time, with one
 * tag, any other place in the order of that): then a walk comes past all there is for a page that
 * is not there. */
static bool may_be_cut(const struct cert_where *where)
{
    if (!where->is_sqlite)
        return cert_where_may_drive_counted(where);
    return where->way != WAY_DRIVE && !where->is_nothing && cert_where_n_conditions(where) > 0;
}

static bool set_end_of_walk(struct tx *tx, struct paging *paging, struct err *err)
{
    const struct cert_page_request *const request = paging->request;

    paging->max_steps = request->walk_steps       ? request->walk_steps
                        : paging->where.is_sqlite ? WALK_STEPS
                                                  : WALK_ENTRIES * request->limit;
    if (paging->where.is_sqlite)
        return true;
    if (!cert_count_find_max(tx, &paging->where, err))
        return false;
    if (paging->where.max_id <= paging->max_steps)
        paging->max_steps = 0;
    return true;
}

/* A walk, for some milliseconds; then what the conditions have in common is found first. */
static bool read_or_turn(struct tx *tx, struct paging *paging, bool *ret_is_all, struct err *err)
{
    const size_t most = (size_t)paging->request->limit + 1;
    const struct cursor place = paging->cursor;
    const bool has_cursor = paging->has_cursor;
    bool is_better = false;

    if (!set_end_of_walk(tx, paging, err))
        return false;
    if (!cert_page_read_ids(tx, paging, most, err))
        return false;
    paging->max_steps = 0;
    if (!paging->is_cut)
        return true;
    paging->is_cut = false;
    paging->cursor = place;
    paging->has_cursor = has_cursor;
    paging->ids.n = 0;
    if (!cert_where_plan_common(tx, &paging->where, &is_better, err))
        return false;
    if (is_better) {
        paging->cursor.plan = cert_where_plan_number(&paging->where);
        *ret_is_all = paging->where.way == WAY_DRIVE && !has_cursor;
    }
    return cert_page_read_ids(tx, paging, *ret_is_all ? ALL_IDS : most, err);
}

/* Who drives, drives with all there is: then all of it is counted on the way. */
static bool read_by_column(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    bool *ret_is_all, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    struct cert_where *where = &paging->where;
    bool works;

    cert_where_init(where, viewer, request->filter, request->sort, request);
    skip_by_cursor(paging);
    works = paging->has_cursor ? cert_where_plan_again(tx, where, paging->cursor.plan, err)
                               : cert_where_plan(tx, where, err);
    if (works && cert_where_is_in_order(where))
        walk_in_order(paging);
    *ret_is_all = works && (where->way == WAY_DRIVE || is_soon_read(paging)) && !paging->has_cursor;
    paging->cursor.plan = cert_where_plan_number(where);
    if (works && cert_page_has_name_parts(paging))
        return cert_page_read_name_parts(tx, paging, err);
    if (works && may_be_cut(where))
        return read_or_turn(tx, paging, ret_is_all, err);
    return works &&
           cert_page_read_ids(tx, paging, *ret_is_all ? ALL_IDS : (size_t)request->limit + 1, err);
}

/* Of the first page: as counted; of the others: as it was then. */
static bool find_total(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    bool is_all, struct cert_page *page, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    bool is_last = paging->ids.n <= (size_t)request->limit;
    bool works;

    if (is_all || (is_last && !(request->cursor && *request->cursor))) {
        page->total = (int64_t)paging->ids.n;
        return true;
    }
    if (request->cursor && *request->cursor) {
        page->is_estimate = paging->cursor.total < 0;
        page->total = page->is_estimate ? -1 - paging->cursor.total : paging->cursor.total;
        return true;
    }
    if (request->sort == CERT_BY_STATUS) {
        cert_where_init(&paging->where, viewer, request->filter, CERT_BY_EXPIRY, request);
        works = cert_where_plan(tx, &paging->where, err);
        if (!works)
            return false;
    }
    /* Alone it was counted whole. */
    if (paging->counted != DRIVE_NONE && cert_where_n_conditions(&paging->where) > 1) {
        paging->where.way = WAY_DRIVE;
        paging->where.drive = paging->counted;
    }
    works = cert_count(tx, &paging->where, &page->total, &page->is_estimate, err);
    if (works && page->is_estimate && page->total < (int64_t)paging->ids.n)
        page->total = (int64_t)paging->ids.n;
    return works;
}

/* What there is to say about the records is on its way while they are counted. */
static bool load_and_count(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    bool is_all, struct cert_page *page, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    const size_t limit = (size_t)request->limit;
    const size_t n = paging->ids.n < limit ? paging->ids.n : limit;
    autodone(cert_loading) struct cert_loading loading = { 0 };
    autodone(asked) struct asked people = { 0 };

    if (request->wants_people)
        cert_people_ask(&people, tx, viewer->account_id, paging->ids.items, n);
    cert_load_ask(&loading, tx, paging->ids.items, n);
    if (request->wants_total && !find_total(tx, paging, viewer, is_all, page, err))
        return false;
    return (!request->wants_people || cert_people_read(&people, &page->people, err)) &&
           cert_load_read(&loading, &page->rows, err);
}

static bool fill(struct tx *tx, struct paging *paging, const struct store_viewer *viewer,
    struct cert_page *page, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    size_t limit = (size_t)request->limit;
    bool is_all = false;

    if (!pending_write(tx, err) || !start(paging, err))
        return false;
    if (!(request->sort == CERT_BY_STATUS ? read_by_status(tx, paging, viewer, &is_all, err)
                                          : read_by_column(tx, paging, viewer, &is_all, err)))
        return false;
    if (!load_and_count(tx, paging, viewer, is_all, page, err))
        return false;
    if (paging->ids.n > limit) {
        paging->ids.n = limit;
        paging->cursor.total = page->is_estimate ? -1 - page->total : page->total;
        page->next_cursor = cursor_write(&paging->cursor);
    }
    return true;
}

bool store_cert_page(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *request, struct cert_page *ret, struct err *err)
{
    struct paging paging = { .request = request };
    struct cert_page page = { 0 };
    bool is_filled = fill(tx, &paging, viewer, &page, err);

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
    access_rows_done(&page->people);
    free(page->next_cursor);
    page->next_cursor = NULL;
}
