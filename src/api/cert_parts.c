/* api/cert_parts: what a record consists of: its endpoints, its versions, its log, what is proposed
 * for it. */
#include <string.h>

#include "api/audit.h"
#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/cert_warnings.h"
#include "api/endpoint_json.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/hostport.h"
#include "monitor/add.h"
#include "monitor/judge.h"
#include "store/cert.h"
#include "store/cert_refresh.h"
#include "store/endpoint.h"
#include "store/record_version.h"
#include "store/version.h"

static bool endpoints_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(judgement) struct judgement judgement = { 0 };
    int64_t limit = page_limit(query);
    int64_t after = page_after_id(query);
    int64_t last = 0;
    int64_t n = 0;

    if (!query_end(query, err) || !cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !judge_record(call->tx, call->path_id, call->now, &judgement, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (int64_t i = after; i < (int64_t)judgement.endpoints.n && n < limit; i++, n++) {
        json_begin_object(&call->reply, NULL);
        if (!endpoint_json_write(call, &judgement.endpoints.items[i], &judgement, err))
            return false;
        json_end(&call->reply);
        last = i + 1;
    }
    json_end(&call->reply);
    page_end_id(call, last < (int64_t)judgement.endpoints.n ? last : 0,
        (int64_t)judgement.endpoints.n, false);
    return true;
}

static bool endpoints_add(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(endpoint_row) struct endpoint_row *endpoint = NULL;
    const struct store_viewer viewer = api_viewer(call);
    struct watch_place place = { 0 };
    int64_t id;
    int64_t job;

    if (!cert_require(call, call->path_id, ACTION_EDIT, &cert, err) ||
        !cert_new_read_place(call, &place, err) ||
        !watch_add_place(call->tx, cert->id, &place, call->now, &id, err) ||
        !watch_look(call->tx, cert->id, call->who.account_id, call->now, &job, err) ||
        !store_endpoint_get(call->tx, &viewer, id, &endpoint, err))
        return false;
    if (!api_audit(call, "certificate.endpoint_add", cert->id, cert->name, NULL,
            hostport_text(place.host, place.port).text, err))
        return false;
    cert_json_endpoint_ref(&call->reply, "endpoint", endpoint);
    json_i64(&call->reply, "job", job);
    call->status = 201;
    call->wakes_jobs = true;
    return true;
}

static bool endpoints_remove(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(endpoint_row) struct endpoint_row *endpoint = NULL;
    const struct store_viewer viewer = api_viewer(call);
    int64_t id;
    int64_t job;

    if (!parse_i64(span_text(call->path_text), 1, INT64_MAX, &id, NULL))
        return fail(err, ERR_NOT_FOUND, "there is no endpoint \"%s\"", call->path_text);
    if (!cert_require(call, call->path_id, ACTION_EDIT, &cert, err) ||
        !store_endpoint_get(call->tx, &viewer, id, &endpoint, err) ||
        !store_endpoint_detach(call->tx, cert->id, id, err) ||
        !watch_look(call->tx, cert->id, call->who.account_id, call->now, &job, err))
        return false;
    call->status = 204;
    call->wakes_jobs = true;
    return api_audit(call, "certificate.endpoint_remove", cert->id, cert->name,
        hostport_text(endpoint->host, endpoint->port).text, NULL, err);
}

static void write_version(struct json_out *out, const struct record_version_row *row, int64_t now)
{
    const struct version_row *version = row->version;
    char id[32];

    (void)snprintf(id, sizeof id, "C-%" PRId64, row->id);
    json_begin_object(out, NULL);
    json_str(out, "certificate_id", row->ca_certificate_id ? row->ca_certificate_id : id);
    json_hex(out, "fingerprint_sha256", span_of(version->sha256, SHA256_SIZE));
    json_str(out, "slot", row->slot);
    json_str(out, "role", version_role_name(row->role));
    json_str(out, "origin", version_origin_name(row->origin));
    json_time(out, "since", row->since_at);
    json_str(out, "name", version->name);
    json_str(out, "serial", version->serial);
    json_str(out, "subject", version->subject);
    cert_json_sans(out, version);
    json_str(out, "issuer", version->issuer);
    json_time(out, "not_before", version->not_before);
    json_time(out, "not_after", version->not_after);
    json_time(out, "expires_at", row->path_expires_at);
    json_i64(out, "days_left", clock_days_between(now, row->path_expires_at));
    cert_json_key(out, version);
    json_str(out, "signature_algorithm", version->signature_algorithm);
    json_bool(out, "self_signed", version->is_self_signed);
    json_bool(out, "staging", version->is_staging);
    json_str(out, "chain_status", row->chain_status);
    json_bool(out, "has_private_key", row->sealed_key_id != 0);
    json_begin_array(out, "warnings");
    cert_warnings_write(out, row, now);
    json_end(out);
    json_end(out);
}

static bool versions_list(struct api_call *call, struct err *err)
{
    autodone(record_version_rows) struct record_version_rows rows = { 0 };

    if (!cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !store_record_versions(call->tx, call->path_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++)
        write_version(&call->reply, &rows.items[i], call->now);
    json_end(&call->reply);
    page_end(call, NULL, (int64_t)rows.n, false);
    return true;
}

static bool log_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct audit_filter filter = { .object_type = "certificate",
        .object_id = call->path_id,
        .before_id = page_after_id(query) };
    int64_t limit = page_limit(query);

    return query_end(query, err) && cert_require(call, call->path_id, ACTION_SEE, NULL, err) &&
           audit_write_page(call, &filter, limit, err);
}

/* Other records, which the caller may edit, that have this one's current version. */
static bool write_merges(struct api_call *call, const struct judgement *judgement, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(id_list) struct id_list records = { 0 };

    json_begin_array(&call->reply, "merge");
    if (judgement->cert->version_id &&
        !store_version_records(call->tx, judgement->cert->version_id, &records, err))
        return false;
    for (size_t i = 0; i < records.n; i++) {
        autofree(cert_row) struct cert_row *other = NULL;
        struct err hidden = { 0 };
        unsigned relations;

        if (records.items[i] == judgement->cert->id ||
            !store_cert_get(call->tx, &viewer, records.items[i], &other, &hidden))
            continue;
        if (!cert_json_relations(call, other->id, &relations, err))
            return false;
        if (other->version_id == judgement->cert->version_id &&
            permission_allows(&call->who, ACTION_EDIT, relations))
            cert_json_ref(&call->reply, NULL, other->id, other->name);
    }
    json_end(&call->reply);
    return true;
}

static bool serves_foreign(const struct judgement *j, size_t endpoint, int64_t version_id)
{
    for (size_t i = 0; i < j->observations.n; i++)
        if (j->observations.items[i].endpoint_id == j->endpoints.items[endpoint].id &&
            j->observations.items[i].version_id == version_id &&
            j->result.sights[i].kind == SIGHT_FOREIGN && j->result.sights[i].counts)
            return true;
    return false;
}

/* Unrelated certificates that the record's endpoints serve: each wants a record of its own. */
static void write_splits(struct json_out *out, const struct judgement *j)
{
    json_begin_array(out, "split");
    for (size_t v = 0; v < j->n_input; v++) {
        bool is_begun = false;

        for (size_t e = 0; e < j->endpoints.n; e++) {
            if (!serves_foreign(j, e, j->input[v].id))
                continue;
            if (!is_begun) {
                json_begin_object(out, NULL);
                cert_json_brief(out, "version", judgement_version(j, j->input[v].id));
                json_begin_array(out, "endpoints");
                is_begun = true;
            }
            cert_json_endpoint_ref(out, NULL, &j->endpoints.items[e]);
        }
        if (is_begun) {
            json_end(out);
            json_end(out);
        }
    }
    json_end(out);
}

static bool proposals_get(struct api_call *call, struct err *err)
{
    autodone(judgement) struct judgement judgement = { 0 };

    if (!cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !judge_record(call->tx, call->path_id, call->now, &judgement, err) ||
        !write_merges(call, &judgement, err))
        return false;
    write_splits(&call->reply, &judgement);
    return true;
}

const struct api_route certificate_part_routes[] = {
    { "GET", "/certificates/{id}/endpoints", ROLE_USER, API_READS, endpoints_list, 0 },
    { "POST", "/certificates/{id}/endpoints", ROLE_USER, API_WRITES | API_IDEMPOTENT, endpoints_add,
        0 },
    { "DELETE", "/certificates/{id}/endpoints/{key}", ROLE_USER, API_WRITES | API_BODY_NONE,
        endpoints_remove, 0 },
    { "GET", "/certificates/{id}/versions", ROLE_USER, API_READS, versions_list, 0 },
    { "GET", "/certificates/{id}/log", ROLE_USER, API_READS, log_list, 0 },
    { "GET", "/certificates/{id}/proposals", ROLE_USER, API_READS, proposals_get, 0 },
    { 0 },
};
