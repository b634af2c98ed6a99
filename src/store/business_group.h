/*
 * store/business_group: labels for records. They grant nothing.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* The group of that name, made if it is not there; *ret_id is 0 for "". */
bool store_business_group_put(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
    must_check;

/* *ret_id is 0 when there is none of that name. */
bool store_business_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
    must_check;

/* Called for each group, by name; what it is given lives for the call. */
typedef void (
    *business_group_visit)(void *context, int64_t id, const char *name, const char *description);
bool store_business_groups(struct tx *tx, business_group_visit visit, void *context,
    struct err *err) must_check;
