/*
 * vault/checkpoint: what a signature over the audit log's chain, or over a backup, covers, and
 * whether it holds.
 *
 * Pure: needs no vault, so that a copy of the log can be verified anywhere.
 */
#pragma once

#include "base/base.h"
#include "vault/client_keys.h"

#define CHECKPOINT_MESSAGE_SIZE 64

/* A label of 24 bytes, seq as 8 big-endian bytes, and the hash. */
void checkpoint_message(const struct vault_checkpoint *checkpoint,
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE]);

/* The same for a backup's digest, which has another label and no seq. */
void checkpoint_backup_message(const uint8_t digest[static 32],
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE]);

/* Is the signature of a backup that of `public_key` over its hash? */
bool checkpoint_verify_backup(const struct vault_checkpoint *backup);

/* Is the signature that of `public_key` over seq and hash? */
bool checkpoint_verify(const struct vault_checkpoint *checkpoint);
