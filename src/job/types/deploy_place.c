/* job/types/deploy_place: see the header. */
#include "job/types/deploy_place.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"
#include "db/db.h"
#include "job/queue.h"
#include "job/types/deploy_load.h"
#include "store/deployment.h"
#include "store/resource.h"
#include "store/version.h"

void deploy_place_done(struct deploy_place *place)
{
    deploy_target_free(place->target);
    deploy_settings_done(&place->settings);
    resource_endpoint_rows_done(&place->endpoints);
    association_rows_done(&place->associations);
    resource_row_free(place->resource);
    deployment_row_free(place->row);
}

bool deploy_place_load(struct deploy_place *place, int64_t deployment_id, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(place->db, TX_READ, &tx, err) &&
           store_deployment_get(tx, &system, deployment_id, &place->row, err) &&
           store_resource_get(tx, &system, place->row->resource_id, &place->resource, err) &&
           store_associations(tx, &system, place->row->resource_id, 0, &place->associations, err) &&
           store_resource_endpoints(tx, place->row->resource_id, place->row->slot,
               &place->endpoints, err);
}

/* The resource as its settings are now. ERR_CONFLICT: there is no such slot any more. */
static bool open_target(struct deploy_place *place, struct err *err)
{
    const struct deploy_ops *ops = deploy_ops_find(place->resource->type);

    if (!ops)
        return fail(err, ERR_CONFLICT, "nothing is brought to a resource of type \"%s\"",
            place->resource->type);
    deploy_settings_init(&place->settings, ops);
    if (!deploy_settings_parse(&place->settings, place->resource->settings, err))
        return false;
    place->slot = deploy_settings_slot(&place->settings, place->row->slot);
    if (place->slot == SIZE_MAX)
        return fail(err, ERR_CONFLICT, "the resource has no place \"%s\" any more",
            place->row->slot);
    return ops->open(place->services->deploy, &place->settings, &place->target, err);
}

static bool current(struct deploy_place *place, struct deploy_current *ret, struct err *err)
{
    return place->target->ops->current(place->target, place->slot, ret, err);
}

static bool is_it(const struct deploy_current *now, const struct cert *cert)
{
    if (!now->is_there)
        return false;
    return now->has_sha1 ? memcmp(now->sha1, cert_sha1(cert), sizeof now->sha1) == 0
                         : strcmp(now->serial, cert_serial(cert)) == 0;
}

/* Which version is it that is there now? *ret is 0: none that we know. */
static bool find_version(struct deploy_place *place, const struct deploy_current *now, int64_t *ret,
    struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autofree(tx) struct tx *tx = NULL;

    *ret = 0;
    if (!now->is_there)
        return true;
    if (!tx_begin(place->db, TX_READ, &tx, err) ||
        !store_deployment_by_serial(tx, now->serial, &ids, err))
        return false;
    for (size_t i = 0; i < ids.n && !*ret; i++) {
        autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
        autofree(cert) struct cert *cert = NULL;

        if (!store_version_der(tx, ids.items[i], &der, err) ||
            !cert_from_der(buf_span(&der), &cert, err))
            return false;
        if (is_it(now, cert))
            *ret = ids.items[i];
    }
    return true;
}

bool deploy_place_look(struct deploy_place *place, struct err *err)
{
    autodone(deploy_load) struct deploy_load wanted = DEPLOY_LOAD_INIT;
    struct deploy_current now;
    int64_t version;

    if (!open_target(place, err) ||
        !deploy_load_chain(place->db, place->row, place->row->version_id, &wanted, err))
        return false;
    if (!wanted.sealed_key_id)
        return fail(err, ERR_CONFLICT, "the certificate's private key is not here");
    if (place->endpoints.n == 0)
        return fail(err, ERR_CONFLICT, "no endpoint is named at which it could be seen");
    if (!current(place, &now, err) || !find_version(place, &now, &version, err))
        return false;
    /* An earlier attempt left the new one there: what was there before that is still what counts.
     */
    if (version == place->row->version_id && place->row->previous_version_id)
        return true;
    place->row->previous_version_id = version;
    str_set(&place->row->previous_name, now.name);
    return true;
}

int64_t deploy_place_version(const struct deploy_place *place)
{
    return place->row->is_putting_back ? place->row->previous_version_id : place->row->version_id;
}

bool deploy_place_put(struct deploy_place *place, struct err *err)
{
    autodone(deploy_load) struct deploy_load what = DEPLOY_LOAD_INIT;
    struct deploy_current now;

    if ((!place->target && !open_target(place, err)) ||
        !deploy_load_chain(place->db, place->row, deploy_place_version(place), &what, err) ||
        !deploy_load_key(place->db, place->services->vault, &what, err))
        return false;
    const struct deploy_material material = deploy_load_material(&what);
    bool ok = place->target->ops->put(place->target, place->slot, &material, err);

    secret_free(take(&what.key));
    if (!ok || !current(place, &now, err))
        return false;
    return is_it(&now, what.leaf) ||
           fail(err, ERR_UPSTREAM, "the resource took it, and still has another: %s",
               now.is_there ? now.name : "none");
}

bool deploy_place_is_untouched(struct deploy_place *place)
{
    struct deploy_current now;
    struct err ignored = { 0 };
    int64_t version;

    if (!place->target || !current(place, &now, &ignored) ||
        !find_version(place, &now, &version, &ignored))
        return false;
    return place->row->previous_version_id ? version == place->row->previous_version_id
                                           : strcmp(now.name, place->row->previous_name) == 0;
}
