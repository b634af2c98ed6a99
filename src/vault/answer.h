/*
 * vault/answer: what a vault does with a request. The whole table of what it can be asked.
 *
 * It is a function of the master keys: nothing else outlives a request but the ledger of what was
 * opened, and the last few authorities' keys (vault/ca_cache). Two threads may ask at once: while
 * one makes a key, which takes long, the other is answered.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/frame.h"
#include "vault/ca_cache.h"
#include "vault/ledger.h"
#include "vault/master.h"

struct vault {
    const struct master_source *const *sources; /* N_VAULT_SOURCES of them */
    const struct master_access *access;
    struct ledger *ledger;
    struct hsm *hsm;      /* for the keys of authorities that lie in one; NULL: none */
    pthread_mutex_t lock; /* around all below, and the ledger */
    struct master_ring ring;
    struct ca_cache cas;
    bool is_unlocked;
    bool was_unlocked; /* once: from then on no file can be read */
    bool has_recovery_key;
    uint8_t recovery_key[VAULT_PUBLIC_SIZE]; /* that backups are encrypted to; its public half */
};

extern const struct master_source *const vault_sources[N_VAULT_SOURCES];

/* All that is pointed to outlives it. */
void vault_init(struct vault *vault, const struct master_source *const *sources,
    const struct master_access *access, struct ledger *ledger);
void vault_use_hsm(struct vault *vault, struct hsm *hsm);
void vault_done(struct vault *vault);

/* Append the answer to `request`, whatever it is, to `out`, a buf of VAULT_FRAME_MAX and more. */
void vault_answer(struct vault *vault, const struct frame *request, int64_t now_ms,
    struct buf *out);

DEFINE_AUTODONE(vault);
