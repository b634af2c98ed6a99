/* api/cert_json: see the header. */
#include "api/cert_json.h"

#include <string.h>

#include "api/page.h"
#include "auth/permission.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/cert.h"
#include "store/cert_people.h"

#define USUAL_RECORD 1536 /* bytes of JSON */

static const struct {
    enum action action;
    const char *name;
} rights[] = {
    { ACTION_COMMENT, "comment" },
    { ACTION_EDIT, "edit" },
    { ACTION_SHARE, "share" },
    { ACTION_DELETE, "delete" },
    { ACTION_CHANGE_OWNER, "change_owner" },
    { ACTION_USE_KEY, "use_key" },
};

static const char *const action_names[] = {
    [ACTION_SEE] = "see",
    [ACTION_COMMENT] = "comment on",
    [ACTION_EDIT] = "change",
    [ACTION_SHARE] = "share",
    [ACTION_DELETE] = "delete",
    [ACTION_CHANGE_OWNER] = "give away",
    [ACTION_USE_KEY] = "use the key of",
};

bool cert_json_relations(struct api_call *call, int64_t id, unsigned *ret, struct err *err)
{
    return store_cert_relations(call->tx, id, call->who.account_id, ret, err);
}

bool cert_require(struct api_call *call, int64_t id, enum action action, struct cert_row **ret,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    unsigned relations;

    if (!store_cert_get(call->tx, &viewer, id, &cert, err) ||
        !cert_json_relations(call, id, &relations, err))
        return false;
    if (!permission_allows(&call->who, action, relations))
        return fail(err, ERR_DENIED, "you may not %s this certificate", action_names[action]);
    if (ret)
        *ret = take(&cert);
    return true;
}

static void write_may(struct api_call *call, unsigned relations)
{
    json_begin_array(&call->reply, "may");
    for (size_t i = 0; i < countof(rights); i++)
        if (permission_allows(&call->who, rights[i].action, relations))
            json_str(&call->reply, NULL, rights[i].name);
    json_end(&call->reply);
}

bool cert_sees(struct api_call *call, int64_t id, bool *ret, struct err *err)
{
    unsigned relations;

    if (!cert_json_relations(call, id, &relations, err))
        return false;
    *ret = permission_allows(&call->who, ACTION_SEE, relations);
    return true;
}

bool cert_json_write_may(struct api_call *call, int64_t certificate_id, struct err *err)
{
    unsigned relations;

    if (!cert_json_relations(call, certificate_id, &relations, err))
        return false;
    write_may(call, relations);
    return true;
}

void cert_json_ref(struct json_out *out, const char *key, int64_t id, const char *name)
{
    if (!id) {
        json_put_null(out, key);
        return;
    }
    json_begin_object(out, key);
    json_i64(out, "id", id);
    json_str(out, "name", name);
    json_end(out);
}

void cert_json_endpoint_ref(struct json_out *out, const char *key,
    const struct endpoint_row *endpoint)
{
    json_begin_object(out, key);
    json_i64(out, "id", endpoint->id);
    json_str(out, "host", endpoint->host);
    json_i64(out, "port", endpoint->port);
    json_str(out, "sni", endpoint->sni);
    json_str(out, "protocol", endpoint->protocol);
    json_end(out);
}

void cert_json_key(struct json_out *out, const struct version_row *version)
{
    json_begin_object(out, "key");
    json_str(out, "algorithm", version->key_algorithm);
    json_i64(out, "size", version->key_size);
    json_end(out);
}

void cert_json_brief(struct json_out *out, const char *key, const struct version_row *version)
{
    if (!version) {
        json_put_null(out, key);
        return;
    }
    json_begin_object(out, key);
    json_hex(out, "fingerprint_sha256", span_of(version->sha256, SHA256_SIZE));
    json_str(out, "name", version->name);
    json_str(out, "subject", version->subject);
    json_str(out, "issuer", version->issuer);
    json_time(out, "not_before", version->not_before);
    json_time(out, "not_after", version->not_after);
    cert_json_key(out, version);
    json_end(out);
}

void cert_json_error(struct json_out *out, const char *key, const char *error_class,
    const char *message)
{
    if (!error_class[0]) {
        json_put_null(out, key);
        return;
    }
    json_begin_object(out, key);
    json_str(out, "class", error_class);
    json_str(out, "message", message);
    json_end(out);
}

void cert_json_sans(struct json_out *out, const struct version_row *version)
{
    struct span rest = span_text(version->sans);
    struct span value;

    json_begin_array(out, "sans");
    while (json_next_member(&rest, "value", &value))
        json_raw(out, NULL, value);
    json_end(out);
    json_i64(out, "sans_total", version->n_sans);
}

static void write_current(struct json_out *out, const struct cert_row *cert, int64_t now)
{
    const struct version_row *version = cert->version;

    if (!version) {
        json_put_null(out, "current");
        return;
    }
    json_begin_object(out, "current");
    json_hex(out, "fingerprint_sha256", span_of(version->sha256, SHA256_SIZE));
    json_str(out, "serial", version->serial);
    json_str(out, "subject", version->subject);
    cert_json_sans(out, version);
    json_str(out, "issuer", version->issuer);
    json_time(out, "not_before", version->not_before);
    json_time(out, "not_after", version->not_after);
    json_i64(out, "days_left", clock_days_between(now, version->not_after));
    cert_json_key(out, version);
    json_str(out, "signature_algorithm", version->signature_algorithm);
    json_str(out, "chain_status", cert->chain_status);
    json_bool(out, "self_signed", version->is_self_signed);
    json_end(out);
}

/* The names of those of a kind that `certificate_id` is shared with. */
static void write_shared(struct json_out *out, const char *key, const struct access_rows *people,
    int64_t certificate_id, unsigned relation)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < people->n; i++) {
        const struct access_row *row = &people->items[i];

        if (row->certificate_id == certificate_id && row->relation == relation)
            json_str(out, NULL, row->account ? row->account : row->group);
    }
    json_end(out);
}

static void write_share(struct json_out *out, const struct access_rows *people,
    int64_t certificate_id)
{
    json_begin_object(out, "share");
    write_shared(out, "users", people, certificate_id, RELATION_SHARED_USER);
    write_shared(out, "groups", people, certificate_id, RELATION_SHARED_GROUP);
    json_end(out);
}

static void write_stored_list(struct json_out *out, const char *key, const char *list)
{
    json_raw(out, key, span_text(list));
}

static void write_certificate_id(struct json_out *out, const struct cert_row *cert)
{
    if (!cert->ca_certificate_id && cert->record_version_id)
        json_numbered(out, "certificate_id", "C-", cert->record_version_id, "");
    else
        json_str(out, "certificate_id", cert->ca_certificate_id);
}

static void write_summary(struct json_out *out, const struct cert_row *cert, int64_t now)
{
    bool is_seen = cert->version_id != 0;

    json_i64(out, "id", cert->id);
    write_certificate_id(out, cert);
    json_str(out, "name", cert->name);
    json_str(out, "description", cert->description);
    json_str(out, "source", cert_source_name(cert_row_source(cert)));
    json_str(out, "status", cert_status_name(cert_row_status(cert, now)));
    json_str(out, "stage", cert->stage);
    json_begin_array(out, "flags");
    if (cert->alert[0])
        json_str(out, NULL, cert->alert);
    json_end(out);
    json_time_or_null(out, "expires_at", is_seen ? cert->expires_at : 0);
    if (is_seen)
        json_i64(out, "days_left", clock_days_between(now, cert->expires_at));
    else
        json_put_null(out, "days_left");
    json_str(out, "business_group", cert->business_group);
    json_str(out, "owner", cert->owner);
    json_str(out, "assignee", cert->assignee);
    json_split(out, "tags", cert->tags, ';');
    json_raw(out, "fields", span_text(cert->fields));
    json_str(out, "ticket", cert->ticket_key);
    json_str(out, "profile", cert->profile);
    write_current(out, cert, now);
    json_bool(out, "has_private_key", cert->sealed_key_id != 0);
    write_stored_list(out, "required_names", cert->required_names);
    write_stored_list(out, "notification_periods", cert->notify_periods);
    json_time_or_null(out, "next_notice_at", cert->notify_at);
}

static void write_record(struct api_call *call, const struct cert_row *cert,
    const struct access_rows *people, unsigned relations)
{
    struct json_out *out = &call->reply;

    write_summary(out, cert, call->now);
    json_begin_object(out, "endpoints_summary");
    json_i64(out, "total", cert->n_endpoints);
    json_time_or_null(out, "last_checked_at", cert->last_checked_at);
    json_str(out, "last_error", cert->last_error[0] ? cert->last_error : NULL);
    json_end(out);
    json_split(out, "resources", cert->resources, ';');
    json_time(out, "created_at", cert->created_at);
    json_time(out, "updated_at", cert->updated_at);
    page_write_etag(out, cert->row_version);
    write_share(out, people, cert->id);
    write_may(call, relations);
}

bool cert_json_write(struct api_call *call, const struct cert_row *cert, struct err *err)
{
    autodone(access_rows) struct access_rows people = { 0 };

    if (!store_cert_people_of(call->tx, call->who.account_id, &cert->id, 1, &people, err))
        return false;
    write_record(call, cert, &people, cert_people_relations(&people, cert->id));
    return true;
}

bool cert_json_write_by_id(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(access_rows) struct access_rows people = { 0 };
    autofree(cert_row) struct cert_row *cert = NULL;

    if (!store_cert_get_with_people(call->tx, &viewer, id, &people, &cert, err))
        return false;
    call->etag = cert->row_version;
    write_record(call, cert, &people, cert_people_relations(&people, id));
    return true;
}

void cert_json_write_items(struct api_call *call, const struct cert_rows *certs,
    const struct access_rows *people)
{
    buf_reserve(call->body_out, certs->n * USUAL_RECORD);
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < certs->n; i++) {
        json_begin_object(&call->reply, NULL);
        write_record(call, &certs->items[i], people,
            cert_people_relations(people, certs->items[i].id));
        json_end(&call->reply);
    }
    json_end(&call->reply);
}
