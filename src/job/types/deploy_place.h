/*
 * job/types/deploy_place: the place of a resource that a deployment is about, and what is there.
 */
#pragma once

#include "base/base.h"
#include "core/rows_resource.h"
#include "deploy/deploy.h"

struct db;
struct err;
struct job_services;

struct deploy_place {
    struct db *db; /* this and the next are borrowed */
    const struct job_services *services;
    struct deployment_row *row;
    struct resource_row *resource;
    struct association_rows associations;    /* of the whole resource */
    struct resource_endpoint_rows endpoints; /* of the place */

    /* Once it was opened. */
    struct deploy_settings settings;
    struct deploy_target *target;
    size_t slot;
};
void deploy_place_done(struct deploy_place *place);

/* ERR_NOT_FOUND: the deployment went with its record, or its resource. */
bool deploy_place_load(struct deploy_place *place, int64_t deployment_id, struct err *err)
    must_check;

/*
 * Before anything is touched: what is there now (it is noted in the row as what would be put back),
 * and have we what is to go there?
 */
bool deploy_place_look(struct deploy_place *place, struct err *err) must_check;

/* The version that is brought: the new one, or that which is put back. */
int64_t deploy_place_version(const struct deploy_place *place);

/* Bring it there, with its key, and see that the resource has it. */
bool deploy_place_put(struct deploy_place *place, struct err *err) must_check;

/* Is still there what was there before? What cannot be asked is not. */
bool deploy_place_is_untouched(struct deploy_place *place);

DEFINE_AUTODONE(deploy_place);
