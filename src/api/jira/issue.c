/* api/jira/issue: see the header. */
#include "api/jira/issue.h"

#include <string.h>

#include "api/jira/fields.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/ticket_talk.h"
#include "x509/pem.h"

#define CHANGES_MAX 1000

/* ---- what is asked for ---- */

void jira_fields_read(struct jira_fields *fields, const char *const *names, size_t n,
    const char *otherwise)
{
    const char *const defaults[] = { otherwise };
    bool only_excludes = true;

    if (n == 0 && *otherwise) {
        names = defaults;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_all = strcmp(names[i], "*all") == 0;

        if (is_all || strcmp(names[i], "*navigable") == 0) {
            fields->is_all = true;
            fields->has_talk = fields->has_talk || is_all;
        } else if (fields->n < JIRA_FIELDS_MAX) {
            fields->names[fields->n++] = names[i];
        }
        only_excludes = only_excludes && names[i][0] == '-';
    }
    if (n > 0 && only_excludes) /* "-comment": all but that */
        fields->is_all = fields->has_talk = true;
}

bool jira_fields_has(const struct jira_fields *fields, const char *name)
{
    bool has =
        fields->is_all &&
        (fields->has_talk || (strcmp(name, "comment") != 0 && strcmp(name, "attachment") != 0));

    for (size_t i = 0; i < fields->n; i++) {
        if (strcmp(fields->names[i], name) == 0)
            has = true;
        else if (fields->names[i][0] == '-' && strcmp(fields->names[i] + 1, name) == 0)
            return false;
    }
    return has;
}

unsigned jira_expand_read(const char *const *names, size_t n)
{
    static const struct {
        const char *name;
        unsigned flag;
    } words[] = { { "names", JIRA_EXPAND_NAMES }, { "schema", JIRA_EXPAND_SCHEMA },
        { "changelog", JIRA_EXPAND_CHANGELOG }, { "renderedFields", JIRA_EXPAND_RENDERED },
        { "transitions", JIRA_EXPAND_TRANSITIONS }, { "editmeta", JIRA_EXPAND_EDITMETA },
        { "operations", JIRA_EXPAND_OPERATIONS } };
    unsigned expand = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < countof(words); w++)
            if (strncmp(names[i], words[w].name, strlen(words[w].name)) == 0)
                expand |= words[w].flag;
    return expand;
}

void jira_page_done(struct jira_page *page)
{
    jira_people_done(&page->people);
    ticket_rows_done(&page->tickets);
    comment_rows_done(&page->comments);
    attachment_rows_done(&page->attachments);
    ticket_extras_done(&page->extras);
}

bool jira_page_load(struct api_call *call, struct jira_page *page, const struct id_list *ids,
    struct err *err)
{
    const struct jira_fields *fields = &page->fields;

    if (!store_tickets_by_id(call->tx, ids, &page->tickets, err))
        return false;
    if (jira_fields_has(fields, "comment") &&
        !store_comments_of(call->tx, ids, &page->comments, err))
        return false;
    if (jira_fields_has(fields, "attachment") &&
        !store_attachments_of(call->tx, ids, &page->attachments, err))
        return false;
    return (!jira_fields_has(fields, "watches") && !jira_fields_has(fields, "customfield_10202")) ||
           store_ticket_extras(call->tx, ids, call->who.account_id, &page->extras, err);
}

/* ---- one issue ---- */

struct writer {
    struct api_call *call;
    struct jira_page *page;
    const struct ticket_row *ticket;
};

static const struct ticket_extra *extra_of(const struct writer *writer)
{
    static const struct ticket_extra none;

    for (size_t i = 0; i < writer->page->extras.n; i++)
        if (writer->page->extras.items[i].ticket_id == writer->ticket->id)
            return &writer->page->extras.items[i];
    return &none;
}

static bool write_comments(const struct writer *writer, struct err *err)
{
    struct json_out *out = &writer->call->reply;
    int64_t n = 0;

    json_begin_object(out, "comment");
    json_begin_array(out, "comments");
    for (size_t i = 0; i < writer->page->comments.n; i++) {
        const struct comment_row *row = &writer->page->comments.items[i];

        if (row->ticket_id != writer->ticket->id)
            continue;
        json_begin_object(out, NULL);
        if (!jira_comment_write(writer->call, &writer->page->people, row, err))
            return false;
        json_end(out);
        n++;
    }
    json_end(out);
    jira_self(writer->call, "/issue/%" PRId64 "/comment", writer->ticket->id);
    json_i64(out, "maxResults", n);
    json_i64(out, "total", n);
    json_i64(out, "startAt", 0);
    json_end(out);
    return true;
}

static bool write_attachments(const struct writer *writer, struct err *err)
{
    struct json_out *out = &writer->call->reply;

    json_begin_array(out, "attachment");
    for (size_t i = 0; i < writer->page->attachments.n; i++) {
        const struct attachment_row *row = &writer->page->attachments.items[i];

        if (row->ticket_id != writer->ticket->id)
            continue;
        json_begin_object(out, NULL);
        if (!jira_attachment_write(writer->call, &writer->page->people, row, err))
            return false;
        json_end(out);
    }
    json_end(out);
    return true;
}

static void write_watches(const struct writer *writer)
{
    struct json_out *out = &writer->call->reply;
    const struct ticket_extra *extra = extra_of(writer);

    json_begin_object(out, "watches");
    jira_self(writer->call, "/issue/%s/watchers", writer->ticket->key);
    json_i64(out, "watchCount", extra->n_watchers);
    json_bool(out, "isWatching", extra->is_watched);
    json_end(out);
}

static void write_profile(const struct writer *writer)
{
    struct json_out *out = &writer->call->reply;

    if (!writer->ticket->profile) {
        json_put_null(out, "customfield_10201");
        return;
    }
    json_begin_object(out, "customfield_10201");
    jira_self(writer->call, "/customFieldOption/%s", writer->ticket->profile);
    json_str(out, "value", writer->ticket->profile);
    json_str(out, "id", writer->ticket->profile);
    json_end(out);
}

static void write_csr(const struct writer *writer)
{
    const struct ticket_extra *extra = extra_of(writer);
    autodone(buf) struct buf pem = BUF_INIT(1u << 20);

    if (extra->csr.size > 0)
        pem_write(buf_span(&extra->csr), "CERTIFICATE REQUEST", &pem);
    jira_text(writer->call, "customfield_10202", buf_text(&pem));
}

static const char *none_if_empty(const char *text)
{
    return text && *text ? text : NULL;
}

static bool wants(const struct writer *writer, const char *name)
{
    return jira_fields_has(&writer->page->fields, name);
}

static void write_custom(const struct writer *writer)
{
    struct json_out *out = &writer->call->reply;
    const struct ticket_row *ticket = writer->ticket;

    if (wants(writer, "customfield_10201"))
        write_profile(writer);
    if (wants(writer, "customfield_10202"))
        write_csr(writer);
    if (wants(writer, "customfield_10203"))
        json_str(out, "customfield_10203", none_if_empty(ticket->ca_certificate_id));
    if (wants(writer, "customfield_10204"))
        jira_time(out, "customfield_10204", ticket->expires_at);
    if (wants(writer, "customfield_10205"))
        json_str(out, "customfield_10205", none_if_empty(ticket->domain));
}

static void write_resolution(const struct writer *writer)
{
    const struct ticket_row *ticket = writer->ticket;

    if (!ticket->resolved_at)
        json_put_null(&writer->call->reply, "resolution");
    else
        jira_resolution_write(writer->call, "resolution",
            strcmp(ticket->status, "cancelled") == 0 ? JIRA_WONT_DO : JIRA_DONE);
}

static void write_plain(const struct writer *writer)
{
    struct api_call *call = writer->call;
    struct json_out *out = &call->reply;
    const struct ticket_row *ticket = writer->ticket;
    enum ticket_type type = TICKET_CERTIFICATE;
    enum priority priority = PRIORITY_MEDIUM;

    (void)ticket_type_from_name(ticket->type, &type);
    (void)priority_from_name(ticket->priority, &priority);
    if (wants(writer, "summary"))
        json_str(out, "summary", ticket->summary);
    if (wants(writer, "issuetype"))
        jira_type_write(call, "issuetype", type);
    if (wants(writer, "project"))
        jira_project_write(call, "project", ticket->project, NULL);
    if (wants(writer, "status"))
        jira_status_write(call, "status", ticket->status);
    if (wants(writer, "priority"))
        jira_priority_write(call, "priority", priority);
    if (wants(writer, "description"))
        jira_text(call, "description", ticket->description);
    if (wants(writer, "labels"))
        json_split(out, "labels", ticket->labels, ' ');
    if (wants(writer, "duedate"))
        jira_date(out, "duedate", ticket->due_at);
    if (wants(writer, "created"))
        jira_time(out, "created", ticket->created_at);
    if (wants(writer, "updated"))
        jira_time(out, "updated", ticket->updated_at);
    if (wants(writer, "resolution"))
        write_resolution(writer);
    if (wants(writer, "resolutiondate"))
        jira_time(out, "resolutiondate", ticket->resolved_at);
}

/* What Jira has and the tracker has not. */
static void write_absent(const struct writer *writer)
{
    static const char *const lists[] = { "components", "issuelinks", "subtasks", "versions",
        "fixVersions" };

    for (size_t i = 0; i < countof(lists); i++) {
        if (wants(writer, lists[i])) {
            json_begin_array(&writer->call->reply, lists[i]);
            json_end(&writer->call->reply);
        }
    }
    if (wants(writer, "environment"))
        json_put_null(&writer->call->reply, "environment");
}

static bool write_people(const struct writer *writer, struct err *err)
{
    const struct ticket_row *ticket = writer->ticket;
    struct jira_people *people = &writer->page->people;
    int64_t assignee = ticket->assignee_id ? ticket->assignee_id : -1;

    return (!wants(writer, "assignee") ||
               jira_user_write(writer->call, people, "assignee", assignee, err)) &&
           (!wants(writer, "reporter") ||
               jira_user_write(writer->call, people, "reporter", ticket->reporter_id, err)) &&
           (!wants(writer, "creator") ||
               jira_user_write(writer->call, people, "creator", ticket->reporter_id, err));
}

static bool write_fields(const struct writer *writer, struct err *err)
{
    json_begin_object(&writer->call->reply, "fields");
    write_plain(writer);
    write_absent(writer);
    write_custom(writer);
    if (wants(writer, "watches"))
        write_watches(writer);
    if (!write_people(writer, err) || (wants(writer, "comment") && !write_comments(writer, err)) ||
        (wants(writer, "attachment") && !write_attachments(writer, err)))
        return false;
    json_end(&writer->call->reply);
    return true;
}

static bool write_changelog(const struct writer *writer, struct err *err)
{
    struct json_out *out = &writer->call->reply;
    autodone(change_rows) struct change_rows rows = { 0 };

    if (!store_changes(writer->call->tx, writer->ticket->id, 0, CHANGES_MAX, &rows, err))
        return false;
    json_begin_object(out, "changelog");
    json_i64(out, "startAt", 0);
    json_i64(out, "maxResults", (int64_t)rows.n);
    json_i64(out, "total", (int64_t)rows.n);
    if (!jira_changes_write(writer->call, &writer->page->people, "histories", &rows, 0, rows.n,
            err))
        return false;
    json_end(out);
    return true;
}

/* Text as HTML, for who asks for renderedFields. */
static void write_html(struct json_out *out, const char *key, const char *text)
{
    autodone(buf) struct buf html = BUF_INIT(8u << 20);

    buf_add_text(&html, "<p>");
    for (const char *c = text; *c; c++) {
        if (*c == '<')
            buf_add_text(&html, "&lt;");
        else if (*c == '>')
            buf_add_text(&html, "&gt;");
        else if (*c == '&')
            buf_add_text(&html, "&amp;");
        else if (*c == '\n')
            buf_add_text(&html, "<br/>");
        else
            buf_add_char(&html, *c);
    }
    buf_add_text(&html, "</p>");
    json_str(out, key, *text ? buf_text(&html) : "");
}

static bool write_editmeta(const struct writer *writer, enum ticket_type type, struct err *err)
{
    struct json_out *out = &writer->call->reply;

    json_begin_object(out, "editmeta");
    json_begin_object(out, "fields");
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        if (!jira_field_is_in(&jira_field_rows[i], false, type))
            continue;
        json_begin_object(out, jira_field_rows[i].id);
        if (!jira_field_meta(writer->call, &jira_field_rows[i], false, type, err))
            return false;
        json_end(out);
    }
    json_end(out);
    json_end(out);
    return true;
}

static bool write_expanded(const struct writer *writer, struct err *err)
{
    struct json_out *out = &writer->call->reply;
    unsigned expand = writer->page->expand;
    enum ticket_type type = TICKET_CERTIFICATE;

    (void)ticket_type_from_name(writer->ticket->type, &type);
    if (expand & JIRA_EXPAND_RENDERED) {
        json_begin_object(out, "renderedFields");
        if (wants(writer, "description"))
            write_html(out, "description", writer->ticket->description);
        json_end(out);
    }
    if (expand & JIRA_EXPAND_OPERATIONS) {
        json_begin_object(out, "operations");
        json_begin_array(out, "linkGroups");
        json_end(out);
        json_end(out);
    }
    if (expand & JIRA_EXPAND_NAMES)
        jira_names_write(writer->call, "names");
    if (expand & JIRA_EXPAND_SCHEMA)
        jira_schema_write(writer->call, "schema");
    return (!(expand & JIRA_EXPAND_CHANGELOG) || write_changelog(writer, err)) &&
           (!(expand & JIRA_EXPAND_EDITMETA) || write_editmeta(writer, type, err)) &&
           (!(expand & JIRA_EXPAND_TRANSITIONS) ||
               jira_transitions_write(writer->call, "transitions", writer->ticket, NULL, false,
                   err));
}

bool jira_issue_write(struct api_call *call, struct jira_page *page, size_t i, struct err *err)
{
    const struct writer writer = { call, page, &page->tickets.items[i] };
    struct json_out *out = &call->reply;

    json_str(out, "expand", "renderedFields,names,schema,operations,editmeta,changelog");
    jira_id(out, "id", writer.ticket->id);
    jira_self(call, "/issue/%" PRId64, writer.ticket->id);
    json_str(out, "key", writer.ticket->key);
    if ((page->fields.is_all || page->fields.n > 0) && !write_fields(&writer, err))
        return false;
    return write_expanded(&writer, err);
}
