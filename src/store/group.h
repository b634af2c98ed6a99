/* store/group: groups of users, which records can be shared with. */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* ERR_CONFLICT if the name is taken. */
bool store_group_add(struct tx *tx, const char *name, const char *description, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* *ret_id is 0 when there is none of that name. */
bool store_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err) must_check;

/* Adding a member twice is adding it once; removing one who is none does nothing. */
bool store_group_add_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
    must_check;
bool store_group_remove_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
    must_check;

/* Called for each group by name; what it is given lives for the call. */
typedef void (*group_visit)(void *context, int64_t id, const char *name);
bool store_groups(struct tx *tx, group_visit visit, void *context, struct err *err) must_check;
