/*
 * vault/answer: what a vault does with a request. The whole table of what it can be asked.
 *
 * It is a function of the master keys: nothing else outlives a request but two counters and the
 * allowance for opening.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/frame.h"
#include "vault/master.h"

/* How often something may be opened: so many at once, and so many more a second. */
struct vault_allowance {
    int64_t left;
    int64_t last_ms;
};

struct vault {
    const struct master_source *source;
    int passphrase_fd;
    struct master_ring ring;
    bool is_unlocked;
    bool was_unlocked; /* once: from then on no file can be read */
    struct vault_allowance keys;
    struct vault_allowance secrets;
    bool has_recovery_key;
    uint8_t recovery_key[VAULT_PUBLIC_SIZE]; /* that backups are encrypted to; its public half */
    int64_t n_opened;
    int64_t n_refused;
};

void vault_init(struct vault *vault, const struct master_source *source, int passphrase_fd);
void vault_done(struct vault *vault);

/* Append the answer to `request`, whatever it is, to `out`, a buf of VAULT_FRAME_MAX and more. */
void vault_answer(struct vault *vault, const struct frame *request, int64_t now_ms,
    struct buf *out);

DEFINE_AUTODONE(vault);
