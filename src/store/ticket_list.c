/*
 * store/ticket_list: see the header.
 *
 * Tickets are few beside records, and the page is of the last updated: the query walks along
 * (updated_at, id) and checks. Where a record or an assignee is asked for, its index is small
 * enough for the database to see by itself.
 */
#include "store/ticket_list.h"

#include "base/alloc.h"
#include "base/err.h"
#include "codec/fold.h"
#include "store/cursor.h"
#include "store/read.h"
#include "store/select.h"
#include "store/ticket_read.h"
#include "store/ticket_sight.h"
#include "store/ticket_words.h"

#define ORDER "t"

struct ticket_query {
    struct tx *tx;
    struct ticket_sight sight;
    const struct ticket_filter *filter;
    char *label; /* as it is stored; NULL: any */
    struct ticket_words words;
    enum ticket_words_way way;
};

static void ticket_query_done(struct ticket_query *query)
{
    ticket_words_done(&query->words);
    free(query->label);
}
DEFINE_AUTODONE(ticket_query);

static void add_account(struct select *select, const char *name)
{
    select_add(select, "(SELECT n.id FROM account n WHERE n.name = ");
    select_text(select, name);
    select_add(select, ")");
}

static void add_people(struct select *select, const struct ticket_filter *filter)
{
    if (filter->assignee && *filter->assignee) {
        select_add(select, " AND t.assignee_id = ");
        add_account(select, filter->assignee);
    } else if (filter->assignee) {
        select_add(select, " AND +t.assignee_id IS NULL");
    }
    if (filter->reporter) {
        select_add(select, " AND +t.reporter_id = ");
        add_account(select, filter->reporter);
    }
}

static void add_filter(struct select *select, const struct ticket_query *query)
{
    const struct ticket_filter *const filter = query->filter;

    if (query->words.n) {
        select_add(select, " AND ");
        ticket_words_condition(query->tx, select, &query->words, TICKET_TEXT_OWN, query->way);
    }
    if (filter->type) {
        select_add(select, " AND t.type = ");
        select_text(select, filter->type);
    }
    if (filter->status) {
        select_add(select, " AND t.status = ");
        select_text(select, filter->status);
    }
    if (filter->project) {
        select_add(select, " AND t.project = ");
        select_text(select, filter->project);
    }
    if (filter->profile) {
        select_add(select, " AND t.id IN (SELECT y.ticket_id FROM certificate_request y"
                           " JOIN profile z ON z.id = y.profile_id WHERE z.name_lower = ");
        select_text(select, filter->profile);
        select_add(select, ")");
    }
    if (query->label) {
        select_add(select, " AND t.id IN (SELECT y.ticket_id FROM ticket_label y WHERE y.label = ");
        select_text(select, query->label);
        select_add(select, ")");
    }
    add_people(select, filter);
    if (filter->certificate_id) {
        select_add(select, " AND t.certificate_id = ");
        select_i64(select, filter->certificate_id);
    }
    if (filter->is_open)
        select_add(select, " AND t.resolved_at IS NULL");
    if (filter->is_resolved)
        select_add(select, " AND t.resolved_at IS NOT NULL");
    if (filter->hides_snoozed) {
        select_add(select, " AND (t.snoozed_until IS NULL OR t.snoozed_until <= ");
        select_i64(select, filter->now);
        select_add(select, ")");
    }
}

static bool count(struct tx *tx, const struct ticket_query *query, struct ticket_page *page,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT count(*) FROM (SELECT 1 AS one FROM ticket t WHERE 1 = 1");
    ticket_sight_add(&select, &query->sight);
    add_filter(&select, query);
    select_add(&select, " LIMIT ");
    select_i64(&select, TICKET_TOTAL_EXACT + 1);
    select_add(&select, ") AS counted");
    q = select_prepare(tx, &select);
    if (!read_number(q, &page->total, err))
        return false;
    page->is_estimate = page->total > TICKET_TOTAL_EXACT;
    return true;
}

/* What is updated while somebody pages through moves to the front: seen twice at worst, never
 * missed. */
static bool fill(struct tx *tx, const struct ticket_query *query, const struct cursor *cursor,
    int64_t limit, struct ticket_page *page, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, SELECT_TICKET " WHERE 1 = 1");
    ticket_sight_add(&select, &query->sight);
    add_filter(&select, query);
    if (cursor) {
        select_add(&select, " AND (t.updated_at, t.id) < (");
        select_i64(&select, cursor->number);
        select_add(&select, ", ");
        select_i64(&select, cursor->id);
        select_add(&select, ")");
    }
    /* "+" keeps SQLite from walking after all. */
    if (query->sight.sees_few)
        select_add(&select, " ORDER BY +t.updated_at DESC, t.id DESC LIMIT ");
    else
        select_add(&select, " ORDER BY t.updated_at DESC, t.id DESC LIMIT ");
    select_i64(&select, limit + 1);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        if (page->rows.n == (size_t)limit) {
            const struct ticket_row *last = &page->rows.items[limit - 1];
            struct cursor next = { .order = ORDER, .id = last->id, .number = last->updated_at };

            page->next_cursor = cursor_write(&next);
            break;
        }
        ticket_read(q, ticket_rows_add(&page->rows));
    }
    return stmt_end(q, err);
}

bool store_ticket_page(struct tx *tx, const struct store_viewer *viewer,
    const struct ticket_filter *filter, const char *cursor, int64_t limit, struct ticket_page *ret,
    struct err *err)
{
    autodone(ticket_page) struct ticket_page page = { 0 };
    autodone(ticket_query) struct ticket_query query = { .tx = tx, .filter = filter };
    struct cursor from = { 0 };
    bool has_cursor = cursor && *cursor;

    if (limit < 1 || limit > TICKET_PAGE_MAX)
        return fail(err, ERR_INVALID, "a page has 1 to %d rows", TICKET_PAGE_MAX);
    if (has_cursor && !cursor_read(cursor, ORDER, &from, err))
        return false;
    if (filter->q)
        ticket_words_add(&query.words, span_text(filter->q));
    if (filter->label)
        query.label = text_fold_span(span_text(filter->label));
    if ((query.words.n && !ticket_words_plan(tx, &query.words, TICKET_TEXT_OWN, &query.way, err)) ||
        !ticket_sight_plan(tx, viewer, &query.sight, err) ||
        !fill(tx, &query, has_cursor ? &from : NULL, limit, &page, err) ||
        !count(tx, &query, &page, err))
        return err_wrap(err, "could not list tickets");
    *ret = page;
    page = (struct ticket_page){ 0 };
    return true;
}

void ticket_page_done(struct ticket_page *page)
{
    ticket_rows_done(&page->rows);
    free(page->next_cursor);
    page->next_cursor = NULL;
}
