/*
 * api/jira/dynamic: webhooks as Cloud's apps register them: several at once, for thirty days, which
 * can be had again. They are called as all others are; api/jira/webhooks keeps those without an
 * end.
 */
#include <stdio.h>
#include <string.h>

#include "api/jira/hooks.h"
#include "api/jira/jira.h"
#include "api/tables.h"
#include "api/webhooks.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "codec/hex.h"
#include "core/jql.h"
#include "store/sealed_key.h"
#include "store/ticket_event.h"
#include "store/webhook.h"

#define DAYS 30
#define URL_MAX_CHARS 2000
#define WEBHOOKS_MAX 100
#define EVENTS_MAX 30

/* Those that the caller has registered for a time that has not passed. */
static bool is_own(const struct api_call *call, const struct jira_webhook_row *row)
{
    return row->account_id == call->who.account_id && row->expires_at > call->now;
}

static void write_webhook(struct api_call *call, const struct jira_webhook_row *row)
{
    struct json_out *out = &call->reply;

    json_begin_object(out, NULL);
    json_i64(out, "id", row->id);
    json_str(out, "jqlFilter", row->jql);
    json_split(out, "events", row->events, ' ');
    json_str(out, "url", row->url);
    json_i64(out, "expirationDate", row->expires_at * 1000);
    json_end(out);
}

static bool dynamic_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(jira_webhook_rows) struct jira_webhook_rows rows = { 0 };
    struct jira_paging paging = jira_paging(query, 100, 100);
    int64_t total = 0;
    int64_t n = 0;

    if (!query_end(query, err) || !store_jira_webhooks(call->tx, &rows, err))
        return false;
    json_begin_array(&call->reply, "values");
    for (size_t i = 0; i < rows.n; i++) {
        if (!is_own(call, &rows.items[i]) || total++ < paging.start_at || n == paging.limit)
            continue;
        write_webhook(call, &rows.items[i]);
        n++;
    }
    json_end(&call->reply);
    jira_write_paging(call, paging, total, (size_t)n);
    return true;
}

static bool remove_one(struct api_call *call, const struct jira_webhook_row *row, struct err *err)
{
    return store_webhook_delete(call->tx, row->id, err) &&
           store_sealed_key_release(call->tx, row->sealed_key_id, err) &&
           api_audit(call, "webhook.delete", row->id, row->name, NULL, NULL, err);
}

/* Make room: what has come to its end goes when its owner comes again. */
static bool remove_expired(struct api_call *call, int64_t *ret_left, struct err *err)
{
    autodone(jira_webhook_rows) struct jira_webhook_rows rows = { 0 };

    *ret_left = 0;
    if (!store_jira_webhooks(call->tx, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        const struct jira_webhook_row *row = &rows.items[i];

        *ret_left += is_own(call, row);
        if (row->account_id == call->who.account_id && row->expires_at &&
            row->expires_at <= call->now && !remove_one(call, row, err))
            return false;
    }
    return true;
}

/* ---- one more ---- */

static void check_events(const struct json *events, struct buf *names, struct err *err)
{
    if (json_list_size(events) == 0 || json_list_size(events) > EVENTS_MAX)
        fail(err, ERR_INVALID, "1 to %d events must be named.", EVENTS_MAX);
    for (size_t i = 0; err->kind == ERR_NONE && i < json_list_size(events); i++) {
        const char *event = json_as_text(json_list_item(events, i));

        if (!event || !jira_event_is_known(event))
            fail(err, ERR_INVALID, "There is no event '%.60s'.", event ? event : "");
        else
            buf_addf(names, "%s%s", names->size ? " " : "", event);
    }
}

/* Apps give none, and the log of deliveries tells webhooks by theirs. */
static void make_name(char ret[static 32])
{
    uint8_t bytes[6];
    char hex[2 * sizeof bytes + 1];

    rand_bytes(bytes, sizeof bytes);
    (void)hex_encode(span_of(bytes, sizeof bytes), hex, sizeof hex);
    (void)snprintf(ret, 32, "jira-%s", hex);
}

static bool add_one(struct api_call *call, const struct json *wish, int64_t key_id, int64_t *ret_id,
    struct err *err)
{
    autodone(buf) struct buf events = BUF_INIT(2048);
    autofree(jql) struct jql *parsed = NULL;
    const char *jql = json_as_text(json_member(wish, "jqlFilter"));
    const char *url = json_as_text(json_member(call->json, "url"));
    autofree(str) char *text = xstrdup(jql ? jql : "");
    char name[32];
    struct webhook_new webhook = { .template = "jira",
        .name = name,
        .url = url,
        .is_enabled = true,
        .sealed_key_id = key_id };
    struct jira_webhook_row row = { .account_id = call->who.account_id,
        .jql = text,
        .expires_at = call->now + DAYS * SECONDS_PER_DAY };

    make_name(name);
    check_events(json_member(wish, "events"), &events, err);
    if (err->kind != ERR_NONE || !jql_parse(span_text(text), &parsed, err))
        return false;
    webhook.events = buf_text(&events);
    if (!store_webhook_add(call->tx, &webhook, call->now, &row.id, err) ||
        !store_jira_webhook_put(call->tx, &row, call->now, err) ||
        !api_audit(call, "webhook.create", row.id, url, NULL, NULL, err))
        return false;
    *ret_id = row.id;
    return true;
}

static bool write_result(struct api_call *call, const struct json *wish, int64_t key_id,
    struct err *err)
{
    struct json_out *out = &call->reply;
    struct err cause = { 0 };
    int64_t id = 0;
    bool works = add_one(call, wish, key_id, &id, &cause);

    if (!works && cause.kind != ERR_INVALID && cause.kind != ERR_LIMIT) {
        *err = cause;
        return false;
    }
    json_begin_object(out, NULL);
    if (works) {
        json_i64(out, "createdWebhookId", id);
    } else {
        json_begin_array(out, "errors");
        json_str(out, NULL, cause.msg);
        json_end(out);
    }
    json_end(out);
    return true;
}

static bool check_registration(struct api_call *call, const struct json *list, struct err *err)
{
    const char *url = json_as_text(json_member(call->json, "url"));
    int64_t n = 0;

    if (!url || strlen(url) > URL_MAX_CHARS)
        return fail(err, ERR_INVALID, "The 'url' must have 1 to %d characters.", URL_MAX_CHARS);
    if (!webhook_url_check(call, url, err))
        return false;
    if (json_list_size(list) == 0)
        return fail(err, ERR_INVALID, "'webhooks' must not be empty.");
    if (!remove_expired(call, &n, err))
        return false;
    if (n + (int64_t)json_list_size(list) > WEBHOOKS_MAX)
        return fail(err, ERR_INVALID, "At most %d webhooks can be registered.", WEBHOOKS_MAX);
    return true;
}

static bool dynamic_register(struct api_call *call, struct err *err)
{
    const struct json *list = json_member(call->json, "webhooks");
    int64_t key_id = 0;

    if (!check_registration(call, list, err) || !webhook_secret_keep(call, &key_id, err))
        return false;
    json_begin_array(&call->reply, "webhookRegistrationResult");
    for (size_t i = 0; i < json_list_size(list); i++)
        if (!write_result(call, json_list_item(list, i), key_id, err))
            return false;
    json_end(&call->reply);
    return store_sealed_key_release(call->tx, key_id, err); /* where none was made */
}

static bool prepare(struct api_call *call, struct err *err)
{
    const char *secret = json_as_text(json_member(call->json, "secret"));

    if (secret && (!*secret || strlen(secret) > 500))
        return fail(err, ERR_INVALID, "A secret has 1 to 500 characters.");
    return webhook_secret_prepare(call, secret, err);
}

/* ---- those that are there ---- */

/* Each of "webhookIds" that is the caller's; others are passed over, as Jira does. */
static bool for_each(struct api_call *call,
    bool (*visit)(struct api_call *call, const struct jira_webhook_row *row, struct err *err),
    struct err *err)
{
    const struct json *ids = json_member(call->json, "webhookIds");

    if (json_list_size(ids) == 0 || json_list_size(ids) > WEBHOOKS_MAX)
        return fail(err, ERR_INVALID, "'webhookIds' must have 1 to %d ids.", WEBHOOKS_MAX);
    for (size_t i = 0; i < json_list_size(ids); i++) {
        autofree(jira_webhook_row) struct jira_webhook_row *row = NULL;
        int64_t id = json_as_i64(json_list_item(ids, i), 0);
        struct err cause = { 0 };

        if (!store_jira_webhook_get(call->tx, id, &row, &cause)) {
            if (cause.kind == ERR_NOT_FOUND)
                continue;
            *err = cause;
            return false;
        }
        if (is_own(call, row) && !visit(call, row, err))
            return false;
    }
    return true;
}

static bool dynamic_delete(struct api_call *call, struct err *err)
{
    call->status = 202;
    return for_each(call, remove_one, err);
}

static bool refresh_one(struct api_call *call, const struct jira_webhook_row *row, struct err *err)
{
    struct jira_webhook_row longer = *row;

    longer.expires_at = call->now + DAYS * SECONDS_PER_DAY;
    return store_jira_webhook_put(call->tx, &longer, call->now, err) &&
           api_audit(call, "webhook.edit", row->id, row->name, NULL, NULL, err);
}

static bool dynamic_refresh(struct api_call *call, struct err *err)
{
    if (!for_each(call, refresh_one, err))
        return false;
    json_i64(&call->reply, "expirationDate", (call->now + DAYS * SECONDS_PER_DAY) * 1000);
    return true;
}

#define WEBHOOK "/rest/api/{version}/webhook"
#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_dynamic_routes[] = {
    { "GET", WEBHOOK, ROLE_ADMIN, READ, dynamic_list, 0 },
    { "POST", WEBHOOK, ROLE_ADMIN, WRITE | API_SECRET_BODY, dynamic_register, 0, prepare },
    { "DELETE", WEBHOOK, ROLE_ADMIN, WRITE | API_REPLY_RAW, dynamic_delete, 0 },
    { "PUT", WEBHOOK "/refresh", ROLE_ADMIN, WRITE, dynamic_refresh, 0 },
    { 0 },
};
