/* store/group: groups of users, which records can be shared with. */
#pragma once

#include "core/rows_account.h"

struct err;
struct tx;

#define GROUP_NAME_MAX 100

/* ERR_CONFLICT if the name is taken. */
bool store_group_add(struct tx *tx, const char *name, const char *description, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* *ret_id is 0 when there is none of that name. */
bool store_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err) must_check;

/* ERR_NOT_FOUND when there is none of that name; `account_id` is who asks. */
bool store_group_get(struct tx *tx, const char *name, int64_t account_id, struct group_row **ret,
    struct err *err) must_check;

/* By name; `q` NULL is all, else those whose name contains it in any case. */
bool store_group_list(struct tx *tx, const char *q, int64_t account_id, struct group_rows *rows,
    struct err *err) must_check;

/*
 * Write the name and description of `row`. ERR_CONFLICT when the name is taken, and with
 * store_is_stale() when its row_version is not the one stored any more.
 */
bool store_group_save(struct tx *tx, struct group_row *row, struct err *err) must_check;

/* What was shared with it no longer is. ERR_CONFLICT names a profile whose requests it approves. */
bool store_group_delete(struct tx *tx, int64_t id, struct err *err) must_check;

/* How many records are shared with it. */
bool store_group_count_records(struct tx *tx, int64_t id, int64_t *ret, struct err *err) must_check;

/* Adding a member twice is adding it once. */
bool store_group_add_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
    must_check;

/* Exactly these; store_is_stale() as in store_group_save(). */
bool store_group_set_members(struct tx *tx, struct group_row *row, const struct id_list *accounts,
    struct err *err) must_check;

/* Called for each member by name; what it is given lives for the call. */
typedef void (*group_visit)(void *context, int64_t id, const char *name);
bool store_group_members(struct tx *tx, int64_t group_id, group_visit visit, void *context,
    struct err *err) must_check;
