/*
 * backup/load: what a backup holds, into a database that holds nothing.
 *
 * The schema must be the backup's own; whoever calls brings it up to date afterwards. All rows
 * come in one transaction; then the private keys are brought under the new master key, each
 * compared with the public key that belongs to it. If anything fails the database is empty again.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct backup_reader;
struct db;
struct err;
struct sealed_key_row;

#define BACKUP_INFO_TEXT 128

/* What a backup says of itself. */
struct backup_info {
    int64_t n_steps; /* of the schema */
    char created_at[BACKUP_INFO_TEXT];
    char version[BACKUP_INFO_TEXT];
    char node[BACKUP_INFO_TEXT];
};

/* Reads the first block. ERR_CONFLICT: it is of a later version than this one. */
bool backup_read_info(struct backup_reader *reader, struct backup_info *ret, struct err *err)
    must_check;

/* ERR_CONFLICT: somebody uses the database already. */
bool backup_check_empty(struct db *db, struct err *err) must_check;

/*
 * Bring one key under the master key of this installation: `sealed` is its data key as the backup
 * has it; the new blob is appended to `blob`, and the key's public half, nothing for a secret, to
 * `spki`.
 */
struct backup_adopter {
    bool (*adopt)(void *arg, const struct sealed_key_row *key, struct span sealed, struct buf *blob,
        struct buf *spki, struct err *err);
    void *arg;
};

/* After backup_read_info(). Leaves the installation in standby. */
bool backup_load(struct backup_reader *reader, const struct backup_info *info, struct db *db,
    const struct backup_adopter *adopter, int64_t now, struct err *err) must_check;
