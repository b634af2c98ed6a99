/* api/ca_json: see the header. */
#include "api/ca_json.h"

#include <string.h>

#include "api/page.h"
#include "base/err.h"
#include "store/ca.h"
#include "store/ca_certificate.h"
#include "store/local_ca.h"

static const char *state_of(const struct ca_row *row, const struct local_ca_row *own, int64_t now)
{
    if (row->is_disabled)
        return "disabled";
    if (own->state == LOCAL_CA_ACTIVE && now >= own->not_after)
        return "expired";
    return local_ca_state_name(own->state);
}

/* Names and networks as people write them; other kinds keep what they begin with. */
static void write_list(struct json_out *out, const char *key, const struct json *list)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *name = json_as_text(json_list_item(list, i));

        if (strncmp(name, "dns:", 4) == 0)
            name += 4;
        else if (strncmp(name, "ip:", 3) == 0)
            name += 3;
        json_str(out, NULL, name);
    }
    json_end(out);
}

static bool write_names(struct json_out *out, const char *names, struct err *err)
{
    autofree(json) struct json *json = NULL;

    if (!json_parse(span_text(names), &json, err))
        return false;
    json_begin_object(out, "name_constraints");
    write_list(out, "permitted", json_member(json, "permitted"));
    write_list(out, "excluded", json_member(json, "excluded"));
    json_end(out);
    return true;
}

static void write_crl(struct json_out *out, const struct local_ca_row *own, int64_t now)
{
    enum crl_state state = local_ca_crl_state(own, now);

    if (state == CRL_NONE) {
        json_put_null(out, "crl");
        return;
    }
    json_begin_object(out, "crl");
    json_i64(out, "number", own->crl_number);
    json_time(out, "this_update", own->crl_this_at);
    json_time(out, "next_update", own->crl_next_at);
    json_bool(out, "is_stale", state != CRL_FRESH);
    json_end(out);
}

static bool write_counts(struct api_call *call, const struct ca_row *row,
    const struct local_ca_row *own, struct err *err)
{
    struct json_out *out = &call->reply;
    int64_t n = 0, n_revoked = 0;

    if (!permission_sees_all(&call->who)) {
        json_put_null(out, "n_certificates");
        json_put_null(out, "n_revoked");
        json_put_null(out, "n_profiles");
        json_put_null(out, "certificate");
        return true;
    }
    if (!store_ca_certificate_counts(call->tx, row->id, &n, &n_revoked, err))
        return false;
    json_i64(out, "n_certificates", n);
    json_i64(out, "n_revoked", n_revoked);
    json_i64(out, "n_profiles", row->n_profiles);
    json_i64_or_null(out, "certificate", own->certificate_id);
    return true;
}

bool ca_json_write(struct api_call *call, const struct ca_row *row, struct err *err)
{
    struct json_out *out = &call->reply;
    autofree(local_ca_row) struct local_ca_row *own = NULL;

    if (!store_local_ca_get(call->tx, row->id, &own, err))
        return false;
    json_str(out, "name", row->name);
    json_str(out, "description", row->description);
    json_str(out, "type", row->type);
    json_str(out, "kind", own->is_root ? "root" : "intermediate");
    json_str(out, "state", state_of(row, own, call->now));
    json_str(out, "subject", own->subject);
    json_str(out, "key_algorithm", own->key_algorithm);
    json_str(out, "key_storage", own->key_storage);
    json_str(out, "public_url", own->public_url);
    json_bool(out, "url_is_fixed", own->is_url_fixed);
    json_time_or_null(out, "not_before", own->not_before);
    json_time_or_null(out, "not_after", own->not_after);
    if (own->path_length >= 0)
        json_i64(out, "pathlen", own->path_length);
    else
        json_put_null(out, "pathlen");
    if (!write_names(out, own->names, err))
        return false;
    write_crl(out, own, call->now);
    if (!write_counts(call, row, own, err))
        return false;
    json_bool(out, "is_staging", row->is_staging);
    json_bool(out, "disabled", row->is_disabled);
    json_time(out, "created_at", row->created_at);
    page_write_etag(out, row->row_version);
    return true;
}

bool ca_json_find(struct api_call *call, struct tx *tx, struct ca_row **ret, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;

    if (!store_ca_find(tx, call->path_text, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no certificate authority \"%s\"",
            call->path_text);
    *ret = take(&row);
    return true;
}

bool ca_json_answer(struct api_call *call, const char *name, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;

    if (!store_ca_find(call->tx, name, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_INTERNAL, "the certificate authority %s is gone", name);
    call->etag = row->row_version;
    return ca_json_write(call, row, err);
}

/* What somebody should see to; NULL: nothing. A disabled one still tells of what it issued. */
static const char *trouble_of(const struct ca_row *row, const struct local_ca_row *own, int64_t now,
    const char **ret_message)
{
    if (own->state == LOCAL_CA_AWAITING) {
        *ret_message = "it awaits its certificate: somebody must sign its request";
        return row->is_disabled ? NULL : "awaiting_certificate";
    }
    if (now >= own->not_after) {
        *ret_message = "its certificate has expired";
        return row->is_disabled ? NULL : "expired";
    }
    switch (local_ca_crl_state(own, now)) {
    case CRL_STALE:
    case CRL_NONE:
        *ret_message = "nobody believes its list of revoked certificates any more";
        return own->crl_number ? "crl_stale" : NULL;
    case CRL_ENDING:
        *ret_message = "its list of revoked certificates should have been renewed long ago";
        return "crl_ending";
    case CRL_FRESH:
        break;
    }
    return NULL;
}

bool ca_json_write_troubles(struct api_call *call, struct err *err)
{
    autodone(ca_rows) struct ca_rows rows = { 0 };
    struct json_out *out = &call->reply;

    if (permission_sees_all(&call->who) && !store_cas(call->tx, &rows, err))
        return false;
    json_begin_array(out, "cas");
    for (size_t i = 0; i < rows.n; i++) {
        autofree(local_ca_row) struct local_ca_row *own = NULL;
        const char *message = NULL;

        if (!store_local_ca_get(call->tx, rows.items[i].id, &own, err))
            return false;
        const char *trouble = trouble_of(&rows.items[i], own, call->now, &message);

        if (!trouble)
            continue;
        json_begin_object(out, NULL);
        json_str(out, "name", rows.items[i].name);
        json_str(out, "trouble", trouble);
        json_str(out, "message", message);
        json_end(out);
    }
    json_end(out);
    return true;
}
