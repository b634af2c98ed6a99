/*
 * store/ticket_jql_field: the fields of JQL, and what they are in the database.
 *
 * What is empty is NULL in a column of jql_add_column(). What is sorted by is never NULL, for the
 * databases do not agree on where NULL belongs.
 */
#include "base/err.h"
#include "core/jira.h"
#include "store/ticket_jql_term.h"

static const struct {
    const char *name;
    enum jql_field field;
} names[] = {
    { "project", JQL_PROJECT },
    { "key", JQL_KEY },
    { "issuekey", JQL_KEY },
    { "issue", JQL_KEY },
    { "id", JQL_KEY },
    { "issuetype", JQL_TYPE },
    { "type", JQL_TYPE },
    { "status", JQL_STATUS },
    { "statusCategory", JQL_CATEGORY },
    { "assignee", JQL_ASSIGNEE },
    { "reporter", JQL_REPORTER },
    { "creator", JQL_REPORTER },
    { "priority", JQL_PRIORITY },
    { "resolution", JQL_RESOLUTION },
    { "labels", JQL_LABELS },
    { "label", JQL_LABELS },
    { "summary", JQL_SUMMARY },
    { "description", JQL_DESCRIPTION },
    { "comment", JQL_COMMENT },
    { "text", JQL_TEXT },
    { "created", JQL_CREATED },
    { "createdDate", JQL_CREATED },
    { "updated", JQL_UPDATED },
    { "updatedDate", JQL_UPDATED },
    { "due", JQL_DUE },
    { "duedate", JQL_DUE },
    { "resolved", JQL_RESOLVED },
    { "resolutiondate", JQL_RESOLVED },
    { "attachments", JQL_ATTACHMENTS },
    { "watcher", JQL_WATCHER },
};

const enum jql_class jql_classes[N_JQL_FIELDS] = {
    [JQL_PROJECT] = JQL_IS_CHOICE,
    [JQL_KEY] = JQL_IS_KEY,
    [JQL_TYPE] = JQL_IS_CHOICE,
    [JQL_STATUS] = JQL_IS_CHOICE,
    [JQL_CATEGORY] = JQL_IS_CHOICE,
    [JQL_ASSIGNEE] = JQL_IS_CHOICE,
    [JQL_REPORTER] = JQL_IS_CHOICE,
    [JQL_PRIORITY] = JQL_IS_RANKED,
    [JQL_RESOLUTION] = JQL_IS_CHOICE,
    [JQL_LABELS] = JQL_IS_CHOICE,
    [JQL_SUMMARY] = JQL_IS_TEXT,
    [JQL_DESCRIPTION] = JQL_IS_TEXT,
    [JQL_COMMENT] = JQL_IS_TEXT,
    [JQL_TEXT] = JQL_IS_TEXT,
    [JQL_CREATED] = JQL_IS_DATE,
    [JQL_UPDATED] = JQL_IS_DATE,
    [JQL_DUE] = JQL_IS_DATE,
    [JQL_RESOLVED] = JQL_IS_DATE,
    [JQL_ATTACHMENTS] = JQL_IS_EXISTS,
    [JQL_WATCHER] = JQL_IS_CHOICE,
    [JQL_PROFILE] = JQL_IS_CHOICE,
    [JQL_CSR] = JQL_IS_EXISTS,
    [JQL_CERTIFICATE_ID] = JQL_IS_WORD,
    [JQL_EXPIRES] = JQL_IS_DATE,
    [JQL_DOMAIN] = JQL_IS_WORD,
};

static enum jql_field custom_field(enum jira_field number)
{
    switch (number) {
    case JIRA_FIELD_PROFILE:
        return JQL_PROFILE;
    case JIRA_FIELD_CSR:
        return JQL_CSR;
    case JIRA_FIELD_CERTIFICATE_ID:
        return JQL_CERTIFICATE_ID;
    case JIRA_FIELD_EXPIRES:
        return JQL_EXPIRES;
    case JIRA_FIELD_DOMAIN:
        return JQL_DOMAIN;
    }
    return N_JQL_FIELDS;
}

bool jql_find_field(const char *name, bool is_custom, int64_t number, enum jql_field *ret,
    struct err *err)
{
    const struct jira_custom_field *custom = is_custom ? NULL : jira_custom_field_find(name);

    for (size_t i = 0; !is_custom && i < countof(names); i++) {
        if (span_is_nocase(span_text(name), names[i].name)) {
            *ret = names[i].field;
            return true;
        }
    }
    for (size_t i = 0; is_custom && i < n_jira_custom_fields; i++)
        if ((int64_t)jira_custom_fields[i].number == number)
            custom = &jira_custom_fields[i];
    if (!custom)
        return fail(err, ERR_INVALID,
            "Field '%.100s' does not exist or you do not have permission to view it.", name);
    *ret = custom_field(custom->number);
    return true;
}

/* What stands in other tables. */
static void add_looked_up_column(struct select *select, enum jql_field field)
{
    switch (field) {
    case JQL_EXPIRES:
        select_add(select, "(SELECT o.not_after FROM version o WHERE o.id = t.version_id)");
        break;
    case JQL_PROFILE:
        select_add(select, "(SELECT h.profile_id FROM certificate_request h"
                           " WHERE h.ticket_id = t.id)");
        break;
    case JQL_DOMAIN:
        select_add(select, "(SELECT nullif(h.domain, '') FROM certificate_request h"
                           " WHERE h.ticket_id = t.id)");
        break;
    case JQL_CERTIFICATE_ID:
        select_add(select,
            "coalesce((SELECT coalesce(o.ca_certificate_id, 'C-' || CAST(o.id AS TEXT))"
            " FROM record_version o WHERE o.certificate_id = t.certificate_id"
            " AND o.version_id = t.version_id),"
            " (SELECT nullif(h.ca_certificate_id, '') FROM certificate_request h"
            " WHERE h.ticket_id = t.id))");
        break;
    case JQL_COMMENT:
        select_add(select, "(SELECT min(o.id) FROM ticket_comment o WHERE o.ticket_id = t.id)");
        break;
    case JQL_ATTACHMENTS:
        select_add(select, "(SELECT min(o.id) FROM attachment o WHERE o.ticket_id = t.id)");
        break;
    case JQL_CSR:
        select_add(select, "(SELECT h.csr FROM certificate_request h WHERE h.ticket_id = t.id)");
        break;
    case JQL_WATCHER:
        select_add(select, "(SELECT min(o.account_id) FROM ticket_watcher o"
                           " WHERE o.ticket_id = t.id)");
        break;
    case JQL_PROJECT:
    case JQL_TYPE:
    case JQL_STATUS:
    case JQL_CATEGORY:
    case JQL_ASSIGNEE:
    case JQL_REPORTER:
    case JQL_PRIORITY:
    case JQL_RESOLUTION:
    case JQL_CREATED:
    case JQL_UPDATED:
    case JQL_DUE:
    case JQL_RESOLVED:
    case JQL_DESCRIPTION:
    case JQL_LABELS:
    case JQL_SUMMARY:
    case JQL_TEXT:
    case JQL_KEY:
    case N_JQL_FIELDS:
        select_add(select, "NULL");
        break;
    }
}

void jql_add_column(struct select *select, enum jql_field field)
{
    switch (field) {
    case JQL_PROJECT:
        select_add(select, "t.project");
        break;
    case JQL_TYPE:
        select_add(select, "t.type");
        break;
    case JQL_STATUS:
    case JQL_CATEGORY:
        select_add(select, "t.status");
        break;
    case JQL_ASSIGNEE:
        select_add(select, "t.assignee_id");
        break;
    case JQL_REPORTER: /* certdesk itself is somebody */
        select_add(select, "coalesce(t.reporter_id, 0)");
        break;
    case JQL_PRIORITY:
        select_add(select, "t.priority");
        break;
    case JQL_RESOLUTION:
        select_add(select, "CASE WHEN t.resolved_at IS NULL THEN NULL"
                           " WHEN t.status = 'cancelled' THEN 1 ELSE 0 END");
        break;
    case JQL_CREATED:
        select_add(select, "t.created_at");
        break;
    case JQL_UPDATED:
        select_add(select, "t.updated_at");
        break;
    case JQL_DUE:
        select_add(select, "t.due_at");
        break;
    case JQL_RESOLVED:
        select_add(select, "t.resolved_at");
        break;
    case JQL_DESCRIPTION:
        select_add(select, "nullif(t.description, '')");
        break;
    case JQL_LABELS:
        select_add(select, "nullif(t.labels, '')");
        break;
    case JQL_SUMMARY:
    case JQL_TEXT:
    case JQL_KEY:
    case N_JQL_FIELDS:
        select_add(select, "t.summary");
        break;
    case JQL_EXPIRES:
    case JQL_PROFILE:
    case JQL_DOMAIN:
    case JQL_CERTIFICATE_ID:
    case JQL_COMMENT:
    case JQL_ATTACHMENTS:
    case JQL_CSR:
    case JQL_WATCHER:
        add_looked_up_column(select, field);
        break;
    }
}

void jql_add_sort_column(struct select *select, enum jql_field field)
{
    switch (field) {
    case JQL_PROJECT:
    case JQL_TYPE:
    case JQL_STATUS:
    case JQL_CATEGORY:
    case JQL_CREATED:
    case JQL_UPDATED:
        jql_add_column(select, field);
        break;
    case JQL_ASSIGNEE:
    case JQL_WATCHER:
        select_add(select,
            "coalesce((SELECT o.name FROM account o WHERE o.id = t.assignee_id), '')");
        break;
    case JQL_REPORTER:
        select_add(select,
            "coalesce((SELECT o.name FROM account o WHERE o.id = t.reporter_id), '')");
        break;
    case JQL_PRIORITY:
        select_add(select, "CASE t.priority WHEN 'highest' THEN 5 WHEN 'high' THEN 4"
                           " WHEN 'medium' THEN 3 WHEN 'low' THEN 2 ELSE 1 END");
        break;
    case JQL_LABELS:
        select_add(select, "t.labels");
        break;
    case JQL_SUMMARY:
    case JQL_DESCRIPTION:
    case JQL_COMMENT:
    case JQL_TEXT:
        select_add(select, "lower(t.summary)");
        break;
    case JQL_DUE:
        select_add(select, "coalesce(t.due_at, 9223372036854775807)");
        break;
    case JQL_RESOLVED:
    case JQL_RESOLUTION:
        select_add(select, "coalesce(t.resolved_at, 9223372036854775807)");
        break;
    case JQL_EXPIRES:
        select_add(select, "coalesce((SELECT o.not_after FROM version o WHERE o.id = t.version_id),"
                           " 9223372036854775807)");
        break;
    case JQL_PROFILE:
        select_add(select, "coalesce((SELECT o.name_lower FROM certificate_request h"
                           " JOIN profile o ON o.id = h.profile_id WHERE h.ticket_id = t.id), '')");
        break;
    case JQL_DOMAIN:
        select_add(select, "coalesce((SELECT h.domain FROM certificate_request h"
                           " WHERE h.ticket_id = t.id), '')");
        break;
    case JQL_KEY:
    case JQL_ATTACHMENTS:
    case JQL_CSR:
    case JQL_CERTIFICATE_ID:
    case N_JQL_FIELDS:
        select_add(select, "t.id");
        break;
    }
}
