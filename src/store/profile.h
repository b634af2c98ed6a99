/*
 * store/profile: what may be issued, by which CA, and who may use that.
 *
 * Names are compared without regard to case. Everybody may use a profile that is not restricted;
 * else those on its list, and admins. When the last of them is gone, nobody else gets in.
 */
#pragma once

#include "core/policy_use.h"
#include "core/rows_lifecycle.h"
#include "store/viewer.h"

struct err;
struct tx;

#define PROFILE_NAME_MAX 100
#define PROFILES_MAX 1000
#define PROFILE_USERS_MAX 1000

/* Gives row->id, the dates and the row version. ERR_CONFLICT: there is one of that name; ERR_LIMIT
 * above PROFILES_MAX. */
bool store_profile_add(struct tx *tx, struct profile_row *row, int64_t now, struct err *err)
    must_check;

/* All fields but those of Force Renewal. ERR_CONFLICT, with store_is_stale(), if somebody else has
 * edited it since `row` was read. */
bool store_profile_save(struct tx *tx, struct profile_row *row, int64_t now, struct err *err)
    must_check;

/* ERR_NOT_FOUND */
bool store_profile_get(struct tx *tx, int64_t id, struct profile_row **ret, struct err *err)
    must_check;

/* By name. *ret is NULL when there is none. */
bool store_profile_find(struct tx *tx, const char *name, struct profile_row **ret, struct err *err)
    must_check;

/* All that the viewer may use (who sees all: all), by name; disabled ones, too. */
bool store_profiles(struct tx *tx, const struct store_viewer *viewer, struct profile_rows *rows,
    struct err *err) must_check;

/* is_restricted and is_listed; whether it is an admin is the caller's to say. */
bool store_profile_use(struct tx *tx, int64_t profile_id, int64_t account_id,
    struct policy_use *ret, struct err *err) must_check;

/* Is it in the group that must agree? */
bool store_profile_is_approver(struct tx *tx, const struct profile_row *profile, int64_t account_id,
    bool *ret, struct err *err) must_check;

/* Who may use it, by name: accounts, then groups. `visit` gets NULL for the other. */
typedef void (*profile_user_visit)(void *context, const char *account, const char *group);
bool store_profile_users(struct tx *tx, int64_t profile_id, profile_user_visit visit, void *context,
    struct err *err) must_check;

/* Exactly those. Whether there is a list at all says row->is_restricted. */
bool store_profile_set_users(struct tx *tx, int64_t profile_id, const struct id_list *accounts,
    const struct id_list *groups, struct err *err) must_check;

/* How many records live by it, of those that the viewer may see. */
bool store_profile_n_certificates(struct tx *tx, const struct store_viewer *viewer,
    int64_t profile_id, int64_t *ret, struct err *err) must_check;

/* ERR_CONFLICT names what uses it: records, tickets, orders. */
bool store_profile_delete(struct tx *tx, const struct profile_row *row, struct err *err) must_check;

/*
 * Force Renewal: every record that lives by it now is to be renewed once, whatever its window; one
 * activation more where it was on already. Their lives are still to be planned anew
 * (store_life_replan_profile). `is_forcing` false stops it.
 */
bool store_profile_force(struct tx *tx, int64_t id, bool is_forcing, int64_t now, struct err *err)
    must_check;
