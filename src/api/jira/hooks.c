/*
 * api/jira/hooks: see the header.
 *
 * What renders issues wants a request: this makes one up, of version 2, by whoever made the
 * webhook, to the address that users know.
 */
#include "api/jira/hooks.h"

#include <string.h>

#include "api/jira/issue.h"
#include "base/alloc.h"
#include "base/err.h"
#include "conf/conf.h"
#include "job/types/jira_events.h"
#include "notify/notifier.h"
#include "store/ticket_talk.h"

#define ISSUE_DELETED "jira:issue_deleted"

struct made_up {
    struct api_call call;
    struct api_route route;
    struct http_request request;
    char *parts[3];
    char words[3][8];
    char host[256];
};

static void make_up(struct made_up *m, struct tx *tx, const struct jira_event *event,
    struct buf *body)
{
    static const char *const words[] = { "rest", "api", "2" };
    struct span url = span_text(event->public_url);
    size_t scheme = span_find(url, SPAN_LITERAL("://"));

    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < countof(words); i++) {
        span_copy_text(span_text(words[i]), m->words[i], sizeof m->words[i]);
        m->parts[i] = m->words[i];
    }
    span_copy_text(scheme == SIZE_MAX ? url : span_slice(url, scheme + 3, SIZE_MAX), m->host,
        sizeof m->host);
    m->route.method = "GET";
    m->request.parts = m->parts;
    m->request.n_parts = countof(words);
    m->request.host = m->host;
    m->request.is_encrypted = span_starts_with(url, "https:");
    m->call.route = &m->route;
    m->call.request = &m->request;
    m->call.tx = tx;
    m->call.now = event->at;
    m->call.who.account_id = event->account_id;
    m->call.who.role = event->sees_all ? ROLE_AUDITOR : ROLE_USER;
    m->call.who.scopes = SCOPE_READ;
    m->call.body_out = body;
    json_out_init(&m->call.reply, body);
}

static bool write_issue(struct api_call *call, const struct jira_event *event, struct err *err)
{
    static const char *const thin[] = { "summary", "issuetype", "project", "status", "assignee",
        "priority" };
    autodone(jira_page) struct jira_page page = { 0 };
    autodone(id_list) struct id_list ids = { 0 };

    if (event->comment_id)
        jira_fields_read(&page.fields, thin, countof(thin), "");
    else
        jira_fields_read(&page.fields, NULL, 0, "*navigable");
    id_list_add(&ids, event->ticket_id);
    if (!jira_page_load(call, &page, &ids, err))
        return false;
    if (page.tickets.n == 0)
        return fail(err, ERR_NOT_FOUND, "the ticket is gone");
    json_begin_object(&call->reply, "issue");
    if (!jira_issue_write(call, &page, 0, err))
        return false;
    json_end(&call->reply);
    return true;
}

static bool write_changes(struct api_call *call, const struct jira_event *event, struct err *err)
{
    autodone(change_rows) struct change_rows rows = { 0 };
    int64_t first = event->changes->items[0];

    if (!store_changes(call->tx, event->ticket_id, first - 1, 1000, &rows, err))
        return false;
    json_begin_object(&call->reply, "changelog");
    jira_id(&call->reply, "id", first);
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++)
        if (id_list_has(event->changes, rows.items[i].id))
            jira_change_write(&call->reply, &rows.items[i]);
    json_end(&call->reply);
    json_end(&call->reply);
    return true;
}

static bool write_comment(struct api_call *call, struct jira_people *people,
    const struct jira_event *event, struct err *err)
{
    autofree(comment_row) struct comment_row *row = NULL;
    struct err missing = { 0 };

    if (!store_comment_get(call->tx, event->ticket_id, event->comment_id, &row, &missing)) {
        if (missing.kind == ERR_NOT_FOUND) /* taken back since */
            return true;
        *err = missing;
        return false;
    }
    json_begin_object(&call->reply, "comment");
    if (!jira_comment_write(call, people, row, err))
        return false;
    json_end(&call->reply);
    return true;
}

/* What can be told, and what Jira's clients name besides, which never happens here. */
static const char *const known_events[] = { "jira:issue_created", "jira:issue_updated",
    "comment_created", ISSUE_DELETED, "comment_updated", "comment_deleted", "jira:worklog_updated",
    "issue_property_set", "issue_property_deleted", "attachment_created", "attachment_deleted",
    "issuelink_created", "issuelink_deleted" };

bool jira_event_is_known(const char *name)
{
    for (size_t i = 0; i < countof(known_events); i++)
        if (strcmp(known_events[i], name) == 0)
            return true;
    return false;
}

static const char *type_name(const struct jira_event *event)
{
    if (strcmp(event->name, "jira:issue_created") == 0)
        return "issue_created";
    if (strcmp(event->name, ISSUE_DELETED) == 0)
        return "issue_deleted";
    return event->comment_id ? "issue_commented" : "issue_generic";
}

bool jira_event_write(struct tx *tx, const struct jira_event *event, struct buf *body,
    struct err *err)
{
    autodone(jira_people) struct jira_people people = { 0 };
    struct made_up m;

    make_up(&m, tx, event, body);
    json_begin_object(&m.call.reply, NULL);
    json_i64(&m.call.reply, "timestamp", event->at * 1000);
    json_str(&m.call.reply, "webhookEvent", event->name);
    json_str(&m.call.reply, "issue_event_type_name", type_name(event));
    if (!event->excludes_body &&
        (!jira_user_write(&m.call, &people, "user", event->actor_id, err) ||
            !write_issue(&m.call, event, err) ||
            (event->changes->n > 0 && !write_changes(&m.call, event, err)) ||
            (event->comment_id && !write_comment(&m.call, &people, event, err))))
        return false;
    json_end(&m.call.reply);
    return json_out_check(&m.call.reply, err);
}

bool jira_hooks_tell_deleted(struct api_call *call, int64_t ticket_id, struct err *err)
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    autofree(str) char *public_url = notifier_public_url(conf);
    const struct id_list none = { 0 };
    const struct jira_event event = { .name = ISSUE_DELETED,
        .ticket_id = ticket_id,
        .actor_id = call->who.account_id,
        .at = call->now,
        .changes = &none,
        .public_url = public_url };

    return jira_event_tell(call->tx, &event, jira_event_write, call->now, err);
}
