/* core/bulk: see the header. */
#include "core/bulk.h"

const char *const bulk_action_names[N_BULK_ACTIONS] = {
    [BULK_ASSIGN] = "assign",
    [BULK_SET_OWNER] = "set_owner",
    [BULK_SHARE] = "share",
    [BULK_UNSHARE] = "unshare",
    [BULK_TAG] = "tag",
    [BULK_UNTAG] = "untag",
    [BULK_SET_BUSINESS_GROUP] = "set_business_group",
    [BULK_DELETE] = "delete",
};
