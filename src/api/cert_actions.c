/* api/cert_actions: what is done with records: looked at again, one or many; added by the list;
 * confirmed. */
#include <string.h>

#include "api/cert_fields.h"
#include "api/cert_filter.h"
#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/tables.h"
#include "base/err.h"
#include "codec/hex.h"
#include "monitor/add.h"
#include "monitor/confirm.h"
#include "store/cert.h"

#define HOSTS_MAX 500000

static bool update_one(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    int64_t job;

    if (!cert_require(call, call->path_id, ACTION_EDIT, &cert, err))
        return false;
    if (cert->n_endpoints == 0) {
        json_put_null(&call->reply, "job");
        json_str(&call->reply, "message", "nothing to probe: the record has no endpoint");
        return true;
    }
    if (!watch_look(call->tx, cert->id, call->who.account_id, call->now, &job, err))
        return false;
    json_i64(&call->reply, "job", job);
    call->status = 202;
    call->wakes_jobs = true;
    return true;
}

static bool update_many(struct api_call *call, struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    cert_selection_check(&in);
    return json_in_end(&in, err) && api_start_job(call, "update", err);
}

/* Checked here as far as all lines share it; the lines themselves are the job's. */
static bool add_many(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf ignored = BUF_INIT(65536);
    autodone(cert_fields) struct cert_fields fields = { 0 };
    struct cert_people_edit people;
    struct watch_place place;
    struct json_in in;
    const char *field;

    api_body(call, &in);
    (void)json_in_text(&in, "hosts", 1, HOSTS_MAX);
    const char *protocol = json_in_text_opt(&in, "protocol", 1, 16, NULL);
    (void)json_in_text_opt(&in, "business_group", 0, 200, "");

    cert_new_read_tags(&in, &ignored);
    if (protocol && !watch_place_parse("localhost", 0, NULL, protocol, &place, &field, err))
        json_in_complain(&in, "protocol", "there is no protocol \"%s\"", protocol);
    return cert_new_read_people(call, &in, NULL, &people, err) &&
           cert_fields_read(call, &in, true, &fields, err) && json_in_end(&in, err) &&
           api_start_job(call, "add", err);
}

static bool confirm(struct api_call *call, struct err *err)
{
    static const char *const kinds[] = { "current", "dead_address" };
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(cert_row) struct cert_row *after = NULL;
    const struct store_viewer viewer = api_viewer(call);
    uint8_t sha256[SHA256_SIZE] = { 0 };
    struct json_in in;
    bool works;

    if (!cert_require(call, call->path_id, ACTION_EDIT, &cert, err))
        return false;
    api_body(call, &in);
    int kind = json_in_enum(&in, "kind", kinds, countof(kinds));
    const char *fingerprint = json_in_text_opt(&in, "fingerprint_sha256", 64, 64, NULL);
    int64_t endpoint = json_in_i64_opt(&in, "endpoint_id", 1, INT64_MAX, 0);
    const char *address = json_in_text_opt(&in, "address", 1, 64, NULL);
    bool undo = json_in_bool_opt(&in, "undo", false);

    if (kind == 0 && !fingerprint)
        json_in_complain(&in, "fingerprint_sha256", "needed to say what is current");
    if (fingerprint && !hex_decode(span_text(fingerprint), sha256, sizeof sha256, NULL))
        json_in_complain(&in, "fingerprint_sha256", "not 64 hexadecimal digits");
    if (kind == 1 && (!endpoint || !address))
        json_in_complain(&in, "address", "endpoint_id and address are needed to say what is dead");
    if (!json_in_end(&in, err))
        return false;
    if (kind == 0)
        works = confirm_current(call->tx, cert->id, sha256, call->now, err);
    else
        works = confirm_dead(call->tx, cert->id, endpoint, address, !undo, call->now, err);
    if (!works ||
        !api_audit(call, kind == 0 ? "certificate.confirm_current" : "certificate.confirm_dead",
            cert->id, cert->name, NULL, kind == 0 ? fingerprint : address, err) ||
        !store_cert_get(call->tx, &viewer, cert->id, &after, err))
        return false;
    call->etag = after->row_version;
    return cert_json_write(call, after, err);
}

const struct api_route certificate_action_routes[] = {
    { "POST", "/certificates/bulk", ROLE_USER, API_WRITES | API_IDEMPOTENT, add_many, 0 },
    { "POST", "/certificates/update", ROLE_USER, API_WRITES | API_IDEMPOTENT, update_many, 0 },
    { "POST", "/certificates/{id}/update", ROLE_USER, API_WRITES, update_one, 0 },
    { "POST", "/certificates/{id}/confirm", ROLE_USER, API_WRITES, confirm, 0 },
    { 0 },
};
