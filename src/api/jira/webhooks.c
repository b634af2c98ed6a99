/*
 * api/jira/webhooks: programs that are called when something happens to tickets, as Data Center's
 * clients register them. For admins, as in Jira; a webhook tells of what its maker may see.
 */
#include <string.h>

#include "api/jira/hooks.h"
#include "api/jira/jira.h"
#include "api/tables.h"
#include "api/webhooks.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/jql.h"
#include "store/sealed_key.h"
#include "store/ticket_event.h"
#include "store/webhook.h"

#define URL_MAX_CHARS 2000
#define EVENTS_MAX 30
#define ROOT "/rest/webhooks/1.0/webhook"

static void write_webhook(struct api_call *call, const struct jira_webhook_row *row)
{
    struct json_out *out = &call->reply;

    json_str(out, "name", row->name);
    json_str(out, "url", row->url);
    json_split(out, "events", row->events, ' ');
    json_begin_object(out, "filters");
    json_str(out, "issue-related-events-section", row->jql);
    json_end(out);
    json_bool(out, "excludeBody", row->excludes_body);
    json_bool(out, "enabled", row->is_enabled);
    json_bool(out, "isSigned", true);
    jira_link(call, "self", ROOT "/%" PRId64, row->id);
    json_str(out, "lastUpdatedUser", row->account);
    json_str(out, "lastUpdatedDisplayName", row->account);
    json_i64(out, "lastUpdated", row->updated_at * 1000);
}

static bool webhooks_list(struct api_call *call, struct err *err)
{
    autodone(jira_webhook_rows) struct jira_webhook_rows rows = { 0 };

    if (!store_jira_webhooks(call->tx, &rows, err))
        return false;
    jira_begin_list(call);
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.items[i].expires_at) /* api/jira/dynamic lists it */
            continue;
        json_begin_object(&call->reply, NULL);
        write_webhook(call, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool webhooks_get(struct api_call *call, struct err *err)
{
    autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;

    if (!store_jira_webhook_get(call->tx, call->path_id, &row, err))
        return false;
    write_webhook(call, row);
    return true;
}

/* ---- what is said of one ---- */

struct said {
    const char *name;
    const char *url;
    struct buf events;
    const char *jql;
};

static void said_done(struct said *said)
{
    buf_done(&said->events);
}
DEFINE_AUTODONE(said);

static void read_events(struct api_call *call, const struct json *events, struct said *said)
{
    for (size_t i = 0; i < json_list_size(events) && i < EVENTS_MAX; i++) {
        const char *event = json_as_text(json_list_item(events, i));

        if (!event || !jira_event_is_known(event))
            json_problems_addf(call->problems, "events", "There is no event '%.60s'.",
                event ? event : "");
        else
            buf_addf(&said->events, "%s%s", said->events.size ? " " : "", event);
    }
}

/* "filters": {"issue-related-events-section": JQL}, or "filter": JQL. */
static void read_filter(struct api_call *call, struct said *said)
{
    const struct json *filters = json_member(call->json, "filters");
    const char *jql = json_as_text(json_member(filters, "issue-related-events-section"));
    autofree(jql) struct jql *parsed = NULL;
    struct err err = { 0 };

    if (!jql)
        jql = json_as_text(json_member(call->json, "filter"));
    if (!jql)
        jql = json_as_text(json_member(call->json, "jqlFilter"));
    said->jql = jql;
    if (jql && !jql_parse(span_text(jql), &parsed, &err))
        json_problems_add(call->problems, "filters", err.msg);
}

static void read_webhook(struct api_call *call, bool is_new, struct said *said)
{
    const struct json *events = json_member(call->json, "events");
    struct err err = { 0 };

    said->events = (struct buf)BUF_INIT(2048);
    said->name = json_as_text(json_member(call->json, "name"));
    said->url = json_as_text(json_member(call->json, "url"));
    if ((is_new && !said->name) || (said->name && (!*said->name || strlen(said->name) > 200)))
        json_problems_add(call->problems, "name", "A name of 1 to 200 characters is needed.");
    if (is_new && !said->url)
        json_problems_add(call->problems, "url", "An address is needed.");
    if (said->url &&
        (strlen(said->url) > URL_MAX_CHARS || !webhook_url_check(call, said->url, &err)))
        json_problems_add(call->problems, "url", err.msg[0] ? err.msg : "It is too long.");
    read_events(call, events, said);
    if (is_new && json_list_size(events) == 0)
        json_problems_add(call->problems, "events", "Name at least one event.");
    read_filter(call, said);
}

static bool answer(struct api_call *call, int64_t id, const char *action, struct err *err)
{
    autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;

    if (!store_jira_webhook_get(call->tx, id, &row, err) ||
        !api_audit(call, action, id, row->name, NULL, NULL, err))
        return false;
    write_webhook(call, row);
    return true;
}

static bool prepare(struct api_call *call, struct err *err)
{
    const char *secret = json_as_text(json_member(call->json, "secret"));

    if (secret && (strlen(secret) > 500 || !*secret)) {
        json_problems_add(call->problems, "secret", "A secret has 1 to 500 characters.");
        return jira_check(call, err);
    }
    return webhook_secret_prepare(call, secret, err);
}

static bool webhooks_create(struct api_call *call, struct err *err)
{
    autodone(said) struct said said = { 0 };
    struct webhook_new webhook = { .template = "jira" };
    struct jira_webhook_row row = { .account_id = call->who.account_id };
    char nothing[] = "";

    read_webhook(call, true, &said);
    if (!jira_check(call, err))
        return false;
    webhook.name = said.name;
    webhook.url = said.url;
    webhook.events = buf_text(&said.events);
    webhook.is_enabled = json_as_bool(json_member(call->json, "enabled"), true);
    autofree(str) char *jql = xstrdup(said.jql ? said.jql : nothing);

    row.jql = jql;
    row.excludes_body = json_as_bool(json_member(call->json, "excludeBody"), false);
    if (!webhook_secret_keep(call, &webhook.sealed_key_id, err) ||
        !store_webhook_add(call->tx, &webhook, call->now, &row.id, err) ||
        !store_jira_webhook_put(call->tx, &row, call->now, err))
        return false;
    call->status = 201;
    return answer(call, row.id, "webhook.create", err);
}

static bool webhooks_edit(struct api_call *call, struct err *err)
{
    autodone(said) struct said said = { 0 };
    autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;
    autofree(webhook_row) struct webhook_row *webhook = NULL;

    if (!store_jira_webhook_get(call->tx, call->path_id, &row, err) ||
        !store_webhook_get(call->tx, call->path_id, &webhook, err))
        return false;
    read_webhook(call, false, &said);
    if (!jira_check(call, err))
        return false;
    if (said.name)
        str_set(&webhook->name, said.name);
    if (said.url)
        str_set(&webhook->url, said.url);
    if (said.events.size)
        str_set(&webhook->events, buf_text(&said.events));
    if (said.jql)
        str_set(&row->jql, said.jql);
    webhook->is_enabled = json_as_bool(json_member(call->json, "enabled"), webhook->is_enabled);
    row->excludes_body = json_as_bool(json_member(call->json, "excludeBody"), row->excludes_body);
    return store_webhook_save(call->tx, webhook, call->now, err) &&
           store_jira_webhook_put(call->tx, row, call->now, err) &&
           answer(call, row->id, "webhook.edit", err);
}

static bool webhooks_delete(struct api_call *call, struct err *err)
{
    autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;

    call->status = 204;
    return store_jira_webhook_get(call->tx, call->path_id, &row, err) &&
           store_webhook_delete(call->tx, row->id, err) &&
           store_sealed_key_release(call->tx, row->sealed_key_id, err) &&
           api_audit(call, "webhook.delete", row->id, row->name, NULL, NULL, err);
}

#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_webhook_routes[] = {
    { "GET", ROOT, ROLE_ADMIN, API_READS | API_AT_ROOT | API_REPLY_RAW, webhooks_list, 0 },
    { "POST", ROOT, ROLE_ADMIN, WRITE | API_SECRET_BODY, webhooks_create, 0, prepare },
    { "GET", ROOT "/{id}", ROLE_ADMIN, READ, webhooks_get, 0 },
    { "PUT", ROOT "/{id}", ROLE_ADMIN, WRITE, webhooks_edit, 0 },
    { "DELETE", ROOT "/{id}", ROLE_ADMIN, WRITE, webhooks_delete, 0 },
    { 0 },
};
