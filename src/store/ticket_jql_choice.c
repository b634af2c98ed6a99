/*
 * store/ticket_jql_choice: conditions on what is one of several: a status, a person, a project.
 *
 * A column and a set of values, joined by OR; "NOT" before it where the operator is negative.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "core/jira.h"
#include "core/rows_account.h"
#include "store/account.h"
#include "store/group.h"
#include "store/profile.h"
#include "store/read.h"
#include "store/ticket_jql_term.h"

bool jql_fail_value(const struct jql_term *term, const char *text)
{
    return fail(term->build->err, ERR_INVALID,
        "The value '%.100s' does not exist for the field '%.100s'.", text, term->node->field);
}

bool jql_fail_operator(const struct jql_term *term)
{
    return fail(term->build->err, ERR_INVALID,
        "The operator '%s' is not supported by the '%.100s' field.",
        jql_operator_text(term->node->op), term->node->field);
}

bool jql_fail_function(const struct jql_term *term, const struct jql_operand *function)
{
    return fail(term->build->err, ERR_INVALID,
        "Unable to find JQL function '%.100s()' for the field '%.100s'.", function->text,
        term->node->field);
}

bool jql_is_negative(const struct jql_node *node)
{
    return node->op == JQL_NOT_EQUALS || node->op == JQL_NOT_IN || node->op == JQL_IS_NOT ||
           node->op == JQL_NOT_LIKE;
}

static bool is_person(enum jql_field field)
{
    return field == JQL_ASSIGNEE || field == JQL_REPORTER || field == JQL_WATCHER;
}

bool jql_is_comparison(const struct jql_node *node)
{
    return node->op >= JQL_LESS && node->op <= JQL_GREATER_EQUALS;
}

const struct jql_operand *jql_operands(const struct jql_operand *operand, size_t *ret_n)
{
    if (operand->kind == JQL_LIST) {
        *ret_n = operand->n;
        return operand->items;
    }
    *ret_n = 1;
    return operand;
}

bool jql_find_account(const struct jql_term *term, const char *text, int64_t *ret)
{
    struct jql_build *build = term->build;
    autofree(account_row) struct account_row *account = NULL;

    if (jira_user_id(text, ret))
        return true;
    if (!store_account_find(build->tx, text, &account, build->err) ||
        (!account && strchr(text, '@') &&
            !store_account_find_by_mail(build->tx, text, &account, build->err)))
        return false;
    if (!account && span_is_nocase(span_text(text), "certdesk")) {
        *ret = 0;
        return true;
    }
    if (!account)
        return jql_fail_value(term, text);
    *ret = account->id;
    return true;
}

static bool jql_find_project(const struct jql_term *term, const char *text, char **ret)
{
    autofree(stmt) struct stmt *q = tx_prepare(term->build->tx,
        "SELECT key FROM project WHERE key = upper($1) OR lower(name) = lower($1)");
    autofree(str) char *key = NULL;

    stmt_bind_text(q, 1, text);
    while (stmt_next(q))
        str_set(&key, stmt_text(q, 0));
    if (!stmt_end(q, term->build->err))
        return false;
    if (!key)
        return jql_fail_value(term, text);
    *ret = take(&key);
    return true;
}

static bool find_statuses(const struct jql_term *term, const char *text, struct jql_choice *ret)
{
    enum status_category category;
    enum ticket_status status;

    if (term->field == JQL_STATUS) {
        if (!jira_status_find(text, &status))
            return jql_fail_value(term, text);
        ret->texts[ret->n++] = ticket_status_name(status);
        return true;
    }
    if (!jira_category_find(text, &category))
        return jql_fail_value(term, text);
    for (size_t i = 0; i < N_TICKET_STATUSES; i++)
        if (ticket_status_category((enum ticket_status)i) == category)
            ret->texts[ret->n++] = ticket_status_name((enum ticket_status)i);
    return true;
}

static bool find_profile(const struct jql_term *term, const char *text, int64_t *ret)
{
    autofree(profile_row) struct profile_row *profile = NULL;

    if (parse_i64(span_text(text), 1, INT64_MAX, ret, NULL))
        return true;
    if (!store_profile_find(term->build->tx, text, &profile, term->build->err))
        return false;
    if (!profile)
        return jql_fail_value(term, text);
    *ret = profile->id;
    return true;
}

/* ---- choices ---- */

/* membersOf("group"): who is in a group is for those in it, and for who sees all. */
static bool add_members(const struct jql_term *term, const struct jql_operand *function)
{
    struct jql_build *build = term->build;
    const char *name = function->n == 1 ? function->items[0].text : "";
    autofree(group_row) struct group_row *group = NULL;
    struct err err = { 0 };

    if (!store_group_get(build->tx, name, build->query->viewer->account_id, &group, &err) ||
        (!group->is_mine && !build->query->viewer->sees_all))
        return fail(build->err, ERR_INVALID,
            "Function 'membersOf' can not generate a list of usernames for group '%.100s'; the "
            "group does not exist.",
            name);
    if (term->field == JQL_REPORTER)
        select_add(build->select, "t.reporter_id");
    else
        jql_add_column(build->select, term->field);
    select_add(build->select,
        " IN (SELECT gm.account_id FROM group_member gm WHERE gm.group_id = ");
    select_i64(build->select, group->id);
    select_add(build->select, ")");
    return true;
}

static bool add_person(const struct jql_term *term, int64_t id)
{
    struct select *select = term->build->select;

    if (term->field == JQL_WATCHER) {
        select_add(select, "EXISTS (SELECT 1 FROM ticket_watcher o WHERE o.ticket_id = t.id"
                           " AND o.account_id = ");
        select_i64(select, id);
        select_add(select, ")");
        return true;
    }
    if (term->field == JQL_REPORTER && id) /* its index */
        select_add(select, "t.reporter_id");
    else
        jql_add_column(select, term->field);
    select_add(select, " = ");
    select_i64(select, id);
    return true;
}

static bool add_texts(const struct jql_term *term, const struct jql_choice *choice)
{
    struct select *select = term->build->select;

    jql_add_column(select, term->field);
    if (term->build->sees_few)
        select_add(select, " || ''");
    select_add(select, " IN (");
    for (size_t i = 0; i < choice->n; i++) {
        if (i)
            select_add(select, ", ");
        select_text(select, choice->texts[i]);
    }
    select_add(select, ")");
    return true;
}

static bool add_label(const struct jql_term *term, const char *label)
{
    autofree(str) char *folded = text_fold(label);

    select_add(term->build->select,
        "t.id IN (SELECT o.ticket_id FROM ticket_label o WHERE o.label = ");
    select_text(term->build->select, folded);
    select_add(term->build->select, ")");
    return true;
}

bool jql_add_number(const struct jql_term *term, int64_t number)
{
    jql_add_column(term->build->select, term->field);
    select_add(term->build->select, " = ");
    select_i64(term->build->select, number);
    return true;
}

bool jql_find_texts(const struct jql_term *term, const char *text, struct jql_choice *ret,
    bool *ret_known)
{
    enum ticket_type type;
    enum priority priority;

    *ret_known = true;
    if (term->field == JQL_STATUS || term->field == JQL_CATEGORY)
        return find_statuses(term, text, ret);
    if (term->field == JQL_TYPE) {
        if (!jira_type_find(text, &type))
            return jql_fail_value(term, text);
        ret->texts[ret->n++] = ticket_type_name(type);
        return true;
    }
    if (term->field == JQL_PRIORITY) {
        if (!jira_priority_find(text, &priority))
            return jql_fail_value(term, text);
        ret->texts[ret->n++] = priority_name(priority);
        return true;
    }
    *ret_known = false;
    return true;
}

static bool add_project(const struct jql_term *term, const char *text)
{
    struct jql_choice choice = { .n = 1 };
    autofree(str) char *key = NULL;

    if (!jql_find_project(term, text, &key))
        return false;
    choice.texts[0] = key;
    return add_texts(term, &choice);
}

static bool add_choice_value(const struct jql_term *term, const char *text)
{
    struct jql_choice choice = { 0 };
    enum jira_resolution resolution;
    bool is_text = false;
    int64_t id;

    if (term->field == JQL_PROJECT)
        return add_project(term, text);
    if (term->field == JQL_LABELS)
        return add_label(term, text);
    if (term->field == JQL_PROFILE)
        return find_profile(term, text, &id) && jql_add_number(term, id);
    if (term->field == JQL_RESOLUTION) {
        if (!jira_resolution_find(text, &resolution))
            return jql_fail_value(term, text);
        if (!jql_is_negative(term->node))
            select_add(term->build->select, "t.resolved_at IS NOT NULL AND ");
        return jql_add_number(term, resolution);
    }
    if (!jql_find_texts(term, text, &choice, &is_text))
        return false;
    if (is_text)
        return add_texts(term, &choice);
    return jql_find_account(term, text, &id) && add_person(term, id);
}

void jql_add_is_empty(const struct jql_term *term)
{
    if (term->field == JQL_RESOLUTION) /* its index */
        jql_add_column(term->build->select, JQL_RESOLVED);
    else
        jql_add_column(term->build->select, term->field);
    select_add(term->build->select, " IS NULL");
}

static bool add_choice_operand(const struct jql_term *term, const struct jql_operand *operand)
{
    if (operand->kind == JQL_EMPTY ||
        (term->field == JQL_RESOLUTION && operand->kind == JQL_VALUE &&
            span_is_nocase(span_text(operand->text), "unresolved"))) {
        jql_add_is_empty(term);
        return true;
    }
    if (operand->kind == JQL_VALUE)
        return add_choice_value(term, operand->text);
    if (operand->kind == JQL_FUNCTION && is_person(term->field)) {
        if (span_is_nocase(span_text(operand->text), "currentUser") && operand->n == 0)
            return add_person(term, term->build->query->viewer->account_id);
        if (span_is_nocase(span_text(operand->text), "membersOf"))
            return add_members(term, operand);
    }
    if (operand->kind == JQL_FUNCTION)
        return jql_fail_function(term, operand);
    return fail(term->build->err, ERR_INVALID, "A list may not stand within a list.");
}

/* One after the other, joined by OR, in halves of halves. */
static bool add_operands(const struct jql_term *term, const struct jql_operand *items, size_t n,
    bool (*add)(const struct jql_term *term, const struct jql_operand *operand))
{
    if (n == 1)
        return add(term, items);
    select_add(term->build->select, "(");
    if (!add_operands(term, items, n / 2, add))
        return false;
    select_add(term->build->select, " OR ");
    if (!add_operands(term, items + n / 2, n - n / 2, add))
        return false;
    select_add(term->build->select, ")");
    return true;
}

bool jql_add_set(const struct jql_term *term,
    bool (*add)(const struct jql_term *term, const struct jql_operand *operand))
{
    size_t n;
    const struct jql_operand *items = jql_operands(&term->node->operand, &n);

    if (jql_is_negative(term->node))
        select_add(term->build->select, "NOT ");
    select_add(term->build->select, "(");
    if (!add_operands(term, items, n, add))
        return false;
    select_add(term->build->select, ")");
    return true;
}

/* All that there can be of a field whose values are ours. */
static size_t universe(enum jql_field field, const char *names[static N_TICKET_STATUSES])
{
    size_t n = field == JQL_TYPE       ? (size_t)N_TICKET_TYPES
               : field == JQL_PRIORITY ? (size_t)PRIORITY_HIGHEST + 1
                                       : (size_t)N_TICKET_STATUSES;

    for (size_t i = 0; i < n; i++)
        names[i] = field == JQL_TYPE       ? ticket_type_name((enum ticket_type)i)
                   : field == JQL_PRIORITY ? priority_name((enum priority)i)
                                           : ticket_status_name((enum ticket_status)i);
    return n;
}

static bool is_chosen(const struct jql_choice *choice, const char *name)
{
    for (size_t i = 0; i < choice->n; i++)
        if (strcmp(choice->texts[i], name) == 0)
            return true;
    return false;
}

/* "!=" is "=" of all others, which has an index. Such a field is never empty. */
static bool add_closed_set(const struct jql_term *term)
{
    const char *names[N_TICKET_STATUSES];
    bool chosen[N_TICKET_STATUSES] = { 0 };
    struct jql_choice result = { 0 };
    size_t n;
    const struct jql_operand *items = jql_operands(&term->node->operand, &n);
    size_t n_names = universe(term->field, names);

    for (size_t i = 0; i < n; i++) {
        struct jql_choice one = { 0 };
        bool is_known = true;

        if (items[i].kind == JQL_FUNCTION)
            return jql_fail_function(term, &items[i]);
        if (items[i].kind == JQL_VALUE && !jql_find_texts(term, items[i].text, &one, &is_known))
            return false;
        for (size_t j = 0; j < n_names; j++)
            chosen[j] = chosen[j] || is_chosen(&one, names[j]);
    }
    for (size_t j = 0; j < n_names; j++)
        if (chosen[j] != jql_is_negative(term->node))
            result.texts[result.n++] = names[j];
    if (result.n == 0 || result.n == n_names) {
        if (result.n)
            select_add(term->build->select, "1 = 1");
        else
            select_add(term->build->select, "1 = 0");
        return true;
    }
    return add_texts(term, &result);
}

/* Where one condition is all there is: one project named, and there is but one. */
static bool covers_everything(const struct jql_term *term, bool *ret)
{
    autofree(stmt) struct stmt *q = NULL;
    autofree(str) char *key = NULL;
    int64_t n_others = 1;

    *ret = false;
    if (term->field != JQL_PROJECT || term->node->op != JQL_EQUALS ||
        term->node->operand.kind != JQL_VALUE)
        return true;
    if (!jql_find_project(term, term->node->operand.text, &key))
        return false;
    q = tx_prepare(term->build->tx, "SELECT count(*) FROM project WHERE key <> $1");
    stmt_bind_text(q, 1, key);
    if (!read_number(q, &n_others, term->build->err))
        return false;
    *ret = n_others == 0;
    return true;
}

bool jql_add_choice(const struct jql_term *term)
{
    bool is_all = false;

    if (term->node->op == JQL_LIKE || term->node->op == JQL_NOT_LIKE ||
        jql_is_comparison(term->node))
        return jql_fail_operator(term);
    if (!covers_everything(term, &is_all))
        return false;
    if (is_all) {
        select_add(term->build->select, "1 = 1");
        return true;
    }
    if (term->field == JQL_TYPE || term->field == JQL_STATUS || term->field == JQL_CATEGORY ||
        term->field == JQL_PRIORITY)
        return add_closed_set(term);
    if (term->field == JQL_LABELS && jql_is_negative(term->node))
        select_add(term->build->select, "t.labels <> '' AND ");
    return jql_add_set(term, add_choice_operand);
}

/* "priority > Low": all that are above. */
bool jql_add_ranked(const struct jql_term *term)
{
    struct jql_choice choice = { 0 };
    enum priority than;

    if (!jql_is_comparison(term->node))
        return jql_add_choice(term);
    if (term->node->operand.kind != JQL_VALUE ||
        !jira_priority_find(term->node->operand.text, &than))
        return jql_fail_value(term, term->node->operand.text ? term->node->operand.text : "EMPTY");
    for (size_t i = PRIORITY_LOWEST; i <= PRIORITY_HIGHEST; i++) {
        enum jql_operator op = term->node->op;

        if (op == JQL_LESS          ? i < than
            : op == JQL_GREATER     ? i > than
            : op == JQL_LESS_EQUALS ? i <= than
                                    : i >= than)
            choice.texts[choice.n++] = priority_name((enum priority)i);
    }
    if (choice.n == 0) {
        select_add(term->build->select, "1 = 0");
        return true;
    }
    return add_texts(term, &choice);
}
