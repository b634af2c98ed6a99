/*
 * api/deployments: certificates on their way to resources, and what was seen of them.
 *
 * Who sees the record sees its deployments. To make one takes the right to use its key, and to
 * deploy on the resource.
 */
#include "api/deployments.h"

#include <string.h>

#include "api/cert_json.h"
#include "api/page.h"
#include "api/resource_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/cert.h"
#include "store/deployment.h"
#include "store/resource.h"

static void write_fingerprint(struct json_out *out, const char *key, bool is_known,
    const uint8_t *sha256)
{
    if (is_known)
        json_hex(out, key, span_of(sha256, SHA256_SIZE));
    else
        json_put_null(out, key);
}

static void write_deployment(struct json_out *out, const struct deployment_row *row)
{
    json_i64(out, "id", row->id);
    cert_json_ref(out, "resource", row->resource_id, row->resource);
    json_str(out, "slot", row->slot);
    cert_json_ref(out, "certificate", row->certificate_id, row->certificate);
    write_fingerprint(out, "version", true, row->sha256);
    write_fingerprint(out, "previous", row->previous_version_id != 0, row->previous_sha256);
    json_str(out, "previous_name", row->previous_name[0] ? row->previous_name : NULL);
    json_str(out, "ticket", row->ticket);
    json_str(out, "requested_by", row->account);
    json_str(out, "state", deployment_state_name(row->state));
    json_bool(out, "is_putting_back", row->is_putting_back);
    json_i64(out, "attempts", row->attempts);
    json_str(out, "error", row->error[0] ? row->error : NULL);
    json_raw(out, "addresses", span_text(row->addresses));
    json_time_or_null(out, "prove_until", row->prove_until);
    json_time_or_null(out, "retry_at", row->retry_at);
    json_time(out, "created_at", row->created_at);
    json_time_or_null(out, "started_at", row->started_at);
    json_time(out, "updated_at", row->updated_at);
    json_time_or_null(out, "finished_at", row->finished_at);
}

static bool write_page(struct api_call *call, struct query *query, struct deployment_filter *filter,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(deployment_rows) struct deployment_rows rows = { 0 };
    const char *state = query_text(query, "state", 20);
    enum deployment_state known = DEPLOYMENT_QUEUED;
    int64_t limit = page_limit(query);
    int64_t total = 0;

    filter->before_id = page_after_id(query);
    filter->state = -1;
    if (state && !deployment_state_from_name(state, &known))
        query_complain(query, "state", "there is no such state");
    if (state)
        filter->state = (int)known;
    if (!query_end(query, err) ||
        !store_deployments(call->tx, &viewer, filter, limit + 1, &rows, err) ||
        !store_deployment_count(call->tx, &viewer, filter, &total, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        write_deployment(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, total, false);
    return true;
}

static bool list_of_resource(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *resource = NULL;
    struct deployment_filter filter = { .resource_id = call->path_id };

    return store_resource_get(call->tx, &viewer, call->path_id, &resource, err) &&
           write_page(call, query, &filter, err);
}

static bool list_of_certificate(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct deployment_filter filter = { .certificate_id = call->path_id };

    return cert_require(call, call->path_id, ACTION_SEE, NULL, err) &&
           write_page(call, query, &filter, err);
}

static bool list_all(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct deployment_filter filter = { 0 };

    return write_page(call, query, &filter, err);
}

static bool get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(deployment_row) struct deployment_row *row = NULL;

    if (!store_deployment_get(call->tx, &viewer, call->path_id, &row, err))
        return false;
    write_deployment(&call->reply, row);
    return true;
}

static bool queue(struct api_call *call, const struct resource_row *resource,
    const struct deployment_new *deployment, int64_t *ret_id, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    const struct store_viewer everybody = { .sees_all = true };
    autodone(buf) struct buf after = BUF_INIT(8192);
    struct json_out out;

    if (!store_deployment_add(call->tx, deployment, call->now, ret_id, err) ||
        !store_cert_get(call->tx, &everybody, deployment->certificate_id, &cert, err))
        return false;
    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "resource", resource->name);
    json_str(&out, "slot", deployment->slot);
    json_i64(&out, "certificate", deployment->certificate_id);
    json_end(&out);
    call->wakes_jobs = true;
    return json_out_check(&out, err) &&
           api_audit(call, "deployment.create", *ret_id, cert->name, NULL, buf_text(&after), err);
}

/* *ret_id is 0 where nothing can be brought: no version of the record has its key here. */
static bool place(struct api_call *call, const struct resource_row *resource, const char *slot,
    int64_t certificate_id, int64_t *ret_id, struct err *err)
{
    struct deployment_new deployment = { .resource_id = resource->id,
        .slot = slot,
        .certificate_id = certificate_id,
        .account_id = call->who.account_id };

    *ret_id = 0;
    if (!store_deployment_wanted(call->tx, certificate_id, &deployment.version_id, err))
        return false;
    return !deployment.version_id || queue(call, resource, &deployment, ret_id, err);
}

bool deployments_place(struct api_call *call, const struct resource_row *resource, const char *slot,
    int64_t certificate_id, struct err *err)
{
    int64_t id;

    return !deploy_ops_find(resource->type) ||
           place(call, resource, slot, certificate_id, &id, err);
}

bool deployments_follow(struct api_call *call, int64_t certificate_id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(association_rows) struct association_rows rows = { 0 };
    unsigned relations;

    if (!cert_json_relations(call, certificate_id, &relations, err) ||
        !store_associations(call->tx, &viewer, 0, certificate_id, &rows, err))
        return false;
    if (!permission_allows(&call->who, ACTION_USE_KEY, relations))
        return true;
    for (size_t i = 0; i < rows.n; i++) {
        autofree(resource_row) struct resource_row *resource = NULL;
        bool may = false;

        if (!store_resource_get(call->tx, &viewer, rows.items[i].resource_id, &resource, err) ||
            !resource_may_deploy(call, resource, &may, err) ||
            (may && !deployments_place(call, resource, rows.items[i].slot, certificate_id, err)))
            return false;
    }
    return true;
}

/* Of "slots", or all: the places that were asked for. */
struct wanted {
    const char *slots[DEPLOY_SLOTS_MAX];
    size_t n;
    bool is_all;
};

static bool read_wanted(struct api_call *call, const struct association_rows *rows,
    struct wanted *ret, struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    ret->is_all = !json_in_has(&in, "slots");
    ret->n = json_in_array_opt(&in, "slots", DEPLOY_SLOTS_MAX);
    for (size_t i = 0; i < ret->n; i++) {
        bool is_there = false;

        ret->slots[i] = json_in_item_text(&in, "slots", i, 1, DEPLOY_SLOT_NAME_MAX);
        for (size_t k = 0; k < rows->n; k++)
            is_there |=
                rows->items[k].is_visible && strcmp(rows->items[k].slot, ret->slots[i]) == 0;
        if (!is_there)
            json_in_complain(&in, "slots", "no certificate is in the place \"%s\"", ret->slots[i]);
    }
    return json_in_end(&in, err);
}

static bool is_wanted(const struct wanted *wanted, const struct association_row *row)
{
    bool is_named = wanted->is_all;

    for (size_t i = 0; i < wanted->n; i++)
        is_named |= strcmp(wanted->slots[i], row->slot) == 0;
    return is_named && row->is_visible;
}

/* Named, it must be allowed and possible; of all, those that are. */
static bool deploy_one(struct api_call *call, const struct resource_row *resource,
    const struct association_row *row, bool is_named, int64_t *ret_id, struct err *err)
{
    unsigned relations;

    *ret_id = 0;
    if (is_named && !cert_require(call, row->certificate_id, ACTION_USE_KEY, NULL, err))
        return false;
    if (!cert_json_relations(call, row->certificate_id, &relations, err))
        return false;
    if (!permission_allows(&call->who, ACTION_USE_KEY, relations))
        return true;
    if (!place(call, resource, row->slot, row->certificate_id, ret_id, err))
        return false;
    return *ret_id || !is_named ||
           fail(err, ERR_CONFLICT,
               "there is nothing to deploy in the place \"%s\": the certificate's private key is "
               "not here",
               row->slot);
}

static bool write_new(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(deployment_row) struct deployment_row *row = NULL;

    if (!store_deployment_get(call->tx, &viewer, id, &row, err))
        return false;
    json_begin_object(&call->reply, NULL);
    write_deployment(&call->reply, row);
    json_end(&call->reply);
    return true;
}

/* POST /resources/{id}/deploy: bring what belongs there, now. */
static bool deploy(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *resource = NULL;
    autodone(association_rows) struct association_rows rows = { 0 };
    struct wanted wanted = { 0 };
    size_t n = 0;

    if (!store_resource_get(call->tx, &viewer, call->path_id, &resource, err))
        return false;
    if (!deploy_ops_find(resource->type))
        return fail(err, ERR_CONFLICT, "nothing is deployed to a resource of type \"%s\"",
            resource->type);
    if (!resource_require_deploy(call, resource, err) ||
        !store_associations(call->tx, &viewer, resource->id, 0, &rows, err) ||
        !read_wanted(call, &rows, &wanted, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        int64_t id = 0;

        if (!is_wanted(&wanted, &rows.items[i]))
            continue;
        if (!deploy_one(call, resource, &rows.items[i], !wanted.is_all, &id, err) ||
            (id && !write_new(call, id, err)))
            return false;
        n += id != 0;
    }
    json_end(&call->reply);
    call->status = 202;
    return n > 0 || fail(err, ERR_CONFLICT,
                        "there is nothing on the resource that you could deploy: no certificate "
                        "with its private key here, the key of which you may use");
}

static bool retry(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(deployment_row) struct deployment_row *row = NULL;
    autofree(resource_row) struct resource_row *resource = NULL;

    if (!store_deployment_get(call->tx, &viewer, call->path_id, &row, err) ||
        !cert_require(call, row->certificate_id, ACTION_USE_KEY, NULL, err) ||
        !store_resource_get(call->tx, &viewer, row->resource_id, &resource, err) ||
        !resource_require_deploy(call, resource, err) ||
        !store_deployment_retry(call->tx, row, call->who.account_id, call->now, err) ||
        !api_audit(call, "deployment.retry", row->id, row->certificate, NULL, NULL, err))
        return false;
    write_deployment(&call->reply, row);
    call->status = 202;
    call->wakes_jobs = true;
    return true;
}

const struct api_route deployment_routes[] = {
    { "GET", "/deployments", ROLE_USER, API_READS, list_all, 0 },
    { "GET", "/deployments/{id}", ROLE_USER, API_READS, get, 0 },
    { "POST", "/deployments/{id}/retry", ROLE_USER, API_WRITES | API_BODY_NONE, retry, 0 },
    { "POST", "/resources/{id}/deploy", ROLE_USER, API_WRITES, deploy, 0 },
    { "GET", "/resources/{id}/deployments", ROLE_USER, API_READS, list_of_resource, 0 },
    { "GET", "/certificates/{id}/deployments", ROLE_USER, API_READS, list_of_certificate, 0 },
    { 0 },
};
