/*
 * job/outbox: look after the outbox: tell of what was renewed, and see to it that everything that
 * is queued has a job that sends it.
 */
#include "notify/outbox.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/ticket_event.h"

struct waking {
    struct delivery_lane lanes[64];
    size_t n;
};

static bool note_lane(void *context, const struct delivery_lane *lane, struct err *err)
{
    struct waking *waking = context;

    (void)err;
    if (waking->n < countof(waking->lanes))
        waking->lanes[waking->n++] = *lane;
    return true;
}

bool job_outbox_run(struct job_run *run, struct err *err)
{
    struct outbox outbox =
        outbox_begin(run->db, run->services->notifier, run->services->vault, run->now);
    struct outbox_made made = { 0 };
    struct waking waking = { 0 };
    autofree(tx) struct tx *tx = NULL;

    if (!outbox_bundle(&outbox, EVENT_RENEWED, &made, err) ||
        !outbox_bundle(&outbox, EVENT_TICKET, &made, err) ||
        !tx_begin(run->db, TX_WRITE, &tx, err) ||
        !store_delivery_lanes(tx, run->now, note_lane, &waking, err))
        return false;
    for (size_t i = 0; i < waking.n; i++)
        outbox_wake(tx, &waking.lanes[i], run->now);
    if (!store_ticket_events_wake(tx, run->now, err))
        return false;
    if (!tx_commit(take(&tx), err))
        return false;
    job_runner_kick(run->services->runner);
    return true;
}
