/*
 * probe/client: asks the prober process.
 *
 * Any number of threads may use one client. A thread of its own reads the answers; requests beyond
 * max_in_flight wait their turn in probe_client_submit(). When the prober dies every pending probe
 * fails at once with ERR_UNAVAILABLE, and whoever asked tries again later; the supervisor hands
 * over the socket to its successor with probe_client_set_fd(), which is told the configuration
 * before anything else.
 */
#pragma once

#include "base/base.h"
#include "probe/conf.h"
#include "probe/probe.h"

struct err;
struct probe_client;

struct probe_client *probe_client_new(void) must_check;

/* Fails what is pending, closes the socket, ends the thread. */
void probe_client_free(struct probe_client *client);
DEFINE_AUTOFREE(probe_client);

/* Takes the socket of a new prober; what the old one had not answered has failed by then. -1 only
 * lets go of the old one. */
void probe_client_set_fd(struct probe_client *client, int fd);

/* Is there a prober to ask? */
bool probe_client_is_connected(struct probe_client *client);

/*
 * Remembered, sent now and to every prober to come. A copy is kept. ERR_INVALID where it is
 * malformed; without a prober it is only remembered.
 */
bool probe_client_configure(struct probe_client *client, const struct probe_conf *conf,
    struct err *err) must_check;

/*
 * Called once for each submitted target, on the client's own thread: be quick, and do not call the
 * client from it. `result` is taken; it is NULL where `err` says why there is none.
 */
typedef void probe_client_done_fn(void *ctx, struct probe_result *result, const struct err *err);

/*
 * Stop those of the pending probes that were submitted with this `done` and whose `ctx` is_wanted()
 * (called with the client's lock held: look, and do nothing else). Each of them is answered as any
 * other, soon, with ERR_UNAVAILABLE unless its result was on the way. Not from `done`.
 */
void probe_client_cancel(struct probe_client *client, probe_client_done_fn *done,
    bool (*is_wanted)(const void *ctx, const void *whose), const void *whose);

/*
 * Waits while max_in_flight are pending, at most `wait_ms` (then ERR_UNAVAILABLE). ERR_INVALID: see
 * engine_submit(). `done` is told ERR_UNAVAILABLE where the prober dies meanwhile.
 */
bool probe_client_submit(struct probe_client *client, const struct probe_target *target,
    int64_t wait_ms, probe_client_done_fn *done, void *ctx, struct err *err) must_check;
