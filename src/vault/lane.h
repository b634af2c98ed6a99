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

    /* What lane_ask() has not waited for to its end; 0: nothing. Changes with `calling` held. */
    uint32_t unanswered;

    pthread_mutex_t state;
    int64_t asked_at_ms;      /* since when an answer is awaited; 0: none is */
    enum vault_request asked; /* what for */
    int next_fd;              /* -1: none, or let go of the old one */
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

/*
 * The same for who is in a hurry: ERR_UNAVAILABLE where no answer begins within `patience_ms`, and
 * the vault is not taken for gone. Whoever asks next gets that answer: always ask the same.
 */
bool lane_ask(struct lane *lane, enum vault_request type, const struct buf *payload,
    int64_t patience_ms, struct buf *in, struct frame_reader *ret, struct err *err) must_check;

/* With `calling` held: throw away what came too late for lane_ask(). */
void lane_drop_late(struct lane *lane);

/*
 * For how long it has been silent, although asked; 0: nothing is asked, or the answer is there and
 * nobody has read it yet. ret_asked, unless it is NULL, gets what it was asked. Any thread may call
 * it.
 */
int64_t lane_silent_ms(struct lane *lane, enum vault_request *ret_asked);

DEFINE_AUTODONE(lane);
