/*
 * store/business_group: labels for records. They grant nothing.
 */
#pragma once

#include "base/base.h"
#include "store/viewer.h"

struct err;
struct tx;

/* The group of that name, made if it is not there; *ret_id is 0 for "". */
bool store_business_group_put(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
    must_check;

/* *ret_id is 0 when there is none of that name. */
bool store_business_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
    must_check;

/* How many records and requests have it. */
bool store_business_group_count(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
    must_check;

/* ERR_CONFLICT if the name is taken, ERR_INVALID without one. */
bool store_business_group_add(struct tx *tx, const char *name, const char *description,
    int64_t *ret_id, struct err *err) must_check;
bool store_business_group_edit(struct tx *tx, int64_t id, const char *name, const char *description,
    struct err *err) must_check;

/* What had it gets `heir_id`, 0 being none; *ret_n records did. */
bool store_business_group_delete(struct tx *tx, int64_t id, int64_t heir_id, int64_t now,
    int64_t *ret_n, struct err *err) must_check;

struct business_group_row {
    int64_t id;
    const char *name;
    const char *description;
    int64_t n_certificates; /* that the viewer may see */
};

/* Called for each group, by name; what it is given lives for the call. */
typedef void (*business_group_visit)(void *context, const struct business_group_row *row);
bool store_business_groups(struct tx *tx, const struct store_viewer *viewer,
    business_group_visit visit, void *context, struct err *err) must_check;
