/*
 * backup/backup: all that the database holds into one file, while the server serves.
 *
 * The rows are those of one moment. Nothing in the file can be read without the recovery key's
 * private half: neither the rows nor the private keys among them, which stay sealed, their data
 * keys sealed to the recovery key instead of the master key.
 */
#pragma once

#include "backup/format.h"

struct db;
struct err;
struct vault_client;

struct backup_order {
    struct db *db; /* without a transaction */
    struct vault_client *vault;
    const char *tmp_dir; /* where a file without a name may be made */
    const char *node;
    int64_t now;
};

struct backup_result {
    int fd; /* the caller's; at its start */
    int64_t size;
    struct backup_counts counts;
};

/*
 * The audit log must have its key (job/types/audit_key). ERR_CONFLICT: no recovery key is set.
 * ERR_UNAVAILABLE: disk full, vault or database away.
 */
bool backup_write(const struct backup_order *order, struct backup_result *ret, struct err *err)
    must_check;
