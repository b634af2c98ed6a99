/*
 * api/jira/lists: what there is to choose from: fields, types, statuses, priorities, resolutions;
 * and what the server is.
 */
#include <stdio.h>
#include <string.h>

#include "api/jira/fields.h"
#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/err.h"

/* What a Data Center of that version speaks is what is spoken here. */
#define JIRA_VERSION "9.12.0"

static bool server_info(struct api_call *call, struct err *err)
{
    struct json_out *out = &call->reply;
    autodone(buf) struct buf url = BUF_INIT(16384);

    (void)err;
    jira_add_root(call, &url);
    json_str(out, "baseUrl", buf_text(&url));
    json_str(out, "version", JIRA_VERSION);
    json_begin_array(out, "versionNumbers");
    json_i64(out, NULL, 9);
    json_i64(out, NULL, 12);
    json_i64(out, NULL, 0);
    json_end(out);
    json_str(out, "deploymentType", "Server");
    json_i64(out, "buildNumber", 912000);
    json_str(out, "buildDate", "2023-11-29T00:00:00.000+0000");
    jira_time(out, "serverTime", call->now);
    json_str(out, "scmInfo", "certdesk " CERTDESK_VERSION);
    json_str(out, "serverTitle", "certdesk");
    return true;
}

static bool fields_list(struct api_call *call, struct err *err)
{
    struct json_out *out = &call->reply;

    (void)err;
    jira_begin_list(call);
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        const struct jira_field_row *row = &jira_field_rows[i];

        json_begin_object(out, NULL);
        json_str(out, "id", row->id);
        json_str(out, "key", row->id);
        json_str(out, "name", row->name);
        json_bool(out, "custom", row->custom != NULL);
        json_bool(out, "orderable", row->forms != JIRA_FORM_NONE);
        json_bool(out, "navigable", true);
        json_bool(out, "searchable", row->clauses[0] != '\0');
        json_split(out, "clauseNames", row->clauses, ',');
        jira_field_schema(out, "schema", row);
        json_end(out);
    }
    json_end(out);
    return true;
}

static bool types_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    for (int i = 0; i < N_TICKET_TYPES; i++)
        jira_type_write(call, NULL, (enum ticket_type)i);
    json_end(&call->reply);
    return true;
}

static bool types_get(struct api_call *call, struct err *err)
{
    enum ticket_type type;

    if (!jira_type_find(call->path_text, &type))
        return fail(err, ERR_NOT_FOUND, "The issue type was not found.");
    jira_type_members(call, type);
    return true;
}

static bool statuses_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    for (int i = 0; i < N_TICKET_STATUSES; i++)
        jira_status_write(call, NULL, ticket_status_name((enum ticket_status)i));
    json_end(&call->reply);
    return true;
}

static bool statuses_get(struct api_call *call, struct err *err)
{
    enum ticket_status status;

    if (!jira_status_find(call->path_text, &status))
        return fail(err, ERR_NOT_FOUND, "The status was not found.");
    jira_status_write(call, NULL, ticket_status_name(status));
    return true;
}

static bool categories_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    for (int i = CATEGORY_NEW; i <= CATEGORY_DONE; i++)
        jira_category_write(call, NULL, (enum status_category)i);
    json_end(&call->reply);
    return true;
}

static void write_priority(struct api_call *call, enum priority priority, bool shows_default)
{
    static const char *const colours[] = { "#999999", "#57a55a", "#ea7d24", "#cd1317", "#8b0000" };

    json_begin_object(&call->reply, NULL);
    jira_self(call, "/priority/%s", jira_priority_id(priority));
    json_str(&call->reply, "statusColor", colours[priority]);
    json_str(&call->reply, "description", "");
    jira_link(call, "iconUrl", "/favicon.svg");
    json_str(&call->reply, "name", jira_priority_title(priority));
    json_str(&call->reply, "id", jira_priority_id(priority));
    if (shows_default)
        json_bool(&call->reply, "isDefault", priority == PRIORITY_MEDIUM);
    json_end(&call->reply);
}

/* What the list holds that was begun, and its end. */
static void write_priorities(struct api_call *call, bool shows_default)
{
    for (int i = PRIORITY_HIGHEST; i >= PRIORITY_LOWEST; i--)
        write_priority(call, (enum priority)i, shows_default);
    json_end(&call->reply);
}

static bool priorities_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    write_priorities(call, false);
    return true;
}

static bool priorities_get(struct api_call *call, struct err *err)
{
    enum priority priority;

    if (!jira_priority_find(call->path_text, &priority))
        return fail(err, ERR_NOT_FOUND, "The priority was not found.");
    write_priority(call, priority, false);
    return true;
}

static bool priorities_search(struct api_call *call, struct err *err)
{
    const struct jira_paging paging = { 0, 50 };

    (void)err;
    jira_write_paging(call, paging, PRIORITY_HIGHEST + 1, PRIORITY_HIGHEST + 1);
    json_begin_array(&call->reply, "values");
    write_priorities(call, true);
    return true;
}

static void write_resolutions(struct api_call *call)
{
    for (int i = 0; i < N_JIRA_RESOLUTIONS; i++)
        jira_resolution_write(call, NULL, (enum jira_resolution)i);
    json_end(&call->reply);
}

static bool resolutions_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    write_resolutions(call);
    return true;
}

static bool resolutions_search(struct api_call *call, struct err *err)
{
    const struct jira_paging paging = { 0, 50 };

    (void)err;
    jira_write_paging(call, paging, N_JIRA_RESOLUTIONS, N_JIRA_RESOLUTIONS);
    json_begin_array(&call->reply, "values");
    write_resolutions(call);
    return true;
}

static bool configuration_get(struct api_call *call, struct err *err)
{
    static const char *const off[] = { "votingEnabled", "unassignedIssuesAllowed",
        "subTasksEnabled", "issueLinkingEnabled", "timeTrackingEnabled" };

    (void)err;
    for (size_t i = 0; i < countof(off); i++)
        json_bool(&call->reply, off[i], i == 1);
    json_bool(&call->reply, "watchingEnabled", true);
    json_bool(&call->reply, "attachmentsEnabled", true);
    return true;
}

static bool resolutions_get(struct api_call *call, struct err *err)
{
    enum jira_resolution resolution;

    if (!jira_resolution_find(call->path_text, &resolution))
        return fail(err, ERR_NOT_FOUND, "The resolution was not found.");
    jira_resolution_write(call, NULL, resolution);
    return true;
}

static bool categories_get(struct api_call *call, struct err *err)
{
    enum status_category category;

    if (!jira_category_find(call->path_text, &category))
        return fail(err, ERR_NOT_FOUND, "The status category was not found.");
    jira_category_write(call, NULL, category);
    return true;
}

#define ROOT "/rest/api/{version}"
#define LIST (API_READS | API_AT_ROOT | API_REPLY_RAW)
#define READ (API_READS | API_AT_ROOT)

const struct api_route jira_list_routes[] = {
    { "GET", ROOT "/serverInfo", ROLE_PUBLIC, READ, server_info, 0 },
    { "GET", ROOT "/field", ROLE_USER, LIST, fields_list, 0 },
    { "GET", ROOT "/issuetype", ROLE_USER, LIST, types_list, 0 },
    { "GET", ROOT "/issuetype/project", ROLE_USER, LIST, types_list, 0 },
    { "GET", ROOT "/issuetype/{name}", ROLE_USER, READ, types_get, 0 },
    { "GET", ROOT "/status", ROLE_USER, LIST, statuses_list, 0 },
    { "GET", ROOT "/status/{name}", ROLE_USER, LIST, statuses_get, 0 },
    { "GET", ROOT "/statuscategory", ROLE_USER, LIST, categories_list, 0 },
    { "GET", ROOT "/statuscategory/{name}", ROLE_USER, LIST, categories_get, 0 },
    { "GET", ROOT "/priority", ROLE_USER, LIST, priorities_list, 0 },
    { "GET", ROOT "/priority/search", ROLE_USER, READ, priorities_search, 0 },
    { "GET", ROOT "/priority/{name}", ROLE_USER, LIST, priorities_get, 0 },
    { "GET", ROOT "/resolution", ROLE_USER, LIST, resolutions_list, 0 },
    { "GET", ROOT "/resolution/search", ROLE_USER, READ, resolutions_search, 0 },
    { "GET", ROOT "/resolution/{name}", ROLE_USER, LIST, resolutions_get, 0 },
    { "GET", ROOT "/configuration", ROLE_USER, READ, configuration_get, 0 },
    { 0 },
};
