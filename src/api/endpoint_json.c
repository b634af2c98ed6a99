/* api/endpoint_json: see the header; and GET /endpoints/{id}. */
#include "api/endpoint_json.h"

#include <string.h>

#include "api/cert_json.h"
#include "api/tables.h"
#include "base/err.h"
#include "store/cert.h"
#include "store/endpoint.h"
#include "store/observation.h"
#include "store/version.h"

static bool write_certificates(struct api_call *call, int64_t endpoint_id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(id_list) struct id_list records = { 0 };

    if (!store_endpoint_records(call->tx, &viewer, endpoint_id, &records, err))
        return false;
    json_begin_array(&call->reply, "certificates");
    for (size_t i = 0; i < records.n; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;

        if (!store_cert_get(call->tx, &viewer, records.items[i], &cert, err))
            return false;
        cert_json_ref(&call->reply, NULL, cert->id, cert->name);
    }
    json_end(&call->reply);
    return true;
}

static bool write_chain(struct api_call *call, int64_t chain_id, struct err *err)
{
    autodone(version_rows) struct version_rows chain = { 0 };

    if (chain_id && !store_chain_members(call->tx, chain_id, &chain, err))
        return false;
    json_begin_array(&call->reply, "chain");
    for (size_t i = 0; i < chain.n; i++)
        cert_json_brief(&call->reply, NULL, &chain.items[i]);
    json_end(&call->reply);
    return true;
}

/* What the API calls the part a sight plays; a sibling is as good as current. */
static const char *role_of(const struct compare_sight *sight)
{
    if (!sight)
        return NULL;
    switch (sight->kind) {
    case SIGHT_CURRENT:
    case SIGHT_SIBLING:
        return "current";
    case SIGHT_SUCCESSOR:
        return "successor";
    case SIGHT_ROLLED_BACK:
        return "rolled_back";
    case SIGHT_FOREIGN:
        return "foreign";
    case SIGHT_NOTHING:
        break;
    }
    return NULL;
}

static bool write_observation(struct api_call *call, const struct observation_row *o,
    const struct version_row *version, const struct compare_sight *sight, struct err *err)
{
    struct json_out *out = &call->reply;

    json_begin_object(out, NULL);
    json_i64(out, "id", o->id);
    json_str(out, "address", o->address);
    json_str(out, "slot", o->slot);
    json_str(out, "role", role_of(sight));
    cert_json_brief(out, "version", version);
    if (!write_chain(call, o->chain_id, err))
        return false;
    json_str(out, "chain_status", o->chain_status);
    json_time_or_null(out, "expires_at", o->path_expires_at);
    if (o->version_id)
        json_bool(out, "hostname_match", o->is_name_ok);
    else
        json_put_null(out, "hostname_match");
    json_str(out, "protocol", o->protocol);
    json_str(out, "cipher", o->cipher);
    json_str(out, "group", o->kx_group);
    json_time_or_null(out, "first_seen_at", o->first_seen_at);
    json_time_or_null(out, "last_seen_at", o->last_seen_at);
    json_time(out, "checked_at", o->checked_at);
    cert_json_error(out, "error", o->error_class, o->error);
    json_bool(out, "in_dns", o->is_in_dns);
    json_bool(out, "dead", o->is_waived);
    json_end(out);
    return true;
}

static bool write_judged(struct api_call *call, int64_t endpoint_id,
    const struct judgement *judgement, struct err *err)
{
    for (size_t i = 0; i < judgement->observations.n; i++) {
        const struct observation_row *o = &judgement->observations.items[i];

        if (o->endpoint_id == endpoint_id &&
            !write_observation(call, o, judgement_version(judgement, o->version_id),
                &judgement->result.sights[i], err))
            return false;
    }
    return true;
}

static bool write_unjudged(struct api_call *call, int64_t endpoint_id, struct err *err)
{
    autodone(observation_rows) struct observation_rows rows = { 0 };

    if (!store_observations_of_endpoint(call->tx, endpoint_id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        autofree(version_row) struct version_row *version = NULL;

        if (rows.items[i].version_id &&
            !store_version_get(call->tx, rows.items[i].version_id, &version, err))
            return false;
        if (!write_observation(call, &rows.items[i], version, NULL, err))
            return false;
    }
    return true;
}

bool endpoint_json_write(struct api_call *call, const struct endpoint_row *endpoint,
    const struct judgement *judgement, struct err *err)
{
    struct json_out *out = &call->reply;

    json_i64(out, "id", endpoint->id);
    json_str(out, "host", endpoint->host);
    json_i64(out, "port", endpoint->port);
    json_str(out, "sni", endpoint->sni);
    json_str(out, "protocol", endpoint->protocol);
    if (!write_certificates(call, endpoint->id, err))
        return false;
    json_time(out, "created_at", endpoint->created_at);
    json_time_or_null(out, "last_checked_at", endpoint->last_checked_at);
    json_time_or_null(out, "last_success_at", endpoint->last_success_at);
    json_time_or_null(out, "failing_since", endpoint->failing_since_at);
    json_i64(out, "failures", endpoint->n_failures);
    cert_json_error(out, "error", endpoint->error_class, endpoint->error);
    json_begin_array(out, "observations");
    if (!(judgement ? write_judged(call, endpoint->id, judgement, err)
                    : write_unjudged(call, endpoint->id, err)))
        return false;
    json_end(out);
    return true;
}

static bool endpoints_get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(endpoint_row) struct endpoint_row *endpoint = NULL;

    return store_endpoint_get(call->tx, &viewer, call->path_id, &endpoint, err) &&
           endpoint_json_write(call, endpoint, NULL, err);
}

const struct api_route endpoint_routes[] = {
    { "GET", "/endpoints/{id}", ROLE_USER, API_READS, endpoints_get, 0 },
    { 0 },
};
