/* api/jira/fields: see the header. */
#include "api/jira/fields.h"

#include <string.h>

#include "api/jira/issue.h"
#include "base/err.h"
#include "store/profile.h"
#include "store/project.h"

#define BOTH (JIRA_FORM_CREATE | JIRA_FORM_EDIT)
#define SYSTEM(id, name, type, items, forms, operations, clauses)                                  \
    {                                                                                              \
        id, name, type, items, NULL, 0, forms, operations, clauses                                 \
    }
#define TYPES "com.atlassian.jira.plugin.system.customfieldtypes:"

const struct jira_field_row jira_field_rows[] = {
    SYSTEM("summary", "Summary", "string", NULL, BOTH, "set", "summary"),
    SYSTEM("issuetype", "Issue Type", "issuetype", NULL, JIRA_FORM_CREATE, "", "issuetype,type"),
    SYSTEM("project", "Project", "project", NULL, JIRA_FORM_CREATE, "set", "project"),
    SYSTEM("description", "Description", "string", NULL, BOTH, "set", "description"),
    SYSTEM("reporter", "Reporter", "user", NULL, JIRA_FORM_CREATE, "set", "reporter"),
    SYSTEM("assignee", "Assignee", "user", NULL, BOTH, "set", "assignee"),
    SYSTEM("priority", "Priority", "priority", NULL, BOTH, "set", "priority"),
    SYSTEM("labels", "Labels", "array", "string", BOTH, "add set remove", "labels"),
    SYSTEM("duedate", "Due date", "date", NULL, BOTH, "set", "due,duedate"),
    { "customfield_10201", "Certificate profile", "option", NULL, TYPES "select", 10201,
        JIRA_FORM_CERTIFICATE | JIRA_FORM_REVOKE, "set", "cf[10201],Certificate profile" },
    { "customfield_10202", "Certificate CSR text", "string", NULL, TYPES "textarea", 10202,
        JIRA_FORM_CERTIFICATE, "set", "cf[10202],Certificate CSR text" },
    { "customfield_10203", "Certificate ID", "string", NULL, TYPES "textfield", 10203,
        JIRA_FORM_REVOKE, "set", "cf[10203],Certificate ID" },
    { "customfield_10204", "Certificate expiration date", "datetime", NULL, TYPES "datetime", 10204,
        JIRA_FORM_NONE, "", "cf[10204],Certificate expiration date" },
    { "customfield_10205", "Certificate domain", "string", NULL, TYPES "textfield", 10205,
        JIRA_FORM_CERTIFICATE | JIRA_FORM_REVOKE, "set", "cf[10205],Certificate domain" },
    SYSTEM("comment", "Comment", "comments-page", NULL, JIRA_FORM_NONE, "add", "comment"),
    SYSTEM("attachment", "Attachment", "array", "attachment", JIRA_FORM_NONE, "", "attachments"),
    SYSTEM("status", "Status", "status", NULL, JIRA_FORM_NONE, "", "status"),
    SYSTEM("creator", "Creator", "user", NULL, JIRA_FORM_NONE, "", "creator"),
    SYSTEM("created", "Created", "datetime", NULL, JIRA_FORM_NONE, "", "created,createdDate"),
    SYSTEM("updated", "Updated", "datetime", NULL, JIRA_FORM_NONE, "", "updated,updatedDate"),
    SYSTEM("resolution", "Resolution", "resolution", NULL, JIRA_FORM_NONE, "", "resolution"),
    SYSTEM("resolutiondate", "Resolved", "datetime", NULL, JIRA_FORM_NONE, "",
        "resolutiondate,resolved"),
    SYSTEM("watches", "Watchers", "watches", NULL, JIRA_FORM_NONE, "", "watcher"),
    SYSTEM("components", "Components", "array", "component", JIRA_FORM_NONE, "", ""),
    SYSTEM("issuelinks", "Linked Issues", "array", "issuelinks", JIRA_FORM_NONE, "", ""),
    SYSTEM("subtasks", "Sub-tasks", "array", "issuelinks", JIRA_FORM_NONE, "", ""),
    SYSTEM("fixVersions", "Fix versions", "array", "version", JIRA_FORM_NONE, "", ""),
    SYSTEM("versions", "Affects versions", "array", "version", JIRA_FORM_NONE, "", ""),
    SYSTEM("environment", "Environment", "string", NULL, JIRA_FORM_NONE, "", ""),
};
const size_t n_jira_field_rows = countof(jira_field_rows);

void jira_field_schema(struct json_out *out, const char *key, const struct jira_field_row *row)
{
    json_begin_object(out, key);
    json_str(out, "type", row->type);
    if (row->items)
        json_str(out, "items", row->items);
    if (row->custom) {
        json_str(out, "custom", row->custom);
        json_i64(out, "customId", row->number);
    } else {
        json_str(out, "system", row->id);
    }
    json_end(out);
}

bool jira_field_is_in(const struct jira_field_row *row, bool is_create, enum ticket_type type)
{
    if (row->forms & (is_create ? JIRA_FORM_CREATE : JIRA_FORM_EDIT))
        return true;
    if (!is_create)
        return false;
    return (type == TICKET_CERTIFICATE && (row->forms & JIRA_FORM_CERTIFICATE)) ||
           (type == TICKET_REVOKE_CERTIFICATE && (row->forms & JIRA_FORM_REVOKE));
}

static bool is_required(const struct jira_field_row *row, enum ticket_type type)
{
    static const char *const always[] = { "summary", "issuetype", "project" };

    for (size_t i = 0; i < countof(always); i++)
        if (strcmp(row->id, always[i]) == 0)
            return true;
    if (row->number == JIRA_FIELD_CERTIFICATE_ID || row->number == JIRA_FIELD_DOMAIN)
        return type == TICKET_REVOKE_CERTIFICATE;
    return row->number == JIRA_FIELD_PROFILE;
}

static bool write_profiles(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(profile_rows) struct profile_rows rows = { 0 };

    if (!store_profiles(call->tx, &viewer, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.items[i].is_disabled)
            continue;
        json_begin_object(&call->reply, NULL);
        jira_self(call, "/customFieldOption/%" PRId64, rows.items[i].id);
        json_str(&call->reply, "value", rows.items[i].name);
        jira_id(&call->reply, "id", rows.items[i].id);
        json_end(&call->reply);
    }
    return true;
}

static bool write_projects(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };

    if (!store_projects(call->tx, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        jira_project_write(call, NULL, rows.items[i].key, rows.items[i].name);
    return true;
}

/* What may be chosen, where that is a list. */
static bool write_allowed(struct api_call *call, const struct jira_field_row *row,
    enum ticket_type type, struct err *err)
{
    bool works = true;

    if (strcmp(row->type, "priority") != 0 && strcmp(row->type, "issuetype") != 0 &&
        strcmp(row->type, "project") != 0 && strcmp(row->type, "option") != 0)
        return true;
    json_begin_array(&call->reply, "allowedValues");
    if (strcmp(row->type, "priority") == 0) {
        for (int i = PRIORITY_HIGHEST; i >= PRIORITY_LOWEST; i--)
            jira_priority_write(call, NULL, (enum priority)i);
    } else if (strcmp(row->type, "issuetype") == 0) {
        jira_type_write(call, NULL, type);
    } else if (strcmp(row->type, "project") == 0) {
        works = write_projects(call, err);
    } else {
        works = write_profiles(call, err);
    }
    json_end(&call->reply);
    return works;
}

bool jira_field_meta(struct api_call *call, const struct jira_field_row *row, bool is_create,
    enum ticket_type type, struct err *err)
{
    struct json_out *out = &call->reply;

    json_bool(out, "required", is_required(row, type));
    jira_field_schema(out, "schema", row);
    json_str(out, "name", row->name);
    json_str(out, "key", row->id);
    json_str(out, "fieldId", row->id);
    json_bool(out, "hasDefaultValue",
        is_create && (strcmp(row->id, "priority") == 0 || strcmp(row->id, "reporter") == 0));
    json_split(out, "operations", row->operations, ' ');
    return write_allowed(call, row, type, err);
}

void jira_names_write(struct api_call *call, const char *key)
{
    json_begin_object(&call->reply, key);
    for (size_t i = 0; i < n_jira_field_rows; i++)
        json_str(&call->reply, jira_field_rows[i].id, jira_field_rows[i].name);
    json_end(&call->reply);
}

void jira_schema_write(struct api_call *call, const char *key)
{
    json_begin_object(&call->reply, key);
    for (size_t i = 0; i < n_jira_field_rows; i++)
        jira_field_schema(&call->reply, jira_field_rows[i].id, &jira_field_rows[i]);
    json_end(&call->reply);
}
