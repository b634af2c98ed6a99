/*
 * probe/engine: shakes hands with thousands of strangers at once, on one thread.
 *
 * An engine lives on the caller's event loop and is used from that loop's thread only. Each target
 * is resolved once, every address behind it is connected to, and each connection is pinned to the
 * address it was made for. Handshakes are completed, so whoever answers has proven possession of
 * its key; what the chain is worth is judged afterwards, so that a bad one is seen all the same.
 *
 * Memory is bounded by max_in_flight, not by the number of targets: a caller submits while
 * engine_has_room() and is told by `on_room` when there is room again.
 */
#pragma once

#include "base/base.h"
#include "probe/conf.h"
#include "probe/probe.h"

struct engine;
struct err;
struct loop;

/*
 * Called from the loop, never from within engine_submit(). Takes the result. It may submit and
 * cancel, but not free the engine.
 */
typedef void engine_done_fn(void *ctx, struct probe_result *result);
typedef void engine_room_fn(void *ctx);

/*
 * `loop` outlives the engine. `on_room` may be NULL. Fails with ERR_INVALID where `conf` holds
 * something malformed (a range, a server, a bundle), and names it.
 */
bool engine_new(struct loop *loop, const struct probe_conf *conf, engine_room_fn *on_room,
    void *room_ctx, struct engine **ret, struct err *err) must_check;

/* Targets in flight are dropped without a result. */
void engine_free(struct engine *engine);
DEFINE_AUTOFREE(engine);

/* Work differently with what is submitted from now on. Everything is as it was on failure. */
bool engine_configure(struct engine *engine, const struct probe_conf *conf, struct err *err)
    must_check;

bool engine_has_room(const struct engine *engine);

/* Targets that have no result yet. */
size_t engine_n_targets(const struct engine *engine);

/*
 * Look at `target`, which is copied; `done(ctx, result)` comes exactly once, unless it is
 * cancelled. ERR_INVALID: a host that cannot be one, a port outside 1 to 65535.
 */
bool engine_submit(struct engine *engine, const struct probe_target *target, engine_done_fn *done,
    void *ctx, struct err *err) must_check;

/* Drop the target that was submitted with this id and ctx; nothing happens if it is gone. */
void engine_cancel(struct engine *engine, int64_t id, const void *ctx);
