/*
 * api/webhooks: other systems that are told by HTTP. The secret that calls are signed with is made
 * here, shown once, and kept sealed by the vault.
 */
#include "api/webhooks.h"

#include <stdio.h>
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "conf/conf.h"
#include "core/rows_delivery.h"
#include "net/addr.h"
#include "net/host.h"
#include "net/http_client.h"
#include "notify/notifier.h"
#include "notify/webhook/payload.h"
#include "store/sealed_key.h"
#include "store/webhook.h"

#define URL_MAX_CHARS 2000
#define N_TEMPLATES 3
#define SECRET_TEXT_SIZE 71 /* "whsec_", 64 hexadecimal digits, and a NUL */

static const char *const events[] = { EVENT_EXPIRY, EVENT_UNREACHABLE, EVENT_RECOVERED,
    EVENT_RENEWED };

/* A secret that is made and sealed, before the row is. */
struct sealed {
    char row[VAULT_ROW_NAME_SIZE];
    char text[SECRET_TEXT_SIZE];
    struct buf blob;
};

static void sealed_free(void *arg)
{
    struct sealed *sealed = arg;

    secret_wipe(sealed->text, sizeof sealed->text);
    buf_done(&sealed->blob);
    free(sealed);
}

bool webhook_secret_prepare(struct api_call *call, const char *given, struct err *err)
{
    struct sealed *sealed = xcalloc(1, sizeof *sealed);
    struct vault_binding binding = { .purpose = VAULT_SECRET, .row = sealed->row };
    uint8_t bytes[32];

    call->prepared = sealed;
    call->free_prepared = sealed_free;
    buf_init(&sealed->blob, VAULT_SEALED_MAX);
    vault_row_new(sealed->row);
    rand_bytes(bytes, sizeof bytes);
    (void)snprintf(sealed->text, sizeof sealed->text, "whsec_");
    hex_encode(span_of(bytes, sizeof bytes), sealed->text + 6, sizeof sealed->text - 6);
    secret_wipe(bytes, sizeof bytes);
    return vault_seal_secret(call->services->vault, span_text(given ? given : sealed->text),
        &binding, &sealed->blob, err);
}

static bool prepare_secret(struct api_call *call, struct err *err)
{
    return webhook_secret_prepare(call, NULL, err);
}

bool webhook_secret_keep(struct api_call *call, int64_t *ret_id, struct err *err)
{
    const struct sealed *sealed = call->prepared;
    const struct sealed_key_new key = { .purpose = VAULT_SECRET,
        .bound_to = sealed->row,
        .algorithm = "",
        .blob = buf_span(&sealed->blob) };

    return store_sealed_key_add(call->tx, &key, call->now, ret_id, err);
}

static void write_webhook(struct api_call *call, const struct webhook_row *row)
{
    struct json_out *out = &call->reply;

    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    json_str(out, "url", row->url);
    json_str(out, "template", row->template);
    json_split(out, "events", row->events, ' ');
    json_bool(out, "enabled", row->is_enabled);
    json_time(out, "created_at", row->created_at);
    if (row->last_at) {
        json_begin_object(out, "last_delivery");
        json_time(out, "at", row->last_at);
        json_str(out, "state", row->last_state);
        json_str(out, "error", row->last_error[0] ? row->last_error : NULL);
        json_end(out);
    } else {
        json_put_null(out, "last_delivery");
    }
    page_write_etag(out, row->row_version);
}

static bool webhooks_list(struct api_call *call, struct err *err)
{
    autodone(webhook_rows) struct webhook_rows rows = { 0 };

    if (!store_webhooks(call->tx, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_webhook(call, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* An address that may not be gone to is refused at once; a name is judged by what it resolves to,
 * at each call. */
bool webhook_url_check(struct api_call *call, const char *url, struct err *err)
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    autofree(addr_ranges) struct addr_ranges *allow = NULL;
    struct host host;
    int port = 0;

    return http_url_check(url, err) && host_port_parse(span_text(url), &host, &port, err) &&
           addr_ranges_parse(conf_text(conf, CONF_WEBHOOK_ALLOW), &allow, err) &&
           (!host.is_address || addr_permit(&host.addr, allow, err));
}

static void read_url(struct api_call *call, struct json_in *in, const char *url)
{
    struct err err = { 0 };

    if (url[0] && !webhook_url_check(call, url, &err))
        json_in_complain(in, "url", "%s", err.msg);
}

static void read_events(struct json_in *in, struct buf *ret)
{
    size_t n = json_in_array(in, "events", countof(events));

    if (n == 0)
        json_in_complain(in, "events", "name at least one event");
    for (size_t i = 0; i < n; i++) {
        const char *name = json_in_item_text(in, "events", i, 1, 32);
        bool is_known = false;

        for (size_t e = 0; e < countof(events); e++)
            is_known = is_known || strcmp(events[e], name) == 0;
        if (!is_known)
            json_in_complain(in, "events", "\"%s\" is no event", name);
        buf_addf(ret, "%s%s", i ? " " : "", name);
    }
}

/* What others may read: with the beginning of the URL alone, for its path may be a secret. */
static char *describe(const struct webhook_row *row)
{
    const char *after = strstr(row->url, "://");
    size_t n = after ? (size_t)(after - row->url) + 3 : 0;
    autodone(buf) struct buf text = BUF_INIT(4096);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    json_str_span(&out, "url", span_of(row->url, n + strcspn(row->url + n, "/?#")));
    json_str(&out, "template", row->template);
    json_split(&out, "events", row->events, ' ');
    json_bool(&out, "enabled", row->is_enabled);
    json_end(&out);
    return buf_take_text(&text);
}

static bool answer_webhook(struct api_call *call, int64_t id, const char *action,
    const char *before, struct err *err)
{
    autofree(webhook_row) struct webhook_row *row = NULL;

    if (!store_webhook_get(call->tx, id, &row, err))
        return false;
    autofree(str) char *after = describe(row);

    if (!api_audit(call, action, id, row->name, before, after, err))
        return false;
    call->etag = row->row_version;
    write_webhook(call, row);
    return true;
}

static bool webhooks_create(struct api_call *call, struct err *err)
{
    const struct sealed *sealed = call->prepared;
    autodone(buf) struct buf wanted = BUF_INIT(256);
    struct webhook_new webhook = { 0 };
    struct json_in in;
    int64_t id;

    api_body(call, &in);
    webhook.name = json_in_text(&in, "name", 1, 200);
    webhook.url = json_in_text(&in, "url", 1, URL_MAX_CHARS);
    webhook.template =
        payload_templates[json_in_enum_opt(&in, "template", payload_templates, N_TEMPLATES, 0)];
    webhook.is_enabled = json_in_bool_opt(&in, "enabled", true);
    read_url(call, &in, webhook.url);
    read_events(&in, &wanted);
    webhook.events = buf_text(&wanted);
    if (!json_in_end(&in, err) || !webhook_secret_keep(call, &webhook.sealed_key_id, err) ||
        !store_webhook_add(call->tx, &webhook, call->now, &id, err) ||
        !answer_webhook(call, id, "webhook.create", NULL, err))
        return false;
    json_str(&call->reply, "secret", sealed->text);
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/webhooks/%" PRId64, id);
    return true;
}

static bool get_for_edit(struct api_call *call, struct webhook_row **ret, struct err *err)
{
    return store_webhook_get(call->tx, call->path_id, ret, err) &&
           page_check_match(call, (*ret)->row_version, "webhook", err);
}

static void read_edit(struct api_call *call, struct json_in *in, struct webhook_row *row)
{
    autodone(buf) struct buf wanted = BUF_INIT(256);

    if (json_in_has(in, "name"))
        str_set(&row->name, json_in_text(in, "name", 1, 200));
    if (json_in_has(in, "url")) {
        str_set(&row->url, json_in_text(in, "url", 1, URL_MAX_CHARS));
        read_url(call, in, row->url);
    }
    if (json_in_has(in, "template"))
        str_set(&row->template,
            payload_templates[json_in_enum(in, "template", payload_templates, N_TEMPLATES)]);
    if (json_in_has(in, "events")) {
        read_events(in, &wanted);
        str_set(&row->events, buf_text(&wanted));
    }
    row->is_enabled = json_in_bool_opt(in, "enabled", row->is_enabled);
}

static bool webhooks_edit(struct api_call *call, struct err *err)
{
    autofree(webhook_row) struct webhook_row *row = NULL;
    struct json_in in;

    if (!get_for_edit(call, &row, err))
        return false;
    autofree(str) char *before = describe(row);

    api_body(call, &in);
    read_edit(call, &in, row);
    return json_in_end(&in, err) && store_webhook_save(call->tx, row, call->now, err) &&
           answer_webhook(call, row->id, "webhook.edit", before, err);
}

static bool webhooks_delete(struct api_call *call, struct err *err)
{
    autofree(webhook_row) struct webhook_row *row = NULL;

    call->status = 204;
    if (!get_for_edit(call, &row, err))
        return false;
    autofree(str) char *before = describe(row);

    return store_webhook_delete(call->tx, row->id, err) &&
           store_sealed_key_release(call->tx, row->sealed_key_id, err) &&
           api_audit(call, "webhook.delete", row->id, row->name, before, NULL, err);
}

static bool webhooks_new_secret(struct api_call *call, struct err *err)
{
    const struct sealed *sealed = call->prepared;
    autofree(webhook_row) struct webhook_row *row = NULL;
    int64_t old;

    if (!get_for_edit(call, &row, err))
        return false;
    old = row->sealed_key_id;
    if (!webhook_secret_keep(call, &row->sealed_key_id, err) ||
        !store_webhook_save(call->tx, row, call->now, err) ||
        !store_sealed_key_release(call->tx, old, err) ||
        !api_audit(call, "webhook.secret", row->id, row->name, NULL, NULL, err))
        return false;
    call->etag = row->row_version;
    json_str(&call->reply, "secret", sealed->text);
    return true;
}

const struct api_route webhook_routes[] = {
    { "GET", "/webhooks", ROLE_ADMIN, API_READS, webhooks_list, 0 },
    { "POST", "/webhooks", ROLE_ADMIN, API_WRITES, webhooks_create, 0, prepare_secret },
    { "PATCH", "/webhooks/{id}", ROLE_ADMIN, API_WRITES, webhooks_edit, 0 },
    { "DELETE", "/webhooks/{id}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, webhooks_delete, 0 },
    { "POST", "/webhooks/{id}/secret", ROLE_ADMIN, API_WRITES | API_BODY_NONE, webhooks_new_secret,
        0, prepare_secret },
    { 0 },
};
