/*
 * daemon/restore_target: the new installation that a backup is restored into: data directory,
 * database and vault.
 *
 * Nothing of somebody else's is touched: where there is a key or a user already it is refused. What
 * was made is removed again unless restore_target_finish() was reached.
 */
#pragma once

#include "base/base.h"

struct conf;
struct db;
struct err;
struct restore_target;
struct vault_client;

/* ERR_CONFLICT: the place is taken. Starts a vault, which makes a master key. */
bool restore_target_new(const struct conf *conf, struct restore_target **ret, struct err *err)
    must_check;
void restore_target_free(struct restore_target *target);

struct db *restore_target_db(const struct restore_target *target);
struct vault_client *restore_target_vault(const struct restore_target *target);

/* The first `n_steps` of the schema. */
bool restore_target_migrate(struct restore_target *target, int64_t n_steps, struct err *err)
    must_check;

/* The rest of the schema, and the new master key's name: from now on a server may start here. */
bool restore_target_finish(struct restore_target *target, struct err *err) must_check;

DEFINE_AUTOFREE(restore_target);
