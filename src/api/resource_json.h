/*
 * api/resource_json: resources as they come in and go out, and who may bring certificates there.
 */
#pragma once

#include "api/api.h"
#include "core/rows_resource.h"
#include "deploy/deploy.h"

/* May the caller deploy to it? Of a manual resource there is nothing to be allowed. */
bool resource_may_deploy(struct api_call *call, const struct resource_row *row, bool *ret,
    struct err *err) must_check;

/* ERR_DENIED unless they may. */
bool resource_require_deploy(struct api_call *call, const struct resource_row *row, struct err *err)
    must_check;

/* The object is the caller's to begin and end. */
bool resource_json_write(struct api_call *call, const struct resource_row *row, struct err *err)
    must_check;

/* What a body says of a resource that is new or there already. */
struct resource_edit {
    struct deploy_settings settings;
    struct resource_endpoint_rows endpoints;
    struct resource_user_rows users;
    struct buf text; /* the settings, as the database keeps them */
};

/* Fills in `row` and `edit` from the call's body; what is not in it stays as it is in the database.
 */
bool resource_json_read(struct api_call *call, struct resource_row *row, struct resource_edit *edit,
    struct err *err) must_check;
void resource_edit_done(struct resource_edit *edit);

/* The settings of a row. ERR_CONFLICT for a manual one. */
bool resource_settings(const struct resource_row *row, struct deploy_settings *ret, struct err *err)
    must_check;

DEFINE_AUTODONE(resource_edit);
