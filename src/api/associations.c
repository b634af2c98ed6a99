/*
 * api/associations: which record is in which place of a resource.
 *
 * Who puts a certificate somewhere must have the right to use its key, and, where certificates are
 * brought, to deploy there; who takes it away, the right to change the record. Places whose record
 * the caller may not see are neither shown nor touched. A list is saved whole, in one transaction:
 * old and new change places at once.
 */
#include <string.h>

#include "api/cert_json.h"
#include "api/deployments.h"
#include "api/page.h"
#include "api/resource_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/cert.h"
#include "store/resource.h"

#define PLACES_MAX 1000

/* One of "items". */
struct place {
    const char *slot;
    int64_t certificate_id;
    bool is_kept; /* it is there already */
};

struct save {
    const struct resource_row *resource;
    struct association_rows now;
    struct place *places;
    size_t n_places;
};

static void save_done(struct save *save)
{
    association_rows_done(&save->now);
    free(save->places);
}
DEFINE_AUTODONE(save);

static bool write_association(struct api_call *call, const struct association_row *row,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    struct json_out *out = &call->reply;

    if (!store_cert_get(call->tx, &viewer, row->certificate_id, &cert, err))
        return false;
    json_begin_object(out, NULL);
    json_i64(out, "id", row->id);
    json_str(out, "slot", row->slot);
    cert_json_ref(out, "certificate", cert->id, cert->name);
    json_str(out, "status", cert_status_name(cert_row_status(cert, call->now)));
    json_time_or_null(out, "expires_at", cert->version_id ? cert->expires_at : 0);
    json_time(out, "created_at", row->created_at);
    json_end(out);
    return true;
}

static bool write_associations(struct api_call *call, int64_t resource_id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *resource = NULL;
    autodone(association_rows) struct association_rows rows = { 0 };

    if (!store_resource_get(call->tx, &viewer, resource_id, &resource, err) ||
        !store_associations(call->tx, &viewer, resource_id, 0, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.items[i].is_visible && !write_association(call, &rows.items[i], err))
            return false;
    }
    json_end(&call->reply);
    page_write_etag(&call->reply, resource->row_version);
    call->etag = resource->row_version;
    return true;
}

static bool associations_list(struct api_call *call, struct err *err)
{
    return write_associations(call, call->path_id, err);
}

static struct place *find_place(const struct save *save, const char *slot)
{
    for (size_t i = 0; i < save->n_places; i++)
        if (strcmp(save->places[i].slot, slot) == 0)
            return &save->places[i];
    return NULL;
}

static bool read_places(struct api_call *call, struct save *save, struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    size_t n = json_in_array(&in, "items", PLACES_MAX);

    save->places = xcalloc(n, sizeof *save->places);
    for (size_t i = 0; i < n; i++) {
        struct json_in item;

        if (!json_in_item_object(&in, "items", i, &item))
            continue;
        const char *slot = json_in_text_opt(&item, "slot", 0, 200, "");
        int64_t certificate = json_in_i64(&item, "certificate", 1, INT64_MAX);

        if (find_place(save, slot))
            json_in_complain(&item, "slot", "given more than once");
        save->places[save->n_places++] =
            (struct place){ .slot = slot, .certificate_id = certificate };
        json_in_leave(&item);
    }
    return json_in_end(&in, err);
}

/* A record in the body that is not there is a wrong body, not a path that leads nowhere. */
static bool require_new(struct api_call *call, size_t i, int64_t certificate_id,
    struct cert_row **ret, struct err *err)
{
    char field[40];

    if (cert_require(call, certificate_id, ACTION_USE_KEY, ret, err))
        return true;
    if (err->kind != ERR_NOT_FOUND)
        return false;
    (void)snprintf(field, sizeof field, "items[%zu].certificate", i);
    json_problems_addf(call->problems, field, "there is no certificate %" PRId64, certificate_id);
    return fail(err, ERR_INVALID, "%s: there is no certificate %" PRId64, field, certificate_id);
}

static bool note(struct api_call *call, const char *action, const struct cert_row *cert,
    const char *resource, const char *slot, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(8192);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    json_str(&out, "resource", resource);
    json_str(&out, "slot", slot);
    json_end(&out);
    return api_audit(call, action, cert->id, cert->name, NULL, buf_text(&text), err);
}

static bool take_away(struct api_call *call, const struct association_row *row, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;

    return cert_require(call, row->certificate_id, ACTION_EDIT, &cert, err) &&
           store_association_delete(call->tx, row, err) &&
           note(call, "certificate.disassociate", cert, row->resource, row->slot, err);
}

/* What the list does not name any more, or names for another record. */
static bool take_away_old(struct api_call *call, struct save *save, struct err *err)
{
    for (size_t i = 0; i < save->now.n; i++) {
        const struct association_row *row = &save->now.items[i];
        struct place *place = find_place(save, row->slot);

        if (!row->is_visible && place)
            return fail(err, ERR_CONFLICT, "the place \"%s\" is taken", row->slot);
        if (!row->is_visible)
            continue;
        if (place && place->certificate_id == row->certificate_id)
            place->is_kept = true;
        else if (!take_away(call, row, err))
            return false;
    }
    return true;
}

/* A resource that certificates are brought to has the places that its settings name. */
static bool check_place(struct api_call *call, const struct resource_row *resource,
    const char *slot, const char *field, struct err *err)
{
    autodone(deploy_settings) struct deploy_settings settings = { 0 };

    if (!deploy_ops_find(resource->type))
        return true;
    if (!resource_require_deploy(call, resource, err) ||
        !resource_settings(resource, &settings, err))
        return false;
    if (deploy_settings_slot(&settings, slot) != SIZE_MAX)
        return true;
    json_problems_addf(call->problems, field, "the resource has no place \"%s\"", slot);
    return fail(err, ERR_INVALID, "%s: the resource has no place \"%s\"", field, slot);
}

/* The i-th of a list. */
static bool put_place(struct api_call *call, const struct resource_row *resource, size_t i,
    const struct place *place, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    char field[40];
    int64_t id;

    (void)snprintf(field, sizeof field, "items[%zu].slot", i);
    return require_new(call, i, place->certificate_id, &cert, err) &&
           check_place(call, resource, place->slot, field, err) &&
           store_association_add(call->tx, resource->id, place->slot, cert->id, call->now, &id,
               err) &&
           note(call, "certificate.associate", cert, resource->name, place->slot, err) &&
           deployments_place(call, resource, place->slot, cert->id, err);
}

static bool put_new(struct api_call *call, const struct save *save, struct err *err)
{
    for (size_t i = 0; i < save->n_places; i++) {
        const struct place *place = &save->places[i];

        if (!place->is_kept && !put_place(call, save->resource, i, place, err))
            return false;
    }
    return true;
}

/* From here on nobody else changes what is on the resource. */
static bool begin_change(struct api_call *call, const struct resource_row *resource,
    struct err *err)
{
    if (!page_check_match(call, resource->row_version, "resource", err))
        return false;
    if (!store_resource_touch(call->tx, resource->id, resource->row_version, err))
        return api_stale(call, err);
    return true;
}

static bool associations_save(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *resource = NULL;
    autodone(save) struct save save = { 0 };

    if (!store_resource_get(call->tx, &viewer, call->path_id, &resource, err))
        return false;
    save.resource = resource;
    return begin_change(call, resource, err) && read_places(call, &save, err) &&
           store_associations(call->tx, &viewer, resource->id, 0, &save.now, err) &&
           take_away_old(call, &save, err) && put_new(call, &save, err) &&
           write_associations(call, resource->id, err);
}

static void write_place(struct json_out *out, const struct association_row *row)
{
    json_i64(out, "id", row->id);
    json_begin_object(out, "resource");
    json_i64(out, "id", row->resource_id);
    json_str(out, "name", row->resource);
    json_str(out, "type", row->resource_type);
    json_end(out);
    json_str(out, "slot", row->slot);
    json_time(out, "created_at", row->created_at);
}

static bool places_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(association_rows) struct association_rows rows = { 0 };

    if (!cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !store_associations(call->tx, &viewer, 0, call->path_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_place(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* "resource": its id or its name. */
static bool find_resource(struct api_call *call, struct json_in *in, struct resource_row **ret,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    const struct json *value = json_in_value(in, "resource");
    const char *name = json_as_text(value);
    int64_t id = json_as_i64(value, 0);
    struct err missing = { 0 };

    if (name && !store_resource_find(call->tx, name, &id, err))
        return false;
    if (id && store_resource_get(call->tx, &viewer, id, ret, &missing))
        return true;
    if (id && missing.kind != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    json_in_complain(in, "resource", "there is no such resource");
    return true;
}

static bool place_add(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(resource_row) struct resource_row *resource = NULL;
    autodone(association_rows) struct association_rows rows = { 0 };
    const struct store_viewer viewer = api_viewer(call);
    struct json_in in;
    int64_t id;

    if (!cert_require(call, call->path_id, ACTION_USE_KEY, &cert, err))
        return false;
    api_body(call, &in);
    if (!find_resource(call, &in, &resource, err))
        return false;
    const char *slot = json_in_text_opt(&in, "slot", 0, 200, "");

    if (!json_in_end(&in, err))
        return false;
    ASSERT(resource); /* or there would have been a complaint */
    if (!begin_change(call, resource, err) || !check_place(call, resource, slot, "slot", err) ||
        !store_association_add(call->tx, resource->id, slot, cert->id, call->now, &id, err) ||
        !note(call, "certificate.associate", cert, resource->name, slot, err) ||
        !deployments_place(call, resource, slot, cert->id, err) ||
        !store_associations(call->tx, &viewer, 0, cert->id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.items[i].id == id)
            write_place(&call->reply, &rows.items[i]);
    }
    call->status = 201;
    return true;
}

static bool place_remove(struct api_call *call, struct err *err)
{
    autodone(association_rows) struct association_rows rows = { 0 };
    autofree(resource_row) struct resource_row *resource = NULL;
    const struct store_viewer viewer = api_viewer(call);
    int64_t id = 0;

    if (!cert_require(call, call->path_id, ACTION_EDIT, NULL, err) ||
        !store_associations(call->tx, &viewer, 0, call->path_id, &rows, err))
        return false;
    if (!parse_i64(span_text(call->path_text), 1, INT64_MAX, &id, NULL))
        id = 0;
    for (size_t i = 0; i < rows.n; i++) {
        const struct association_row *row = &rows.items[i];

        if (row->id != id)
            continue;
        call->status = 204;
        return store_resource_get(call->tx, &viewer, row->resource_id, &resource, err) &&
               begin_change(call, resource, err) && take_away(call, row, err);
    }
    return fail(err, ERR_NOT_FOUND, "the certificate has no association \"%s\"", call->path_text);
}

const struct api_route association_routes[] = {
    { "GET", "/resources/{id}/associations", ROLE_USER, API_READS, associations_list, 0 },
    { "PUT", "/resources/{id}/associations", ROLE_USER, API_WRITES, associations_save, 0 },
    { "GET", "/certificates/{id}/resources", ROLE_USER, API_READS, places_list, 0 },
    { "POST", "/certificates/{id}/resources", ROLE_USER, API_WRITES | API_IDEMPOTENT, place_add,
        0 },
    { "DELETE", "/certificates/{id}/resources/{key}", ROLE_USER, API_WRITES | API_BODY_NONE,
        place_remove, 0 },
    { 0 },
};
