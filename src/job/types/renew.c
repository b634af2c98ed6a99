/*
 * job/renew: the renewal scan (F16): every record whose renewal is due goes through Certificate
 * Renew, at the instant that its plan tells. Each scan has the next one wait for the next of these
 * instants, when that is near; what comes to be due in another way is seen by the schedule
 * "renew_soon" within a minute. The schedule "renew" is for people, does the
 * same, and sets right what a clock that was ahead has put off.
 *
 * What a record has to do with is between it and its CA: one failure never stops the others.
 */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "codec/json.h"
#include "db/db.h"
#include "job/types/life_of.h"
#include "job/types/types.h"
#include "store/job.h"
#include "store/life.h"

#define BATCH 100
#define LOOK_AHEAD_SECONDS 120
#define REPLAN_AT_ONCE 1000

struct scan {
    struct job_run *run;
    int64_t n_renewed; /* or ordered, where the CA takes its time */
    int64_t n_waiting; /* for a person, or not due after all */
    int64_t n_failed;
};

static bool read_batch(struct scan *scan, const struct life_row *after, struct life_rows *rows,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(scan->run->db, TX_READ, &tx, err) &&
           store_life_due(tx, scan->run->now, after, BATCH, rows, err);
}

static void renew_one(struct scan *scan, const struct life_row *row)
{
    struct principal who;
    struct life life = life_of_job(scan->run, &who);
    const struct life_ask ask = { .transition = "renew" };
    struct err cause = { 0 };

    if (!row->ticket_id) {
        scan->n_waiting++;
        return;
    }
    if (life_do(&life, row->ticket_id, &ask, &cause)) {
        scan->n_renewed++;
        if (life.wakes_jobs)
            job_runner_kick(scan->run->services->runner);
        return;
    }
    if (cause.kind == ERR_CONFLICT) {
        scan->n_waiting++;
        return;
    }
    log_warning("renew.failed", KV_I64("certificate", row->certificate_id), KV_ERR(&cause));
    scan->n_failed++;
}

static bool scan_all(struct scan *scan, struct err *err)
{
    autodone(life_rows) struct life_rows before = { 0 };
    int64_t done = 0;

    for (;;) {
        struct life_rows rows = { 0 };
        const struct life_row *const after = before.n ? &before.items[before.n - 1] : NULL;

        if (!read_batch(scan, after, &rows, err)) {
            life_rows_done(&rows);
            return false;
        }
        life_rows_done(&before);
        before = rows;
        for (size_t i = 0; i < rows.n; i++) {
            renew_one(scan, &rows.items[i]);
            done++;
            if (!job_run_progress(scan->run, done, done, err))
                return false;
        }
        if (rows.n < BATCH)
            return true;
    }
}

/* The schedule looks every minute; what is due before that has a scan of its own. */
static bool wait_for_next(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    char dedupe[40];
    struct job_new job = { .type = "renew_soon", .dedupe_key = dedupe };
    int64_t id;

    if (!tx_begin(run->db, TX_WRITE, &tx, err) ||
        !store_life_next_due(tx, run->now, &job.due_at, err))
        return false;
    if (!job.due_at || job.due_at > run->now + LOOK_AHEAD_SECONDS)
        return true;
    (void)snprintf(dedupe, sizeof dedupe, "renew:%" PRId64, job.due_at);
    return store_job_add(tx, &job, run->now, &id, err) && tx_commit(take(&tx), err);
}

/* Once a day: a clock that was ahead must not put renewals off until the day that it showed. */
static bool set_right(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return strcmp(run->row->type, "renew") != 0 ||
           (tx_begin(run->db, TX_WRITE, &tx, err) &&
               store_life_credible(tx, REPLAN_AT_ONCE, run->now, err) && tx_commit(take(&tx), err));
}

bool job_renew_run(struct job_run *run, struct err *err)
{
    struct scan scan = { .run = run };
    struct json_out out;

    if (!set_right(run, err) || !scan_all(&scan, err) || !wait_for_next(run, err))
        return false;
    json_out_init(&out, &run->result);
    json_begin_object(&out, NULL);
    json_i64(&out, "renewed", scan.n_renewed);
    json_i64(&out, "waiting", scan.n_waiting);
    json_i64(&out, "failed", scan.n_failed);
    json_end(&out);
    return json_out_check(&out, err);
}
