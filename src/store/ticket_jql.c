/*
 * store/ticket_jql: see the header.
 *
 * A page is looked up as ids alone, so that what is skipped costs little; who wants the rows reads
 * them by id. Where the order is that of one column that is never empty, a token holds that
 * column's last value and the next page begins there; otherwise it holds how many were seen.
 */
#include "store/ticket_jql.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/digest.h"
#include "codec/hex.h"
#include "store/cursor.h"
#include "store/kept_count.h"
#include "store/read.h"
#include "store/ticket_jql_term.h"
#include "store/ticket_sight.h"

#define SQL_BYTES_MAX (8u << 20)
#define SQL_VALUES_MAX 30000 /* SQLite takes 32,766 */

/* ---- conditions ---- */

static bool add_node(struct jql_build *build, const struct jql_node *node, bool is_negated);

/* Halves of halves, so that a thousand conditions are no tree a thousand deep. */
static bool add_row(struct jql_build *build, const struct jql_node *node, size_t from, size_t to,
    bool is_negated)
{
    if (to - from == 1)
        return add_node(build, node->children[from], is_negated);
    size_t middle = from + (to - from) / 2;

    select_add(build->select, "(");
    if (!add_row(build, node, from, middle, is_negated))
        return false;
    if ((node->kind == JQL_AND) != is_negated)
        select_add(build->select, " AND ");
    else
        select_add(build->select, " OR ");
    if (!add_row(build, node, middle, to, is_negated))
        return false;
    select_add(build->select, ")");
    return true;
}

/* NOT goes down to the terms: what it says of an empty field is said there. */
static bool add_negated(struct jql_build *build, const struct jql_node *node)
{
    static const struct {
        enum jql_operator op;
        enum jql_operator opposite;
    } opposites[] = { { JQL_EQUALS, JQL_NOT_EQUALS }, { JQL_IN, JQL_NOT_IN },
        { JQL_IS, JQL_IS_NOT }, { JQL_LIKE, JQL_NOT_LIKE } };
    struct jql_node term = *node;

    for (size_t i = 0; i < countof(opposites); i++) {
        if (node->op != opposites[i].op && node->op != opposites[i].opposite)
            continue;
        term.op = node->op == opposites[i].op ? opposites[i].opposite : opposites[i].op;
        return jql_add_term(build, &term);
    }
    select_add(build->select, "NOT (");
    if (!jql_add_term(build, node))
        return false;
    select_add(build->select, ")");
    return true;
}

static bool add_node(struct jql_build *build, const struct jql_node *node, bool is_negated)
{
    if (node->kind == JQL_NOT)
        return add_node(build, node->children[0], !is_negated);
    if (node->kind != JQL_TERM)
        return add_row(build, node, 0, node->n, is_negated);
    return is_negated ? add_negated(build, node) : jql_add_term(build, node);
}

static bool check_size(const struct select *select, struct err *err)
{
    if (select->n > SQL_VALUES_MAX || !buf_ok(&select->sql.text))
        return fail(err, ERR_LIMIT, "the JQL query asks for too much at once");
    return true;
}

static bool add_conditions(struct jql_build *build, const struct ticket_sight *sight)
{
    build->sees_few = sight->sees_few;
    ticket_sight_add(build->select, sight);
    if (build->query->jql->where) {
        select_add(build->select, " AND ");
        if (!add_node(build, build->query->jql->where, false))
            return false;
    }
    return check_size(build->select, build->err);
}

/* ---- order ---- */

struct order {
    enum jql_field fields[8];
    bool is_descending[8];
    size_t n;
    bool is_walk;    /* by one column that is never empty: pages can go on at its value */
    bool is_indexed; /* by columns that have an index */
};

/* Without an order the newest come first. */
static bool read_order(const struct ticket_jql *query, struct order *ret, struct err *err)
{
    const struct jql *jql = query->jql;

    if (jql->n_sorts > countof(ret->fields))
        return fail(err, ERR_LIMIT, "ORDER BY takes at most %zu fields", countof(ret->fields));
    for (size_t i = 0; i < jql->n_sorts; i++) {
        const struct jql_sort *sort = &jql->sorts[i];

        if (!jql_find_field(sort->field, sort->is_custom_field, sort->custom_field, &ret->fields[i],
                err))
            return false;
        ret->is_descending[i] = sort->direction == JQL_DESC;
    }
    ret->n = jql->n_sorts;
    if (ret->n == 0) {
        ret->fields[0] = JQL_KEY;
        ret->is_descending[0] = true;
        ret->n = 1;
    }
    if (ret->n == 1 && ret->fields[0] == JQL_PRIORITY) { /* among equals, as the index has them */
        ret->fields[1] = JQL_UPDATED;
        ret->is_descending[1] = ret->is_descending[0];
        ret->n = 2;
    }
    ret->is_walk = ret->n == 1 && (ret->fields[0] == JQL_KEY || ret->fields[0] == JQL_CREATED ||
                                      ret->fields[0] == JQL_UPDATED);
    ret->is_indexed = ret->is_walk || (ret->n == 2 && ret->fields[0] == JQL_PRIORITY &&
                                          ret->fields[1] == JQL_UPDATED &&
                                          ret->is_descending[0] == ret->is_descending[1]);
    return true;
}

static void add_order(struct select *select, const struct order *order,
    const struct ticket_sight *sight)
{
    bool is_descending = order->is_descending[order->n - 1];

    select_add(select, " ORDER BY ");
    for (size_t i = 0; i < order->n; i++) {
        /* "+" keeps SQLite from walking where few are seen. */
        if (sight->sees_few && order->is_walk)
            select_add(select, "+");
        jql_add_sort_column(select, order->fields[i]);
        if (order->is_descending[i])
            select_add(select, " DESC");
        select_add(select, ", ");
    }
    select_add(select, "t.id");
    if (is_descending)
        select_add(select, " DESC");
}

/* ---- pages ---- */

/*
 * A page is full of the first tickets in the order that meet the conditions. Where many do, the
 * first so many that there are need only be looked at; where they do not fill it, the database
 * finds its own way to all that there are.
 */
#define WALK 1000

/* A token fits one query: the same words in the same order. */
static void name_order(const struct jql *jql, struct cursor *cursor)
{
    autodone(buf) struct buf shown = BUF_INIT(1u << 20);
    uint8_t hash[SHA256_SIZE];

    jql_show(jql, &shown);
    digest_sha256(buf_span(&shown), hash);
    (void)hex_encode(span_of(hash, 8), cursor->order, sizeof cursor->order);
}

static void add_position(struct jql_build *build, const struct order *order,
    const struct cursor *from)
{
    select_add(build->select, " AND (");
    jql_add_sort_column(build->select, order->fields[0]);
    if (order->is_descending[0])
        select_add(build->select, ", t.id) < (");
    else
        select_add(build->select, ", t.id) > (");
    select_i64(build->select, from->number);
    select_add(build->select, ", ");
    select_i64(build->select, from->id);
    select_add(build->select, ")");
}

/* How a page is asked for. */
struct question {
    struct order order;
    struct ticket_sight sight;
    const struct cursor *from; /* NULL: from the beginning */
    int64_t skip;
};

static void add_limit(struct jql_build *build, const struct question *question)
{
    select_add(build->select, " LIMIT ");
    select_i64(build->select, build->query->limit + 1);
    if (question->skip) {
        select_add(build->select, " OFFSET ");
        select_i64(build->select, question->skip);
    }
}

/* The first in the order, and those of them that meet the conditions. */
static void add_walk(struct jql_build *build, const struct question *question)
{
    select_add(build->select, "(SELECT t.id AS walked_id FROM ticket t WHERE 1 = 1");
    if (question->from && question->order.is_walk)
        add_position(build, &question->order, question->from);
    add_order(build->select, &question->order, &question->sight);
    select_add(build->select, " LIMIT ");
    select_i64(build->select, WALK);
    select_add(build->select, ") AS w CROSS JOIN ticket t WHERE t.id = w.walked_id");
}

static bool build_page(struct jql_build *build, const struct question *question)
{
    const struct order *order = &question->order;

    select_add(build->select, "SELECT t.id, ");
    if (order->is_walk)
        jql_add_sort_column(build->select, order->fields[0]);
    else
        select_add(build->select, "0");
    select_add(build->select, " FROM ");
    if (build->walks)
        add_walk(build, question);
    else
        select_add(build->select, "ticket t WHERE 1 = 1");
    if (!add_conditions(build, &question->sight))
        return false;
    if (question->from && order->is_walk && !build->walks)
        add_position(build, order, question->from);
    add_order(build->select, order, &question->sight);
    add_limit(build, question);
    return true;
}

static bool run_page(struct jql_build *build, const struct question *question,
    struct ticket_jql_page *page, struct cursor *next)
{
    autofree(stmt) struct stmt *q = select_prepare(build->tx, build->select);

    page->has_more = false;
    page->ids.n = 0;
    while (stmt_next(q)) {
        if (page->ids.n == (size_t)build->query->limit) {
            page->has_more = true;
            break;
        }
        id_list_add(&page->ids, stmt_i64(q, 0));
        if (question->order.is_walk)
            next->number = stmt_i64(q, 1);
        next->id = stmt_i64(q, 0);
    }
    return stmt_end(q, build->err);
}

/* Read a page in the one way or the other. */
static bool try_page(struct tx *tx, const struct ticket_jql *query, const struct question *question,
    bool walks, struct ticket_jql_page *page, struct cursor *next, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    struct jql_build build = { .tx = tx,
        .query = query,
        .select = &select,
        .err = err,
        .walks = walks };

    select.sql.text.max = SQL_BYTES_MAX;
    return build_page(&build, question) && run_page(&build, question, page, next);
}

/* What has few tickets by its index is looked up at once. */
static bool is_narrow(const struct jql_node *node)
{
    enum jql_field field = N_JQL_FIELDS;
    struct err ignored = { 0 };

    if (node->kind == JQL_AND) {
        for (size_t i = 0; i < node->n; i++)
            if (is_narrow(node->children[i]))
                return true;
        return false;
    }
    if (node->kind != JQL_TERM || (node->op != JQL_EQUALS && node->op != JQL_IN) ||
        !jql_find_field(node->field, node->is_custom_field, node->custom_field, &field, &ignored))
        return false;
    return field == JQL_KEY || field == JQL_ASSIGNEE || field == JQL_LABELS || field == JQL_WATCHER;
}

static bool may_walk(struct tx *tx, const struct ticket_jql *query, const struct question *question)
{
    return !db_is_postgres(tx_db(tx)) && question->order.is_indexed && !question->sight.sees_few &&
           query->jql->where && !is_narrow(query->jql->where) &&
           question->skip + query->limit < WALK / 2;
}

static bool read_page(struct tx *tx, const struct ticket_jql *query,
    const struct question *question, struct ticket_jql_page *page, struct cursor *next,
    struct err *err)
{
    if (may_walk(tx, query, question)) {
        if (!try_page(tx, query, question, true, page, next, err))
            return false;
        page->is_common = page->has_more;
        if (page->is_common)
            return true;
    }
    return try_page(tx, query, question, false, page, next, err);
}

bool store_ticket_jql_page(struct tx *tx, const struct ticket_jql *query,
    struct ticket_jql_page *ret, struct err *err)
{
    autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };
    struct question question = { 0 };
    struct cursor next = { 0 };
    struct cursor from = { 0 };

    ASSERT(query->limit >= 0 && query->limit <= TICKET_JQL_PAGE_MAX);
    name_order(query->jql, &next);
    question.skip = query->start_at;
    if (query->token && *query->token) {
        if (!cursor_read(query->token, next.order, &from, err))
            return fail(err, ERR_INVALID, "the nextPageToken is not of this query");
        question.from = &from;
        question.skip = from.plan > 0 ? from.plan : 0;
    }
    next.plan = question.skip;
    if (!read_order(query, &question.order, err) ||
        !ticket_sight_plan(tx, query->viewer, &question.sight, err))
        return false;
    if (question.order.is_walk && question.from)
        question.skip = 0;
    if (!read_page(tx, query, &question, &page, &next, err))
        return false;
    next.plan += (int64_t)page.ids.n;
    page.next_token = page.has_more ? cursor_write(&next) : NULL;
    *ret = page;
    page = (struct ticket_jql_page){ 0 };
    return true;
}

void ticket_jql_page_done(struct ticket_jql_page *page)
{
    id_list_done(&page->ids);
    free(page->next_token);
    page->next_token = NULL;
}

/* ---- counts ---- */

bool store_ticket_jql_count(struct tx *tx, const struct ticket_jql *query, bool is_common,
    int64_t *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    struct jql_build build = { .tx = tx,
        .query = query,
        .select = &select,
        .err = err,
        .walks = is_common };
    struct ticket_sight sight;

    select.sql.text.max = SQL_BYTES_MAX;
    if (!ticket_sight_plan(tx, query->viewer, &sight, err))
        return false;
    select_add(&select, "SELECT count(*) FROM ticket t WHERE 1 = 1");
    return add_conditions(&build, &sight) && kept_count(tx, &select, ret, err);
}

bool store_ticket_jql_matches(struct tx *tx, const struct ticket_jql *query, int64_t ticket_id,
    bool *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    struct jql_build build = { .tx = tx, .query = query, .select = &select, .err = err };
    struct ticket_sight sight = { .viewer = query->viewer };
    autofree(stmt) struct stmt *q = NULL;
    int64_t n = 0;

    select.sql.text.max = SQL_BYTES_MAX;
    select_add(&select, "SELECT count(*) FROM ticket t WHERE t.id = ");
    select_i64(&select, ticket_id);
    if (!add_conditions(&build, &sight))
        return false;
    q = select_prepare(tx, &select);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > 0;
    return true;
}
