/*
 * probe/pace: at most so many at one address, and so many in all.
 *
 * Whoever wants to connect asks for a turn and is called when it comes. Waiting for a busy address
 * holds up nobody who wants another one, so addresses that never answer cost the others nothing.
 */
#pragma once

#include "base/base.h"
#include "net/addr.h"

struct pace;
struct pace_lane;

/* One who wants to connect. Lives in its owner; `addr` and `run` are set by it, the rest is ours.
 */
struct pace_turn {
    struct net_addr addr;
    void (*run)(struct pace_turn *turn); /* it is your turn; from pace_run() only */
    struct pace_turn *next;
    struct pace_lane *lane;
    bool is_running;
};

struct pace *pace_new(size_t max_in_all, size_t max_per_address) must_check;
void pace_free(struct pace *pace);
void pace_set_limits(struct pace *pace, size_t max_in_all, size_t max_per_address);

void pace_ask(struct pace *pace, struct pace_turn *turn);

/* The turn is over; or, before it came, it is wanted no more. */
void pace_leave(struct pace *pace, struct pace_turn *turn);

/* Call those whose turn it is. Ask for it again after pace_ask() and pace_leave(). */
void pace_run(struct pace *pace);

DEFINE_AUTOFREE(pace);
