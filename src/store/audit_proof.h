/*
 * store/audit_proof: does the audit log still say what it said?
 *
 * Three things are looked at: that the hash chain holds from its first link to its last, that it
 * has every link that a checkpoint vouches for, and that the vault's signature over each checkpoint
 * is good. Whoever can write the database could make all of it anew with a key of their own: only
 * what was sent elsewhere in time (the checkpoints in the system log) tells then. So a proof can be
 * asked to contain such a checkpoint, and such a key.
 */
#pragma once

#include "store/audit.h"

#define AUDIT_SIGNER_SIZE 65 /* 64 hexadecimal digits and a NUL */

struct audit_expected {
    int64_t seq; /* 0: no checkpoint is asked for */
    uint8_t hash[32];
    const char *signer; /* lower-case hexadecimal digits of an Ed25519 key; NULL: any */
};

struct audit_proof {
    struct audit_verdict chain;
    int64_t n_checkpoints;
    int64_t vouched_seq; /* the last link that a good signature covers; 0: none */
    int64_t vouched_at;
    char signer[AUDIT_SIGNER_SIZE]; /* of the last checkpoint; "" without one */
};

/* `expected` may be NULL. True also when the log is broken: the verdict tells. */
bool store_audit_prove(struct tx *tx, const struct audit_expected *expected,
    struct audit_proof *ret, struct err *err) must_check;
