/*
 * vault/lane: one socket to the vault, on which calls are answered one after the other.
 *
 * `calling` is held for the length of a call, `state` only for a moment: so a new socket can be
 * handed over while a call waits on the old one, which is shut down and fails. Lock `calling`
 * before `state`. Used by vault/client alone.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/frame.h"
#include "vault/protocol.h"

struct err;

struct lane {
    pthread_mutex_t calling;
    uint32_t n_calls;
    int fd; /* changes under both locks */

    pthread_mutex_t state;
    int next_fd; /* -1: none, or let go of the old one */
    bool has_next;
};

void lane_init(struct lane *lane);
void lane_done(struct lane *lane);

/* Takes a new socket; -1 only lets go of the old one. A call that waits for it fails. */
void lane_set_fd(struct lane *lane, int fd);

/* With `calling` held: use the socket that was handed over last. */
void lane_adopt(struct lane *lane);

/* Has one been handed over that was not adopted yet? */
bool lane_has_next(struct lane *lane);

/* With `calling` held: this vault is gone, or has lost the thread. */
void lane_drop(struct lane *lane);

/* With `calling` held: does the other end still hold its socket? */
bool lane_is_alive(const struct lane *lane);

/*
 * With `calling` held: one request and its answer, which `in` keeps and *ret reads from. `passed`
 * travels with it unless it is -1. ERR_UNAVAILABLE: there is no vault, or it went away.
 */
bool lane_exchange(struct lane *lane, enum vault_request type, const struct buf *payload,
    int passed, struct buf *in, struct frame_reader *ret, struct err *err) must_check;

DEFINE_AUTODONE(lane);
