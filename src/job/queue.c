/*
 * job/queue: see the header.
 *
 * A slot is one piece of work on the workers: it claims a job, runs it, claims the next, until none
 * is due. A timer on the loop fills the slots each second, and whoever queues a job kicks at once.
 */
#include "job/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rand.h"
#include "db/db.h"
#include "net/loop.h"
#include "net/workers.h"
#include "store/job.h"
#include "store/standby.h"

#define RESULT_MAX (16u << 20)
#define DEFAULT_LEASE_SECONDS 60
#define TICK_MS 1000
#define STANDBY_SECONDS 30 /* until a job that waits for its end asks again */

struct job_runner {
    struct loop *loop;
    struct workers *workers;
    const struct job_services *services;
    const struct job_type *types;
    size_t n_slots;
    struct loop_timer *timer;
    _Atomic size_t n_busy;
    _Atomic bool is_stopping;
    _Atomic bool is_kicked; /* since a slot last looked */
};

static const struct job_type *find_type(const struct job_runner *runner, const char *name)
{
    for (const struct job_type *type = runner->types; type->name; type++)
        if (strcmp(type->name, name) == 0)
            return type;
    return NULL;
}

static int64_t lease_end(const struct job_type *type, int64_t now)
{
    return now + (type && type->lease_seconds ? type->lease_seconds : DEFAULT_LEASE_SECONDS);
}

/* A job that would act on the outside goes back to wait, as long as the server is in standby. */
static bool hold_back(struct tx *tx, const struct job_type *type, struct job_row **row, int64_t now,
    struct err *err)
{
    struct standby standby;

    if (!type || !type->acts_outside)
        return true;
    if (!store_standby_get(tx, &standby, err))
        return false;
    if (!standby.is_on)
        return true;
    autofree(job_row) struct job_row *held = take(row);

    return store_job_postpone(tx, held, now + STANDBY_SECONDS, err);
}

static bool claim(const struct job_runner *runner, struct db *db, struct job_row **ret,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(job_row) struct job_row *row = NULL;
    int64_t now = clock_now();

    if (!tx_begin(db, TX_WRITE, &tx, err) ||
        !store_job_claim(tx, runner->services->node, now, now + DEFAULT_LEASE_SECONDS, &row, err))
        return false;
    if (row) {
        const struct job_type *type = find_type(runner, row->type);

        if (!store_job_progress(tx, row, lease_end(type, now), row->progress_done,
                row->progress_total, err) ||
            !hold_back(tx, type, &row, now, err))
            return false;
    }
    if (!tx_commit(take(&tx), err))
        return false;
    *ret = take(&row);
    return true;
}

/* Nothing is due: a look without a write lock, so that an idle server does not write. */
static bool is_any_due(struct db *db, bool *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t next;

    if (!tx_begin(db, TX_READ, &tx, err) || !store_job_next_due(tx, &next, err))
        return false;
    *ret = next <= clock_now();
    return true;
}

bool job_run_progress_in(struct job_run *run, struct tx *tx, int64_t done, int64_t total,
    struct err *err)
{
    const struct job_runner *runner = run->services->runner;

    if (atomic_load(&runner->is_stopping))
        return fail(err, ERR_UNAVAILABLE, "the server is stopping");
    return store_job_progress(tx, run->row,
        lease_end(find_type(runner, run->row->type), clock_now()), done, total, err);
}

bool job_run_progress(struct job_run *run, int64_t done, int64_t total, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE, &tx, err) &&
           job_run_progress_in(run, tx, done, total, err) && tx_commit(take(&tx), err);
}

/* What the row says next, after a failure. */
static bool write_failure(struct tx *tx, const struct job_runner *runner,
    const struct job_type *type, const struct job_row *row, const struct err *cause,
    struct err *err)
{
    int64_t now = clock_now();
    bool is_worth_it = cause->kind == ERR_UNAVAILABLE && type &&
                       (type->max_attempts == 0 || row->attempt < type->max_attempts);
    uint8_t jitter;

    if (!is_worth_it)
        return store_job_failed(tx, row, cause->msg, now, err);
    if (atomic_load(&runner->is_stopping))
        return store_job_again(tx, row, now, cause->msg, err);
    rand_bytes(&jitter, sizeof jitter);
    return store_job_again(tx, row, now + job_backoff_seconds(row->attempt, jitter), cause->msg,
        err);
}

static bool write_outcome(struct job_runner *runner, const struct job_type *type,
    struct job_run *run, bool works, const struct err *cause, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool written;

    if (!tx_begin(run->db, TX_WRITE, &tx, err))
        return false;
    if (!works)
        written = write_failure(tx, runner, type, run->row, cause, err);
    else if (run->again_at)
        written = store_job_again(tx, run->row, run->again_at, "", err);
    else
        written = store_job_done(tx, run->row, run->result.size ? buf_text(&run->result) : "{}",
            clock_now(), err);
    return written && tx_commit(take(&tx), err);
}

static void run_job(struct job_runner *runner, struct db *db, const struct job_row *row)
{
    const struct job_type *type = find_type(runner, row->type);
    struct job_run run = { .row = row,
        .services = runner->services,
        .db = db,
        .now = clock_now(),
        .result = BUF_INIT(RESULT_MAX) };
    struct err cause = { 0 };
    struct err err = { 0 };
    bool works;

    if (type)
        works = type->run(&run, &cause) && buf_check(&run.result, "result", &cause);
    else
        works = fail(&cause, ERR_INTERNAL, "there is no job type \"%s\"", row->type);
    if (!works)
        log_warning("job.failed", KV_I64("job", row->id), KV_STR("type", row->type),
            KV_I64("attempt", row->attempt), KV_ERR(&cause));
    for (int i = 0; i < 5 && !write_outcome(runner, type, &run, works, &cause, &err); i++)
        if (err.kind != ERR_UNAVAILABLE || i == 4) {
            log_error("job.outcome_lost", KV_I64("job", row->id), KV_ERR(&err));
            break;
        }
    buf_done(&run.result);
}

/* On a worker: run what is due, one after the other. */
static void slot(void *state, void *arg)
{
    struct job_runner *runner = arg;
    struct err err = { 0 };
    bool is_due = true;

    while (!atomic_load(&runner->is_stopping)) {
        autofree(job_row) struct job_row *row = NULL;

        atomic_store(&runner->is_kicked, false);
        if (!is_any_due(state, &is_due, &err) || (is_due && !claim(runner, state, &row, &err))) {
            if (err.kind != ERR_UNAVAILABLE && err.kind != ERR_CONFLICT)
                log_error("job.claim_failed", KV_ERR(&err));
            break;
        }
        if (row) {
            job_runner_kick(runner);
            run_job(runner, state, row);
        } else if (!atomic_load(&runner->is_kicked)) {
            break;
        }
    }
    atomic_fetch_sub(&runner->n_busy, 1);
}

void job_runner_kick(struct job_runner *runner)
{
    struct err err = { 0 };

    atomic_store(&runner->is_kicked, true);
    if (atomic_load(&runner->is_stopping))
        return;
    if (atomic_fetch_add(&runner->n_busy, 1) >= runner->n_slots) {
        atomic_fetch_sub(&runner->n_busy, 1);
        return;
    }
    if (!workers_submit(runner->workers, WORK_JOB, slot, runner, &err))
        atomic_fetch_sub(&runner->n_busy, 1);
}

static void tick(void *arg)
{
    struct job_runner *runner = arg;

    job_runner_kick(runner);
    loop_timer_start(runner->timer, TICK_MS);
}

struct job_runner *job_runner_new(struct loop *loop, struct workers *workers,
    const struct job_services *services, const struct job_type *types, size_t n_slots)
{
    struct job_runner *runner = xcalloc(1, sizeof *runner);

    runner->loop = loop;
    runner->workers = workers;
    runner->services = services;
    runner->types = types;
    runner->n_slots = n_slots;
    runner->timer = loop_timer_new(loop, tick, runner);
    return runner;
}

void job_runner_start(struct job_runner *runner)
{
    tick(runner);
}

void job_runner_stop(struct job_runner *runner)
{
    atomic_store(&runner->is_stopping, true);
    loop_timer_stop(runner->timer);
}

void job_runner_free(struct job_runner *runner)
{
    if (!runner)
        return;
    loop_timer_free(runner->timer);
    free(runner);
}
