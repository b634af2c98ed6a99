/* api/jira/projects: where issues live, and the forms to make them with (createmeta, old and new).
 */
#include <string.h>

#include "api/jira/fields.h"
#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/project.h"

/* Tickets about an end are certdesk's own to make. */
static bool is_made_by_people(enum ticket_type type)
{
    return type != TICKET_CERTIFICATE_EXPIRY;
}

static bool find_project(struct project_rows *rows, const char *key_or_id,
    const struct project_row **ret, struct err *err)
{
    int64_t id = 0;
    bool is_id = parse_i64(span_text(key_or_id), 1, INT64_MAX, &id, NULL);

    for (size_t i = 0; i < rows->n; i++) {
        if (span_is_nocase(span_text(key_or_id), rows->items[i].key) ||
            (is_id && jira_project_id(rows->items[i].key) == id)) {
            *ret = &rows->items[i];
            return true;
        }
    }
    return fail(err, ERR_NOT_FOUND, "No project could be found with key '%.60s'.", key_or_id);
}

static void write_short(struct api_call *call, const struct project_row *row)
{
    jira_project_members(call, row->key, row->name);
    json_str(&call->reply, "projectTypeKey", "business");
    json_bool(&call->reply, "simplified", false);
}

static bool projects_list(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };

    if (!store_projects(call->tx, &rows, err))
        return false;
    jira_begin_list(call);
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_short(call, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++)
        if (span_is_nocase(span_slice(span_text(text), 0, strlen(part)), part))
            return true;
    return *part == '\0';
}

static bool projects_search(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(project_rows) struct project_rows rows = { 0 };
    const char *part = query_text(query, "query", 200);
    struct jira_paging paging = jira_paging(query, 50, JIRA_PAGE_MAX);
    int64_t n = 0;

    if (!query_end(query, err) || !store_projects(call->tx, &rows, err))
        return false;
    jira_self(call, "/project/search");
    json_begin_array(&call->reply, "values");
    for (size_t i = 0; i < rows.n; i++) {
        if (part && !contains(rows.items[i].key, part) && !contains(rows.items[i].name, part))
            continue;
        if (n++ < paging.start_at || n > paging.start_at + paging.limit)
            continue;
        json_begin_object(&call->reply, NULL);
        write_short(call, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    int64_t rest = n - paging.start_at;

    jira_write_paging(call, paging, n,
        (size_t)(rest < 0              ? 0
                 : rest < paging.limit ? rest
                                       : paging.limit));
    return true;
}

static void write_empty(struct api_call *call, const char *key)
{
    json_begin_array(&call->reply, key);
    json_end(&call->reply);
}

static bool projects_get(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };
    autodone(jira_people) struct jira_people people = { 0 };
    const struct project_row *row;

    if (!store_projects(call->tx, &rows, err) || !find_project(&rows, call->path_text, &row, err))
        return false;
    json_str(&call->reply, "expand", "description,lead,issueTypes,url,projectKeys");
    write_short(call, row);
    json_str(&call->reply, "description", "");
    if (!jira_user_write(call, &people, "lead", row->lead_id, err))
        return false;
    write_empty(call, "components");
    json_begin_array(&call->reply, "issueTypes");
    for (int i = 0; i < N_TICKET_TYPES; i++)
        jira_type_write(call, NULL, (enum ticket_type)i);
    json_end(&call->reply);
    write_empty(call, "versions");
    json_begin_object(&call->reply, "roles");
    json_end(&call->reply);
    json_str(&call->reply, "assigneeType", "UNASSIGNED");
    return true;
}

static bool projects_statuses(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };
    const struct project_row *row;

    if (!store_projects(call->tx, &rows, err) || !find_project(&rows, call->path_text, &row, err))
        return false;
    jira_begin_list(call);
    for (int t = 0; t < N_TICKET_TYPES; t++) {
        json_begin_object(&call->reply, NULL);
        jira_self(call, "/issuetype/%s", jira_type_id((enum ticket_type)t));
        json_str(&call->reply, "id", jira_type_id((enum ticket_type)t));
        json_str(&call->reply, "name", ticket_type_title((enum ticket_type)t));
        json_bool(&call->reply, "subtask", false);
        json_begin_array(&call->reply, "statuses");
        for (int s = 0; s < N_TICKET_STATUSES; s++)
            if (ticket_type_has_status((enum ticket_type)t, (enum ticket_status)s))
                jira_status_write(call, NULL, ticket_status_name((enum ticket_status)s));
        json_end(&call->reply);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool projects_none(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };
    const struct project_row *row;

    if (!store_projects(call->tx, &rows, err) || !find_project(&rows, call->path_text, &row, err))
        return false;
    jira_begin_list(call);
    json_end(&call->reply);
    return true;
}

static bool projects_no_page(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(project_rows) struct project_rows rows = { 0 };
    struct jira_paging paging = jira_paging(query, 50, JIRA_PAGE_MAX);
    const struct project_row *row;

    if (!query_end(query, err) || !store_projects(call->tx, &rows, err) ||
        !find_project(&rows, call->path_text, &row, err))
        return false;
    jira_write_paging(call, paging, 0, 0);
    json_begin_array(&call->reply, "values");
    json_end(&call->reply);
    return true;
}

/* ---- forms ---- */

struct wanted {
    const char *project_keys[20];
    size_t n_project_keys;
    const char *project_ids[20];
    size_t n_project_ids;
    const char *type_names[20];
    size_t n_type_names;
    const char *type_ids[20];
    size_t n_type_ids;
    bool has_fields;
};

static bool wants_project(const struct wanted *wanted, const struct project_row *row)
{
    int64_t id;

    for (size_t i = 0; i < wanted->n_project_keys; i++)
        if (span_is_nocase(span_text(wanted->project_keys[i]), row->key))
            return true;
    for (size_t i = 0; i < wanted->n_project_ids; i++)
        if (parse_i64(span_text(wanted->project_ids[i]), 0, INT64_MAX, &id, NULL) &&
            id == jira_project_id(row->key))
            return true;
    return wanted->n_project_keys == 0 && wanted->n_project_ids == 0;
}

static bool wants_type(const struct wanted *wanted, enum ticket_type type)
{
    enum ticket_type found;

    if (!is_made_by_people(type))
        return false;
    for (size_t i = 0; i < wanted->n_type_names; i++)
        if (jira_type_find(wanted->type_names[i], &found) && found == type)
            return true;
    for (size_t i = 0; i < wanted->n_type_ids; i++)
        if (strcmp(wanted->type_ids[i], jira_type_id(type)) == 0)
            return true;
    return wanted->n_type_names == 0 && wanted->n_type_ids == 0;
}

static bool write_form(struct api_call *call, enum ticket_type type, struct err *err)
{
    json_str(&call->reply, "expand", "fields");
    json_begin_object(&call->reply, "fields");
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        if (!jira_field_is_in(&jira_field_rows[i], true, type))
            continue;
        json_begin_object(&call->reply, jira_field_rows[i].id);
        if (!jira_field_meta(call, &jira_field_rows[i], true, type, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool write_forms(struct api_call *call, const struct wanted *wanted, struct err *err)
{
    json_begin_array(&call->reply, "issuetypes");
    for (int i = 0; i < N_TICKET_TYPES; i++) {
        if (!wants_type(wanted, (enum ticket_type)i))
            continue;
        json_begin_object(&call->reply, NULL);
        jira_type_members(call, (enum ticket_type)i);
        if (wanted->has_fields && !write_form(call, (enum ticket_type)i, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool createmeta_old(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(project_rows) struct project_rows rows = { 0 };
    struct wanted wanted = { 0 };
    const char *expand[10];

    wanted.n_project_keys = query_list(query, "projectKeys", wanted.project_keys, 20);
    wanted.n_project_ids = query_list(query, "projectIds", wanted.project_ids, 20);
    wanted.n_type_names = query_list(query, "issuetypeNames", wanted.type_names, 20);
    wanted.n_type_ids = query_list(query, "issuetypeIds", wanted.type_ids, 20);
    size_t n = query_list(query, "expand", expand, countof(expand));

    for (size_t i = 0; i < n; i++)
        wanted.has_fields =
            wanted.has_fields || strcmp(expand[i], "projects.issuetypes.fields") == 0;
    if (!query_end(query, err) || !store_projects(call->tx, &rows, err))
        return false;
    json_str(&call->reply, "expand", "projects");
    json_begin_array(&call->reply, "projects");
    for (size_t i = 0; i < rows.n; i++) {
        if (!wants_project(&wanted, &rows.items[i]))
            continue;
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "expand", "issuetypes");
        jira_project_members(call, rows.items[i].key, rows.items[i].name);
        if (!write_forms(call, &wanted, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static void write_types(struct api_call *call, const char *key)
{
    json_begin_array(&call->reply, key);
    for (int i = 0; i < N_TICKET_TYPES; i++)
        if (is_made_by_people((enum ticket_type)i))
            jira_type_write(call, NULL, (enum ticket_type)i);
    json_end(&call->reply);
}

/* Cloud says "issueTypes", Data Center "values". */
static bool createmeta_types(struct api_call *call, struct err *err)
{
    const struct jira_paging paging = { 0, 50 };
    autodone(project_rows) struct project_rows rows = { 0 };
    const struct project_row *row;

    if (!store_projects(call->tx, &rows, err) || !find_project(&rows, call->path_text, &row, err))
        return false;
    jira_write_paging(call, paging, 2, 2);
    write_types(call, "issueTypes");
    write_types(call, "values");
    return true;
}

static bool write_metas(struct api_call *call, const char *key, enum ticket_type type,
    struct err *err)
{
    json_begin_array(&call->reply, key);
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        if (!jira_field_is_in(&jira_field_rows[i], true, type))
            continue;
        json_begin_object(&call->reply, NULL);
        if (!jira_field_meta(call, &jira_field_rows[i], true, type, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool createmeta_fields(struct api_call *call, struct err *err)
{
    const struct jira_paging paging = { 0, 50 };
    autodone(project_rows) struct project_rows rows = { 0 };
    const struct project_row *row;
    enum ticket_type type;
    size_t n = 0;

    if (!store_projects(call->tx, &rows, err) || !find_project(&rows, call->path_text, &row, err))
        return false;
    if (!jira_type_find(call->path_other, &type) || !is_made_by_people(type))
        return fail(err, ERR_NOT_FOUND, "The issue type was not found in the project.");
    for (size_t i = 0; i < n_jira_field_rows; i++)
        n += jira_field_is_in(&jira_field_rows[i], true, type);
    jira_write_paging(call, paging, (int64_t)n, n);
    return write_metas(call, "fields", type, err) && write_metas(call, "values", type, err);
}

#define ROOT "/rest/api/{version}"
#define LIST (API_READS | API_AT_ROOT | API_REPLY_RAW)
#define READ (API_READS | API_AT_ROOT)

const struct api_route jira_project_routes[] = {
    { "GET", ROOT "/project", ROLE_USER, LIST, projects_list, 0 },
    { "GET", ROOT "/project/recent", ROLE_USER, LIST, projects_list, 0 },
    { "GET", ROOT "/project/search", ROLE_USER, READ, projects_search, 0 },
    { "GET", ROOT "/project/{key}", ROLE_USER, READ, projects_get, 0 },
    { "GET", ROOT "/project/{key}/statuses", ROLE_USER, LIST, projects_statuses, 0 },
    { "GET", ROOT "/project/{key}/components", ROLE_USER, LIST, projects_none, 0 },
    { "GET", ROOT "/project/{key}/versions", ROLE_USER, LIST, projects_none, 0 },
    { "GET", ROOT "/project/{key}/component", ROLE_USER, READ, projects_no_page, 0 },
    { "GET", ROOT "/project/{key}/version", ROLE_USER, READ, projects_no_page, 0 },
    { "GET", ROOT "/issue/createmeta", ROLE_USER, READ, createmeta_old, 0 },
    { "GET", ROOT "/issue/createmeta/{key}/issuetypes", ROLE_USER, READ, createmeta_types, 0 },
    { "GET", ROOT "/issue/createmeta/{key}/issuetypes/{other}", ROLE_USER, READ, createmeta_fields,
        0 },
    { 0 },
};
