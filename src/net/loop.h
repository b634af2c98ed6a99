/*
 * net/loop: the one thread that waits for everybody.
 *
 * Timers, descriptors and functions posted by other threads, on libevent, whose types stay
 * in net/. What runs on the loop must not block. Everything here belongs to the thread that calls
 * loop_run(), except loop_post() and loop_stop(), which any thread may call. Objects made on a loop
 * are freed before it.
 */
#pragma once

#include "base/base.h"

struct err;
struct loop;
struct loop_timer;
struct loop_watch;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

bool loop_new(struct loop **ret, struct err *err) must_check;
void loop_free(struct loop *loop);

/* Serve until loop_stop(); what was posted before it is still run. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One round: run what is ready, wait at most `timeout_ms` for something to be. For tests and tools.
 */
void loop_run_once(struct loop *loop, int64_t timeout_ms);

/* Run `run(arg)` on the loop's thread, soon, in the order of posting. Never lost, never twice. */
void loop_post(struct loop *loop, void (*run)(void *arg), void *arg);

/* A timer that is not running yet. It fires once for each start; starting again moves it. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*run)(void *arg), void *arg) must_check;
void loop_timer_start(struct loop_timer *timer, int64_t after_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/*
 * Tell of `fd` being ready, again and again (level-triggered), while `wanted` (LOOP_READ and
 * LOOP_WRITE, or 0 for neither) asks for it. The descriptor stays the caller's, and open while
 * watched. A watch may be freed by its own function.
 */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned wanted,
    void (*ready)(void *arg, unsigned what), void *arg) must_check;
void loop_watch_set(struct loop_watch *watch, unsigned wanted);
void loop_watch_free(struct loop_watch *watch);

DEFINE_AUTOFREE(loop);
DEFINE_AUTOFREE(loop_timer);
DEFINE_AUTOFREE(loop_watch);
