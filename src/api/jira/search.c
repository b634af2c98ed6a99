/*
 * api/jira/search: JQL, by the old road (startAt, total) and by the new one (nextPageToken).
 *
 * The same words come as a query or as a body.
 */
#include <string.h>

#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/jql.h"
#include "store/ticket_jql.h"

#define NAMES_MAX 64

struct search {
    const char *jql;
    const char *fields[NAMES_MAX];
    size_t n_fields;
    const char *expand[NAMES_MAX];
    size_t n_expand;
    const char *token;
    struct jira_paging paging;
    bool is_strict; /* a query that is wrong is an error, and no warning */
};

static bool reads_strictly(const char *text)
{
    return !text ||
           (!span_is_nocase(span_text(text), "false") && !span_is_nocase(span_text(text), "none") &&
               !span_is_nocase(span_text(text), "warn"));
}

static bool read_query(struct query *query, struct search *search, struct err *err)
{
    search->jql = query_text(query, "jql", JQL_TEXT_MAX);
    search->n_fields = query_list(query, "fields", search->fields, NAMES_MAX);
    search->n_expand = query_list(query, "expand", search->expand, NAMES_MAX);
    search->token = query_text(query, "nextPageToken", 4096);
    search->is_strict = reads_strictly(query_text(query, "validateQuery", 16));
    search->paging = jira_paging(query, 50, JIRA_PAGE_MAX);
    return query_end(query, err);
}

/* A list of texts, or one text with commas, which is cut in place of its copy. */
static size_t read_names(const struct json *value, const char **names, char **ret_copy)
{
    const char *text = json_as_text(value);
    size_t n = 0;

    for (size_t i = 0; i < json_list_size(value) && n < NAMES_MAX; i++) {
        const char *name = json_as_text(json_list_item(value, i));

        if (name)
            names[n++] = name;
    }
    if (!text)
        return n;
    *ret_copy = xstrdup(text);
    for (char *at = *ret_copy; at && n < NAMES_MAX;) {
        char *comma = strchr(at, ',');

        if (comma)
            *comma = '\0';
        if (*at)
            names[n++] = at;
        at = comma ? comma + 1 : NULL;
    }
    return n;
}

struct copies {
    char *fields;
    char *expand;
};

static void copies_done(struct copies *copies)
{
    free(copies->fields);
    free(copies->expand);
}
DEFINE_AUTODONE(copies);

static bool read_body(struct api_call *call, struct search *search, struct copies *copies,
    struct err *err)
{
    const struct json *body = call->json;
    const struct json *validate = json_member(body, "validateQuery");
    int64_t limit = json_as_i64(json_member(body, "maxResults"), 50);

    if (json_kind_of(body) != JSON_KIND_OBJECT)
        return fail(err, ERR_INVALID, "The body must be a JSON object.");
    search->jql = json_as_text(json_member(body, "jql"));
    search->n_fields = read_names(json_member(body, "fields"), search->fields, &copies->fields);
    search->n_expand = read_names(json_member(body, "expand"), search->expand, &copies->expand);
    search->token = json_as_text(json_member(body, "nextPageToken"));
    search->is_strict = json_kind_of(validate) == JSON_KIND_BOOL
                            ? json_as_bool(validate, true)
                            : reads_strictly(json_as_text(validate));
    search->paging.start_at = json_as_i64(json_member(body, "startAt"), 0);
    search->paging.limit = limit < 0 || limit > JIRA_PAGE_MAX ? JIRA_PAGE_MAX : limit;
    if (search->paging.start_at < 0 || search->paging.start_at > INT32_MAX)
        search->paging.start_at = 0;
    return true;
}

static bool read_search(struct api_call *call, struct query *query, struct search *search,
    struct copies *copies, struct err *err)
{
    return strcmp(call->route->method, "GET") == 0 ? read_query(query, search, err)
                                                   : read_body(call, search, copies, err);
}

static bool parse(struct api_call *call, const struct search *search, struct jql **ret,
    struct err *err)
{
    if (jql_parse(span_text(search->jql), ret, err))
        return true;
    call->status = 400;
    return false;
}

static bool write_issues(struct api_call *call, const struct search *search,
    const struct id_list *ids, const char *otherwise, struct err *err)
{
    autodone(jira_page) struct jira_page page = { 0 };

    jira_fields_read(&page.fields, search->fields, search->n_fields, otherwise);
    page.expand = jira_expand_read(search->expand, search->n_expand);
    unsigned for_all = page.expand & (JIRA_EXPAND_NAMES | JIRA_EXPAND_SCHEMA);

    page.expand &= ~for_all;
    if (!jira_page_load(call, &page, ids, err))
        return false;
    json_begin_array(&call->reply, "issues");
    for (size_t i = 0; i < page.tickets.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!jira_issue_write(call, &page, i, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    if (for_all & JIRA_EXPAND_NAMES)
        jira_names_write(call, "names");
    if (for_all & JIRA_EXPAND_SCHEMA)
        jira_schema_write(call, "schema");
    return true;
}

/* validateQuery=false: what is wrong with the query is a warning, and it finds nothing. */
static bool warn(struct api_call *call, const struct search *search, struct err *err)
{
    if (search->is_strict || err->kind != ERR_INVALID) {
        if (err->kind == ERR_INVALID || err->kind == ERR_LIMIT)
            call->status = 400;
        return false;
    }
    call->status = 200;
    json_i64(&call->reply, "startAt", search->paging.start_at);
    json_i64(&call->reply, "maxResults", search->paging.limit);
    json_i64(&call->reply, "total", 0);
    json_begin_array(&call->reply, "issues");
    json_end(&call->reply);
    json_begin_array(&call->reply, "warningMessages");
    json_str(&call->reply, NULL, err->msg);
    json_end(&call->reply);
    err_clear(err);
    return true;
}

/* A page that is not full says by itself how many there are. */
static bool find_total(struct api_call *call, const struct ticket_jql *question,
    const struct ticket_jql_page *page, int64_t *ret, struct err *err)
{
    if ((int64_t)page->ids.n < question->limit && (page->ids.n > 0 || question->start_at == 0)) {
        *ret = question->start_at + (int64_t)page->ids.n;
        return true;
    }
    return store_ticket_jql_count(call->tx, question, page->is_common, ret, err);
}

static bool find(struct api_call *call, const struct search *search, struct ticket_jql_page *page,
    int64_t *ret_total, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(jql) struct jql *jql = NULL;
    struct ticket_jql question = { .viewer = &viewer,
        .now = call->now,
        .start_at = search->paging.start_at,
        .limit = search->paging.limit };

    if (!parse(call, search, &jql, err))
        return false;
    question.jql = jql;
    return store_ticket_jql_page(call->tx, &question, page, err) &&
           find_total(call, &question, page, ret_total, err);
}

static bool search_old(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(copies) struct copies copies = { 0 };
    autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };
    struct search search = { 0 };
    int64_t total = 0;

    if (!read_search(call, query, &search, &copies, err))
        return false;
    if (!find(call, &search, &page, &total, err))
        return warn(call, &search, err);
    json_str(&call->reply, "expand", "schema,names");
    json_i64(&call->reply, "startAt", search.paging.start_at);
    json_i64(&call->reply, "maxResults", search.paging.limit);
    json_i64(&call->reply, "total", total);
    return write_issues(call, &search, &page.ids, "*navigable", err);
}

static bool search_new(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = jira_query(call);
    autodone(copies) struct copies copies = { 0 };
    autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };
    autofree(jql) struct jql *jql = NULL;
    struct search search = { 0 };

    if (!read_search(call, query, &search, &copies, err) || !parse(call, &search, &jql, err))
        return false;
    struct ticket_jql question = { .jql = jql,
        .viewer = &viewer,
        .now = call->now,
        .token = search.token,
        .limit = search.paging.limit ? search.paging.limit : 50 };

    if (!store_ticket_jql_page(call->tx, &question, &page, err)) {
        search.is_strict = true;
        return warn(call, &search, err);
    }
    json_bool(&call->reply, "isLast", !page.has_more);
    if (page.has_more)
        json_str(&call->reply, "nextPageToken", page.next_token);
    return write_issues(call, &search, &page.ids, "", err);
}

static bool search_count(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(copies) struct copies copies = { 0 };
    autofree(jql) struct jql *jql = NULL;
    struct search search = { 0 };
    int64_t n = 0;

    if (!read_body(call, &search, &copies, err) || !parse(call, &search, &jql, err))
        return false;
    struct ticket_jql question = { .jql = jql, .viewer = &viewer, .now = call->now, .limit = 0 };

    search.is_strict = true;
    if (!store_ticket_jql_count(call->tx, &question, false, &n, err))
        return warn(call, &search, err);
    json_i64(&call->reply, "count", n);
    return true;
}

/* Of an id or key that the caller does not see, or that is none, nothing is said. */
static bool add_seen(struct api_call *call, const char *key_or_id, struct id_list *ids,
    struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    if (!jira_ticket(call, key_or_id, ACTION_SEE, &ticket, err)) {
        if (err->kind != ERR_NOT_FOUND)
            return false;
        err_clear(err);
        return true;
    }
    if (!id_list_has(ids, ticket->id))
        id_list_add(ids, ticket->id);
    return true;
}

static bool fetch_many(struct api_call *call, struct err *err)
{
    const struct json *asked = json_member(call->json, "issueIdsOrKeys");
    autodone(copies) struct copies copies = { 0 };
    autodone(id_list) struct id_list ids = { 0 };
    struct search search = { 0 };
    char field[24];

    if (!read_body(call, &search, &copies, err))
        return false;
    if (json_list_size(asked) > JIRA_PAGE_MAX)
        return fail(err, ERR_INVALID, "The maximum number of issues is %d.", JIRA_PAGE_MAX);
    for (size_t i = 0; i < json_list_size(asked); i++) {
        const char *key_or_id = jira_as_id(json_list_item(asked, i), field);

        if (key_or_id && !add_seen(call, key_or_id, &ids, err))
            return false;
    }
    json_str(&call->reply, "expand", "schema,names");
    json_begin_array(&call->reply, "issueErrors");
    json_end(&call->reply);
    return write_issues(call, &search, &ids, "*navigable", err);
}

#define ROOT "/rest/api/{version}"
#define READ (API_READS | API_AT_ROOT)

const struct api_route jira_search_routes[] = {
    { "GET", ROOT "/search", ROLE_USER, READ, search_old, 0 },
    { "POST", ROOT "/search", ROLE_USER, READ, search_old, 0 },
    { "GET", ROOT "/search/jql", ROLE_USER, READ, search_new, 0 },
    { "POST", ROOT "/search/jql", ROLE_USER, READ, search_new, 0 },
    { "POST", ROOT "/search/approximate-count", ROLE_USER, READ, search_count, 0 },
    { "POST", ROOT "/issue/bulkfetch", ROLE_USER, READ, fetch_many, 0 },
    { 0 },
};
