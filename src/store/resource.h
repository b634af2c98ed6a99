/*
 * store/resource: what serves certificates, and which record belongs on it.
 *
 * A resource has one row version for itself and its associations, so that who saves a list of
 * associations is told if anybody else has changed it meanwhile.
 */
#pragma once

#include "core/rows_resource.h"
#include "store/viewer.h"

struct err;
struct tx;

struct resource_page_request {
    const char *q;     /* NULL: all; else part of the name, in any case */
    const char *after; /* name of the last one before; NULL: from the first */
    int64_t limit;
};

/* By name. */
bool store_resources(struct tx *tx, const struct store_viewer *viewer,
    const struct resource_page_request *request, struct resource_rows *rows, struct err *err)
    must_check;

bool store_resource_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct resource_row **ret, struct err *err) must_check;

/* *ret_id is 0 when there is none of that name. */
bool store_resource_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
    must_check;

/* ERR_CONFLICT if the name is taken. */
bool store_resource_add(struct tx *tx, const struct resource_row *row, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

/* Write all but the type. ERR_CONFLICT also with store_is_stale(). */
bool store_resource_save(struct tx *tx, struct resource_row *row, struct err *err) must_check;

/* ERR_CONFLICT while something is associated with it. */
bool store_resource_delete(struct tx *tx, int64_t id, struct err *err) must_check;

/* The next row version; ERR_CONFLICT with store_is_stale() if `row_version` is not the present one.
 * Whoever changes associations begins with this: it keeps others from doing so until the end. */
bool store_resource_touch(struct tx *tx, int64_t id, int64_t row_version, struct err *err)
    must_check;

/* The resource's by slot, or the record's by name and slot: the id that is 0 is any. */
bool store_associations(struct tx *tx, const struct store_viewer *viewer, int64_t resource_id,
    int64_t certificate_id, struct association_rows *rows, struct err *err) must_check;

/* ERR_CONFLICT if the slot is taken. */
bool store_association_add(struct tx *tx, int64_t resource_id, const char *slot,
    int64_t certificate_id, int64_t now, int64_t *ret_id, struct err *err) must_check;

bool store_association_delete(struct tx *tx, const struct association_row *row, struct err *err)
    must_check;

/* The endpoint is watched for the record because of the association, and goes with it: unless it
 * was watched before for another reason. */
bool store_association_watch(struct tx *tx, const struct association_row *row, int64_t endpoint_id,
    bool was_watched, struct err *err) must_check;

/* Where it can be seen what is in a slot; NULL: in any. */
bool store_resource_endpoints(struct tx *tx, int64_t id, const char *slot,
    struct resource_endpoint_rows *rows, struct err *err) must_check;
bool store_resource_set_endpoints(struct tx *tx, int64_t id,
    const struct resource_endpoint_rows *rows, struct err *err) must_check;

/* Who may deploy there, beside the admins; by name. */
bool store_resource_users(struct tx *tx, int64_t id, struct resource_user_rows *rows,
    struct err *err) must_check;
bool store_resource_set_users(struct tx *tx, int64_t id, const struct resource_user_rows *rows,
    struct err *err) must_check;

/* Are they one of these, or in one of the groups? */
bool store_resource_is_user(struct tx *tx, int64_t id, int64_t account_id, bool *ret,
    struct err *err) must_check;
