/*
 * api/jira/language: what an editor of JQL asks: is this a query, whom does it find, what may stand
 * in it; and the labels there are.
 */
#include <string.h>

#include "api/jira/fields.h"
#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/err.h"
#include "base/parse.h"
#include "core/jql.h"
#include "store/ticket_jql.h"
#include "store/ticket_label.h"

#define QUERIES_MAX 50
#define IDS_MAX 1000

/* Read, and what it names looked up. */
static bool check_query(struct api_call *call, const char *text, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(jql) struct jql *jql = NULL;
    autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };

    if (!jql_parse(span_text(text), &jql, err))
        return false;
    const struct ticket_jql query = { .jql = jql, .viewer = &viewer, .now = call->now };

    return store_ticket_jql_page(call->tx, &query, &page, err);
}

static void write_errors(struct json_out *out, const struct err *err)
{
    json_begin_array(out, "errors");
    if (err->kind != ERR_NONE)
        json_str(out, NULL, err->msg);
    json_end(out);
}

static bool is_of_query(const struct err *err)
{
    return err->kind == ERR_NONE || err->kind == ERR_INVALID || err->kind == ERR_LIMIT;
}

/* ?validation=strict is meant, whatever is asked. */
static bool jql_check(struct api_call *call, struct err *err)
{
    const struct json *list = json_member(call->json, "queries");
    size_t n = json_list_size(list);

    if (n == 0 || n > QUERIES_MAX)
        return fail(err, ERR_INVALID, "'queries' must have 1 to %d queries.", QUERIES_MAX);
    json_begin_array(&call->reply, "queries");
    for (size_t i = 0; i < n; i++) {
        const char *text = json_as_text(json_list_item(list, i));
        struct err cause = { 0 };

        if (!check_query(call, text ? text : "", &cause) && !is_of_query(&cause)) {
            *err = cause;
            return false;
        }
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "query", text ? text : "");
        if (cause.kind != ERR_NONE)
            write_errors(&call->reply, &cause);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool write_found(struct api_call *call, const struct jql *jql, const struct json *ids,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    const struct ticket_jql query = { .jql = jql, .viewer = &viewer, .now = call->now };

    for (size_t i = 0; i < json_list_size(ids); i++) {
        int64_t id = json_as_i64(json_list_item(ids, i), 0);
        bool is_found = false;

        if (id < 1)
            continue;
        if (!store_ticket_jql_matches(call->tx, &query, id, &is_found, err))
            return false;
        if (is_found)
            json_i64(&call->reply, NULL, id);
    }
    return true;
}

static bool jql_match(struct api_call *call, struct err *err)
{
    const struct json *list = json_member(call->json, "jqls");
    const struct json *ids = json_member(call->json, "issueIds");

    if (json_list_size(list) > QUERIES_MAX || json_list_size(ids) > IDS_MAX)
        return fail(err, ERR_INVALID, "At most %d queries and %d issues are taken.", QUERIES_MAX,
            IDS_MAX);
    json_begin_array(&call->reply, "matches");
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *text = json_as_text(json_list_item(list, i));
        autofree(jql) struct jql *jql = NULL;
        struct err cause = { 0 };

        json_begin_object(&call->reply, NULL);
        json_begin_array(&call->reply, "matchedIssues");
        if (!(jql_parse(span_text(text ? text : ""), &jql, &cause) &&
                write_found(call, jql, ids, &cause)) &&
            !is_of_query(&cause)) {
            *err = cause;
            return false;
        }
        json_end(&call->reply);
        write_errors(&call->reply, &cause);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* ---- what may stand in a query ---- */

static void write_operators(struct json_out *out, const struct jira_field_row *row)
{
    bool is_text = strcmp(row->id, "summary") == 0 || strcmp(row->id, "description") == 0 ||
                   strcmp(row->id, "comment") == 0;
    bool is_date = strncmp(row->type, "date", 4) == 0;
    bool has_history = strcmp(row->id, "status") == 0 || strcmp(row->id, "assignee") == 0 ||
                       strcmp(row->id, "reporter") == 0 || strcmp(row->id, "priority") == 0 ||
                       strcmp(row->id, "resolution") == 0;

    if (is_text)
        json_split(out, "operators", "~|!~|is|is not", '|');
    else if (is_date)
        json_split(out, "operators", "=|!=|>|>=|<|<=|in|not in|is|is not", '|');
    else if (has_history)
        json_split(out, "operators",
            "=|!=|in|not in|is|is not|was|was in|was not|was not in|changed", '|');
    else
        json_split(out, "operators", "=|!=|in|not in|is|is not", '|');
}

static void write_field_names(struct json_out *out)
{
    json_begin_array(out, "visibleFieldNames");
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        const struct jira_field_row *row = &jira_field_rows[i];
        struct span rest = span_text(row->clauses);
        struct span clause;

        if (!row->clauses[0] || !span_split(&rest, ',', &clause))
            continue;
        json_begin_object(out, NULL);
        json_str_span(out, "value", clause);
        json_str(out, "displayName", row->name);
        json_str(out, "orderable", "true");
        json_str(out, "searchable", "true");
        json_str(out, "auto", "false");
        if (row->custom)
            json_str_span(out, "cfid", clause);
        write_operators(out, row);
        json_split(out, "types", row->type, '|');
        json_end(out);
    }
    json_end(out);
}

static void write_functions(struct json_out *out)
{
    static const struct {
        const char *name;
        const char *type;
        bool is_list;
    } functions[] = { { "currentUser()", "user", false }, { "membersOf(\"\")", "user", true },
        { "now()", "date", false }, { "currentLogin()", "date", false },
        { "startOfDay()", "date", false }, { "startOfWeek()", "date", false },
        { "startOfMonth()", "date", false }, { "startOfYear()", "date", false },
        { "endOfDay()", "date", false }, { "endOfWeek()", "date", false },
        { "endOfMonth()", "date", false }, { "endOfYear()", "date", false },
        { "issueHistory()", "issue", true }, { "watchedIssues()", "issue", true } };

    json_begin_array(out, "visibleFunctionNames");
    for (size_t i = 0; i < countof(functions); i++) {
        json_begin_object(out, NULL);
        json_str(out, "value", functions[i].name);
        json_str(out, "displayName", functions[i].name);
        if (functions[i].is_list)
            json_str(out, "isList", "true");
        json_split(out, "types", functions[i].type, '|');
        json_end(out);
    }
    json_end(out);
}

static bool jql_words(struct api_call *call, struct err *err)
{
    (void)err;
    write_field_names(&call->reply);
    write_functions(&call->reply);
    json_split(&call->reply, "jqlReservedWords",
        "and|or|not|in|is|was|changed|empty|null|order|by|asc|desc|after|before|during|on|from|to",
        '|');
    return true;
}

static bool jql_suggestions(struct api_call *call, struct err *err)
{
    (void)err;
    json_begin_array(&call->reply, "results");
    json_end(&call->reply);
    return true;
}

/* ---- labels ---- */

static void write_label(void *context, const char *label)
{
    json_str(context, NULL, label);
}

static bool labels_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = jira_query(call);
    struct jira_paging paging = jira_paging(query, 1000, 1000);
    int64_t total = 0;

    if (!query_end(query, err) || !store_ticket_labels_count(call->tx, &viewer, &total, err))
        return false;
    int64_t rest = total > paging.start_at ? total - paging.start_at : 0;

    jira_write_paging(call, paging, total, (size_t)(rest < paging.limit ? rest : paging.limit));
    json_begin_array(&call->reply, "values");
    if (!store_ticket_labels(call->tx, &viewer, paging.start_at, paging.limit, write_label,
            &call->reply, err))
        return false;
    json_end(&call->reply);
    return true;
}

#define ROOT "/rest/api/{version}"
#define READ (API_READS | API_AT_ROOT)

const struct api_route jira_language_routes[] = {
    { "POST", ROOT "/jql/parse", ROLE_USER, READ, jql_check, 0 },
    { "POST", ROOT "/jql/match", ROLE_USER, READ, jql_match, 0 },
    { "GET", ROOT "/jql/autocompletedata", ROLE_USER, READ, jql_words, 0 },
    { "GET", ROOT "/jql/autocompletedata/suggestions", ROLE_USER, READ, jql_suggestions, 0 },
    { "GET", ROOT "/label", ROLE_USER, READ, labels_list, 0 },
    { 0 },
};
