/*
 * job/types/audit_key: the key that vouches for the audit log, and for backups.
 */
#pragma once

#include "base/base.h"

struct db;
struct err;
struct sealed_key_row;
struct vault_client;

/*
 * It, made if there is none yet; without a transaction. Two nodes that race make two, and the first
 * one counts. ERR_UNAVAILABLE: vault or database away.
 */
bool audit_key_get(struct db *db, struct vault_client *vault, int64_t now,
    struct sealed_key_row *ret, struct err *err) must_check;
