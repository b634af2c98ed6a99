/* job/check: the schedule's look at every endpoint. */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "job/types/updates.h"
#include "monitor/trust.h"
#include "monitor/unreachable.h"
#include "notify/notifier.h"
#include "notify/outbox.h"
#include "store/endpoint.h"

#define BATCH 2000

/* All of them; a run taken up again goes on with those not looked at since it first began. */
static bool next_batch(struct job_run *run, int64_t after, struct endpoint_rows *rows,
    struct err *err)
{
    int64_t before = run->row->attempt > 1 ? run->row->started_at : INT64_MAX;
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) &&
           store_endpoints_due(tx, "", before, after, BATCH, rows, err);
}

/* Who is to hear of endpoints that have gone, or are back. */
static bool send_news(struct job_run *run, struct err *err)
{
    static const char *const events[] = { EVENT_UNREACHABLE, EVENT_RECOVERED };
    struct outbox outbox =
        outbox_begin(run->db, run->services->notifier, run->services->vault, run->now);
    struct outbox_made made = { 0 };

    for (size_t i = 0; i < countof(events); i++)
        if (!outbox_bundle(&outbox, events[i], &made, err))
            return false;
    if (made.n_messages > 0)
        job_runner_kick(run->services->runner);
    return true;
}

bool job_check_run(struct job_run *run, struct err *err)
{
    autodone(check_totals) struct check_totals totals = { 0 };
    int64_t after = 0;
    int64_t done = 0;

    if (!trust_keeper_refresh(run->services->trust, run->db, err))
        return false;
    for (;;) {
        autodone(endpoint_rows) struct endpoint_rows rows = { 0 };

        if (!next_batch(run, after, &rows, err))
            return false;
        if (rows.n == 0)
            break;
        struct update_progress progress = { .run = run,
            .done = done,
            .total = done + (int64_t)rows.n };

        after = rows.items[rows.n - 1].id;
        if (!check_endpoints(run->db, run->services->prober, &rows, update_progress_tell, &progress,
                &totals, err))
            return false;
        done += (int64_t)rows.n;
    }
    return unreachable_scan(run->db, run->row->started_at,
               notifier_has_mail(run->services->notifier), run->now, err) &&
           send_news(run, err) && update_write_result(run, &totals, 0, err);
}
