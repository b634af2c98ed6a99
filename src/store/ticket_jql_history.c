/*
 * store/ticket_jql_history: WAS and CHANGED: conditions on what a field has been.
 *
 * A value is held from a change to the next one of the same field; the first from the ticket's
 * creation on. BEFORE, AFTER, ON and DURING cut a piece out of time, and WAS asks whether the value
 * was held at any moment of it, CHANGED whether the change was made in it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "core/jira.h"
#include "store/ticket_jql_term.h"

struct history {
    const struct jql_term *term;
    const char *field; /* as the history names it */
    int64_t from;      /* the piece of time, without its end */
    int64_t until;
    const struct jql_operand *by;        /* NULL: whoever */
    const struct jql_operand *values[2]; /* FROM and TO; NULL: whatever */
};

/* ---- which fields ---- */

static const char *field_name(enum jql_field field)
{
    switch (field) {
    case JQL_STATUS:
    case JQL_CATEGORY:
        return "status";
    case JQL_PRIORITY:
        return "priority";
    case JQL_ASSIGNEE:
        return "assignee";
    case JQL_REPORTER:
        return "reporter";
    case JQL_RESOLUTION:
        return "resolution";
    case JQL_PROJECT:
    case JQL_KEY:
    case JQL_TYPE:
    case JQL_LABELS:
    case JQL_SUMMARY:
    case JQL_DESCRIPTION:
    case JQL_COMMENT:
    case JQL_TEXT:
    case JQL_CREATED:
    case JQL_UPDATED:
    case JQL_DUE:
    case JQL_RESOLVED:
    case JQL_ATTACHMENTS:
    case JQL_WATCHER:
    case JQL_PROFILE:
    case JQL_CSR:
    case JQL_CERTIFICATE_ID:
    case JQL_EXPIRES:
    case JQL_DOMAIN:
    case N_JQL_FIELDS:
        break;
    }
    return NULL;
}

/* ---- values ---- */

static bool add_account(const struct history *history, int64_t id)
{
    select_add(history->term->build->select, "(SELECT a.name FROM account a WHERE a.id = ");
    select_i64(history->term->build->select, id);
    select_add(history->term->build->select, ")");
    return true;
}

/* Done is every resolution but the one of what was cancelled. */
static bool add_resolution(const struct history *history, const char *text)
{
    enum jira_resolution resolution;

    if (span_is_nocase(span_text(text), "unresolved")) {
        select_text(history->term->build->select, "");
        return true;
    }
    if (!jira_resolution_find(text, &resolution))
        return jql_fail_value(history->term, text);
    select_text(history->term->build->select, resolution == JIRA_DONE ? "done" : "cancelled");
    return true;
}

static bool add_text(const struct history *history, const char *text)
{
    struct select *select = history->term->build->select;
    struct jql_choice choice = { 0 };
    bool is_text = false;
    int64_t id = 0;

    if (history->term->field == JQL_RESOLUTION)
        return add_resolution(history, text);
    if (!jql_find_texts(history->term, text, &choice, &is_text))
        return false;
    if (!is_text)
        return jql_find_account(history->term, text, &id) && add_account(history, id);
    for (size_t i = 0; i < choice.n; i++) {
        if (i)
            select_add(select, ", ");
        select_text(select, choice.texts[i]);
    }
    return true;
}

static bool is_current_user(const struct jql_operand *operand)
{
    return operand->kind == JQL_FUNCTION && operand->n == 0 &&
           span_is_nocase(span_text(operand->text), "currentUser");
}

static bool add_value(const struct history *history, const struct jql_operand *operand)
{
    if (operand->kind == JQL_EMPTY) {
        select_text(history->term->build->select, "");
        return true;
    }
    if (is_current_user(operand))
        return add_account(history, history->term->build->query->viewer->account_id);
    if (operand->kind == JQL_FUNCTION)
        return jql_fail_function(history->term, operand);
    return add_text(history, operand->text);
}

/* " IN (…)" behind a side of a change. */
static bool add_values(const struct history *history, const struct jql_operand *operand)
{
    struct select *select = history->term->build->select;
    size_t n;
    const struct jql_operand *items = jql_operands(operand, &n);

    select_add(select, " IN (");
    for (size_t i = 0; i < n; i++) {
        if (i)
            select_add(select, ", ");
        if (!add_value(history, &items[i]))
            return false;
    }
    select_add(select, ")");
    return true;
}

/* ---- what stands in the database ---- */

static void add_present(struct select *select, enum jql_field field)
{
    if (field == JQL_PRIORITY)
        select_add(select, "t.priority");
    else if (field == JQL_RESOLUTION)
        select_add(select, "t.resolution");
    else if (field == JQL_ASSIGNEE)
        select_add(select,
            "coalesce((SELECT a.name FROM account a WHERE a.id = t.assignee_id), '')");
    else if (field == JQL_REPORTER)
        select_add(select,
            "coalesce((SELECT a.name FROM account a WHERE a.id = t.reporter_id), '')");
    else
        select_add(select, "t.status");
}

/* The first change of the field, as f. */
static void add_first(const struct history *history)
{
    struct select *select = history->term->build->select;

    select_add(select, " FROM ticket_change f WHERE f.ticket_id = t.id AND f.field = ");
    select_text(select, history->field);
    select_add(select, " ORDER BY f.id LIMIT 1)");
}

enum side { SIDE_OLD, SIDE_NEW, SIDE_FIRST };

static void add_side(const struct history *history, enum side side)
{
    struct select *select = history->term->build->select;
    bool is_resolution = history->term->field == JQL_RESOLUTION;

    if (is_resolution)
        select_add(select, "CASE ");
    if (side == SIDE_OLD) {
        select_add(select, "h.old_value");
    } else if (side == SIDE_NEW) {
        select_add(select, "h.new_value");
    } else {
        select_add(select, "coalesce((SELECT f.old_value");
        add_first(history);
        select_add(select, ", ");
        add_present(select, history->term->field);
        select_add(select, ")");
    }
    if (is_resolution)
        select_add(select, " WHEN '' THEN '' WHEN 'cancelled' THEN 'cancelled' ELSE 'done' END");
}

/* ---- who and when ---- */

static bool add_accounts(const struct history *history)
{
    const struct jql_term *term = history->term;
    struct select *select = term->build->select;
    size_t n;
    const struct jql_operand *items = jql_operands(history->by, &n);

    select_add(select, " IN (");
    for (size_t i = 0; i < n; i++) {
        int64_t id = term->build->query->viewer->account_id;

        if (items[i].kind == JQL_FUNCTION && !is_current_user(&items[i]))
            return jql_fail_function(term, &items[i]);
        if (items[i].kind == JQL_VALUE && !jql_find_account(term, items[i].text, &id))
            return false;
        if (items[i].kind == JQL_EMPTY)
            id = 0;
        if (i)
            select_add(select, ", ");
        select_i64(select, id);
    }
    select_add(select, ")");
    return true;
}

static bool read_during(struct history *history, const struct jql_operand *operand)
{
    const struct jql_term *term = history->term;
    int64_t from = 0;
    int64_t until = 0;

    if (operand->kind != JQL_LIST || operand->n != 2)
        return fail(term->build->err, ERR_INVALID,
            "Incorrect number of arguments for the predicate 'during'. Expected 2.");
    if (!jql_date_of(term, &operand->items[0], &from) ||
        !jql_date_of(term, &operand->items[1], &until))
        return false;
    history->from = from > history->from ? from : history->from;
    history->until = until < history->until ? until + 1 : history->until;
    return true;
}

static bool read_date(struct history *history, const struct jql_predicate *predicate)
{
    const char *word = predicate->word;
    int64_t at = 0;

    if (strcmp(word, "during") == 0)
        return read_during(history, &predicate->operand);
    if (!jql_date_of(history->term, &predicate->operand, &at))
        return false;
    int64_t from = INT64_MIN;
    int64_t until = INT64_MAX;

    if (strcmp(word, "after") == 0)
        from = at + 1;
    if (strcmp(word, "before") == 0)
        until = at;
    if (strcmp(word, "on") == 0) {
        from = at - ((at % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
        until = from + SECONDS_PER_DAY;
    }
    history->from = from > history->from ? from : history->from;
    history->until = until < history->until ? until : history->until;
    return true;
}

static bool read_predicates(struct history *history)
{
    const struct jql_node *node = history->term->node;

    for (size_t i = 0; i < node->n_predicates; i++) {
        const struct jql_predicate *predicate = &node->predicates[i];

        if (strcmp(predicate->word, "by") == 0)
            history->by = &predicate->operand;
        else if (strcmp(predicate->word, "from") == 0)
            history->values[0] = &predicate->operand;
        else if (strcmp(predicate->word, "to") == 0)
            history->values[1] = &predicate->operand;
        else if (!read_date(history, predicate))
            return false;
    }
    return true;
}

/* ---- conditions ---- */

/* BY whom it changed, or began, and the end of the condition. */
static bool add_by(const struct history *history, enum side side)
{
    struct select *select = history->term->build->select;

    if (history->by) {
        if (side == SIDE_FIRST)
            select_add(select, " AND coalesce(t.reporter_id, 0)");
        else
            select_add(select, " AND coalesce(h.actor_id, 0)");
        if (!add_accounts(history))
            return false;
    }
    select_add(select, ")");
    return true;
}

static bool add_changed(const struct history *history)
{
    struct select *select = history->term->build->select;

    select_add(select, "EXISTS (SELECT 1 FROM ticket_change h WHERE h.ticket_id = t.id"
                       " AND h.field = ");
    select_text(select, history->field);
    select_add(select, " AND h.created_at >= ");
    select_i64(select, history->from);
    select_add(select, " AND h.created_at < ");
    select_i64(select, history->until);
    for (int i = 0; i < 2; i++) {
        if (!history->values[i])
            continue;
        select_add(select, " AND ");
        add_side(history, i == 0 ? SIDE_OLD : SIDE_NEW);
        if (!add_values(history, history->values[i]))
            return false;
    }
    return add_by(history, SIDE_NEW);
}

/* It became so by a change, and was so until the next. */
static bool add_became(const struct history *history)
{
    struct select *select = history->term->build->select;

    select_add(select, "EXISTS (SELECT 1 FROM ticket_change h WHERE h.ticket_id = t.id"
                       " AND h.field = ");
    select_text(select, history->field);
    select_add(select, " AND h.created_at < ");
    select_i64(select, history->until);
    select_add(select, " AND coalesce((SELECT n.created_at FROM ticket_change n"
                       " WHERE n.ticket_id = h.ticket_id AND n.field = h.field AND n.id > h.id"
                       " ORDER BY n.id LIMIT 1), 9223372036854775807) > ");
    select_i64(select, history->from);
    select_add(select, " AND ");
    add_side(history, SIDE_NEW);
    if (!add_values(history, &history->term->node->operand))
        return false;
    return add_by(history, SIDE_NEW);
}

/* It was so from the beginning. */
static bool add_began(const struct history *history)
{
    struct select *select = history->term->build->select;

    select_add(select, "(t.created_at < ");
    select_i64(select, history->until);
    select_add(select, " AND coalesce((SELECT f.created_at");
    add_first(history);
    select_add(select, ", 9223372036854775807) > ");
    select_i64(select, history->from);
    select_add(select, " AND ");
    add_side(history, SIDE_FIRST);
    if (!add_values(history, &history->term->node->operand))
        return false;
    return add_by(history, SIDE_FIRST);
}

static bool add_was(const struct history *history)
{
    enum jql_operator op = history->term->node->op;
    struct select *select = history->term->build->select;

    if (op == JQL_WAS_NOT || op == JQL_WAS_NOT_IN)
        select_add(select, "NOT ");
    select_add(select, "(");
    if (!add_became(history))
        return false;
    select_add(select, " OR ");
    if (!add_began(history))
        return false;
    select_add(select, ")");
    return true;
}

bool jql_add_history(const struct jql_term *term)
{
    struct history history = { .term = term,
        .field = field_name(term->field),
        .from = INT64_MIN,
        .until = INT64_MAX };

    if (!history.field)
        return fail(term->build->err, ERR_INVALID,
            "History searches do not support the '%.100s' field.", term->node->field);
    if (!read_predicates(&history))
        return false;
    return term->node->op == JQL_CHANGED ? add_changed(&history) : add_was(&history);
}
