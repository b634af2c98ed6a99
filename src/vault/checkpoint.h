/*
 * vault/checkpoint: what a signature over the audit log's chain covers, and whether it holds.
 *
 * Pure: needs no vault, so that a copy of the log can be verified anywhere.
 */
#pragma once

#include "base/base.h"
#include "vault/client.h"

#define CHECKPOINT_MESSAGE_SIZE 64

/* A label of 24 bytes, seq as 8 big-endian bytes, and the hash. */
void checkpoint_message(const struct vault_checkpoint *checkpoint,
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE]);

/* Is the signature that of `public_key` over seq and hash? */
bool checkpoint_verify(const struct vault_checkpoint *checkpoint);
