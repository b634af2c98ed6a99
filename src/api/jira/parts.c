/* api/jira/parts: what stands inside issues and elsewhere: statuses, types, comments, changes. */
#include <string.h>

#include "api/jira/fields.h"
#include "api/jira/issue.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/url.h"

void jira_category_write(struct api_call *call, const char *key, enum status_category category)
{
    struct json_out *out = &call->reply;

    json_begin_object(out, key);
    jira_self(call, "/statuscategory/%d", jira_category_id(category));
    json_i64(out, "id", jira_category_id(category));
    json_str(out, "key", jira_category_key(category));
    json_str(out, "colorName", jira_category_colour(category));
    json_str(out, "name", jira_category_name(category));
    json_end(out);
}

void jira_status_write(struct api_call *call, const char *key, const char *name)
{
    struct json_out *out = &call->reply;
    enum ticket_status status = STATUS_OPEN;

    (void)ticket_status_from_name(name, &status);
    json_begin_object(out, key);
    jira_self(call, "/status/%s", jira_status_id(status));
    json_str(out, "description", "");
    jira_link(call, "iconUrl", "/favicon.svg");
    json_str(out, "name", ticket_status_title(status));
    json_str(out, "id", jira_status_id(status));
    jira_category_write(call, "statusCategory", ticket_status_category(status));
    json_end(out);
}

void jira_type_members(struct api_call *call, enum ticket_type type)
{
    struct json_out *out = &call->reply;

    jira_self(call, "/issuetype/%s", jira_type_id(type));
    json_str(out, "id", jira_type_id(type));
    json_str(out, "description", "");
    jira_link(call, "iconUrl", "/favicon.svg");
    json_str(out, "name", ticket_type_title(type));
    json_bool(out, "subtask", false);
    json_i64(out, "avatarId", 10300);
    json_i64(out, "hierarchyLevel", 0);
}

void jira_type_write(struct api_call *call, const char *key, enum ticket_type type)
{
    json_begin_object(&call->reply, key);
    jira_type_members(call, type);
    json_end(&call->reply);
}

void jira_priority_write(struct api_call *call, const char *key, enum priority priority)
{
    json_begin_object(&call->reply, key);
    jira_self(call, "/priority/%s", jira_priority_id(priority));
    jira_link(call, "iconUrl", "/favicon.svg");
    json_str(&call->reply, "name", jira_priority_title(priority));
    json_str(&call->reply, "id", jira_priority_id(priority));
    json_end(&call->reply);
}

void jira_resolution_write(struct api_call *call, const char *key, enum jira_resolution resolution)
{
    json_begin_object(&call->reply, key);
    jira_self(call, "/resolution/%s", jira_resolution_id(resolution));
    json_str(&call->reply, "id", jira_resolution_id(resolution));
    json_str(&call->reply, "name", jira_resolution_name(resolution));
    json_str(&call->reply, "description", "");
    json_end(&call->reply);
}

/* Base 36, so that it says which: a project has no number of its own. CERT is 10000. */
int64_t jira_project_id(const char *key)
{
    int64_t id = 0;

    if (strcmp(key, "CERT") == 0)
        return 10000;
    for (const char *c = key; *c; c++)
        id = id * 36 + (*c >= 'A' ? *c - 'A' + 10 : *c - '0');
    return 20000 + id;
}

void jira_project_members(struct api_call *call, const char *project, const char *name)
{
    struct json_out *out = &call->reply;

    jira_self(call, "/project/%" PRId64, jira_project_id(project));
    jira_id(out, "id", jira_project_id(project));
    json_str(out, "key", project);
    json_str(out, "name",
        name                           ? name
        : strcmp(project, "CERT") == 0 ? "Certificate Management"
                                       : project);
    json_begin_object(out, "avatarUrls");
    jira_link(call, "48x48", "/favicon.svg");
    jira_link(call, "24x24", "/favicon.svg");
    jira_link(call, "16x16", "/favicon.svg");
    jira_link(call, "32x32", "/favicon.svg");
    json_end(out);
}

void jira_project_write(struct api_call *call, const char *key, const char *project,
    const char *name)
{
    json_begin_object(&call->reply, key);
    jira_project_members(call, project, name);
    json_str(&call->reply, "projectTypeKey", "business");
    json_bool(&call->reply, "simplified", false);
    json_end(&call->reply);
}

bool jira_comment_write(struct api_call *call, struct jira_people *people,
    const struct comment_row *row, struct err *err)
{
    struct json_out *out = &call->reply;

    jira_self(call, "/issue/%" PRId64 "/comment/%" PRId64, row->ticket_id, row->id);
    jira_id(out, "id", row->id);
    if (!jira_user_write(call, people, "author", row->author_id, err))
        return false;
    jira_text(call, "body", row->body);
    if (!jira_user_write(call, people, "updateAuthor", row->author_id, err))
        return false;
    jira_time(out, "created", row->created_at);
    jira_time(out, "updated", row->updated_at);
    return true;
}

bool jira_attachment_write(struct api_call *call, struct jira_people *people,
    const struct attachment_row *row, struct err *err)
{
    struct json_out *out = &call->reply;
    autodone(buf) struct buf name = BUF_INIT(2048);

    url_encode(span_text(row->name), &name);
    jira_self(call, "/attachment/%" PRId64, row->id);
    jira_id(out, "id", row->id);
    json_str(out, "filename", row->name);
    if (!jira_user_write(call, people, "author", row->author_id, err))
        return false;
    jira_time(out, "created", row->created_at);
    json_i64(out, "size", row->size);
    json_str(out, "mimeType", row->media_type);
    if (jira_is_v3(call))
        jira_link(call, "content", "/rest/api/3/attachment/content/%" PRId64, row->id);
    else
        jira_link(call, "content", "/secure/attachment/%" PRId64 "/%s", row->id, buf_text(&name));
    return true;
}

/* ---- what changed ---- */

/* Our field's name to Jira's; what has none keeps its own. */
static const char *field_name(const char *field)
{
    static const struct {
        const char *ours;
        const char *jiras;
    } names[] = { { "due_at", "duedate" }, { "certificate", "Certificate" } };

    for (size_t i = 0; i < countof(names); i++)
        if (strcmp(field, names[i].ours) == 0)
            return names[i].jiras;
    return field;
}

static void write_side(struct json_out *out, const char *id_key, const char *text_key,
    const char *field, const char *value)
{
    enum ticket_status status;
    enum priority priority;

    if (!*value) {
        json_put_null(out, id_key);
        json_put_null(out, text_key);
    } else if (strcmp(field, "status") == 0 && ticket_status_from_name(value, &status)) {
        json_str(out, id_key, jira_status_id(status));
        json_str(out, text_key, ticket_status_title(status));
    } else if (strcmp(field, "priority") == 0 && priority_from_name(value, &priority)) {
        json_str(out, id_key, jira_priority_id(priority));
        json_str(out, text_key, jira_priority_title(priority));
    } else if (strcmp(field, "assignee") == 0) {
        json_str(out, id_key, value);
        json_str(out, text_key, value);
    } else {
        json_put_null(out, id_key);
        json_str(out, text_key, value);
    }
}

void jira_change_write(struct json_out *out, const struct change_row *row)
{
    const char *field = field_name(row->field);

    json_begin_object(out, NULL);
    json_str(out, "field", field);
    json_str(out, "fieldtype", "jira");
    json_str(out, "fieldId", field);
    write_side(out, "from", "fromString", row->field, row->old_value);
    write_side(out, "to", "toString", row->field, row->new_value);
    json_end(out);
}

bool jira_changes_write(struct api_call *call, struct jira_people *people, const char *key,
    const struct change_rows *rows, size_t from, size_t n, struct err *err)
{
    struct json_out *out = &call->reply;

    json_begin_array(out, key);
    for (size_t i = from; i < rows->n && i < from + n; i++) {
        const struct change_row *row = &rows->items[i];

        json_begin_object(out, NULL);
        jira_id(out, "id", row->id);
        if (!jira_user_write(call, people, "author", row->actor_id, err))
            return false;
        jira_time(out, "created", row->created_at);
        json_begin_array(out, "items");
        jira_change_write(out, row);
        json_end(out);
        json_end(out);
    }
    json_end(out);
    return true;
}
