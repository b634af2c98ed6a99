/*
 * core/bulk: what can be done with many records in one go.
 */
#pragma once

#include "base/base.h"

enum bulk_action {
    BULK_ASSIGN,
    BULK_SET_OWNER,
    BULK_SHARE,
    BULK_UNSHARE,
    BULK_TAG,
    BULK_UNTAG,
    BULK_SET_BUSINESS_GROUP,
    BULK_DELETE,
    N_BULK_ACTIONS,
};

/* "assign", …, in the order of the enum. */
extern const char *const bulk_action_names[N_BULK_ACTIONS];
