/*
 * job/scheduler: see the header.
 *
 * It looks once a second, which is as fine as cron needs, on a worker; not in the class of jobs,
 * all threads of which may be held by long ones.
 */
#include "job/scheduler.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/cron.h"
#include "db/db.h"
#include "job/nodes.h"
#include "job/queue.h"
#include "net/loop.h"
#include "net/workers.h"
#include "store/cert_list.h"
#include "store/schedule.h"

#define TICK_MS 1000
#define MAX_SCHEDULES 32
#define PLANS_SECONDS 10

const struct scheduled scheduled[] = {
    { "check", "17 2 * * *", "look at every endpoint", false },
    { "notify", "27 2 * * *", "renewal scan: open and escalate expiry tickets", false },
    { "renew", "37 2 * * *", "renew what is due by its profile", false },
    { "renew_soon", "* * * * *", "renew what has come to be due", true },
    { "audit", "*/5 * * * *", "link the audit log's entries and sign the last one", true },
    { "outbox", "*/5 * * * *", "look for messages that nobody sends", true },
    { "crl", "7,37 * * * *", "sign lists of revoked certificates before they grow stale", true },
    { "cleanup", "47 3 * * *", "forget ended sessions and old jobs", true },
    { 0 },
};

struct scheduler {
    struct loop *loop;
    struct workers *workers;
    struct job_runner *runner;
    struct loop_timer *timer;
    struct nodes *nodes;
    int64_t plans_at; /* when plans were looked at last; whoever is looking has it */
    _Atomic int64_t alive_at;
    _Atomic bool is_looking;
    _Atomic bool is_stopping;
};

static const struct scheduled *find(const char *name)
{
    for (const struct scheduled *s = scheduled; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static bool next_run(const char *text, int64_t now, int64_t *ret, struct err *err)
{
    struct cron cron;

    if (!cron_parse(span_text(text), &cron, err))
        return false;
    *ret = cron_next(&cron, now, 0);
    return true;
}

bool scheduler_set_cron(struct tx *tx, const char *name, const char *cron, int64_t now,
    struct err *err)
{
    int64_t at;

    return next_run(cron, now, &at, err) && store_schedule_put(tx, name, cron, at, err);
}

static bool is_there(struct tx *tx, const char *name, bool *ret, struct err *err)
{
    autofree(schedule_row) struct schedule_row *row = NULL;
    struct err missing = { 0 };

    *ret = store_schedule_get(tx, name, &row, &missing);
    if (*ret || missing.kind == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

bool scheduler_init(struct tx *tx, int64_t now, struct err *err)
{
    for (const struct scheduled *s = scheduled; s->name; s++) {
        bool there;

        if (!is_there(tx, s->name, &there, err) ||
            (!there && !scheduler_set_cron(tx, s->name, s->default_cron, now, err)))
            return false;
    }
    return true;
}

static bool start_run(struct tx *tx, const struct schedule_row *row, int64_t account_id,
    int64_t now, int64_t *ret_job, struct err *err)
{
    struct schedule_start start = { .job_type = row->name, .account_id = account_id };

    return next_run(row->cron, now, &start.next_run_at, err) &&
           store_schedule_start(tx, row, &start, now, ret_job, err);
}

bool scheduler_run_now(struct tx *tx, const char *name, int64_t account_id, int64_t now,
    int64_t *ret_job, struct err *err)
{
    autofree(schedule_row) struct schedule_row *row = NULL;

    return store_schedule_get(tx, name, &row, err) &&
           start_run(tx, row, account_id, now, ret_job, err);
}

static bool read_schedules(struct db *db, struct schedule_row **rows, size_t *ret_n,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_READ, &tx, err) &&
           store_schedule_list(tx, rows, MAX_SCHEDULES, ret_n, err);
}

static void start_due(struct scheduler *self, struct db *db, const struct schedule_row *row,
    int64_t now)
{
    autofree(tx) struct tx *tx = NULL;
    struct err err = { 0 };
    int64_t job;

    if (!find(row->name))
        return;
    if (tx_begin(db, TX_WRITE, &tx, &err) && start_run(tx, row, 0, now, &job, &err) &&
        tx_commit(take(&tx), &err)) {
        log_info("schedule.started", KV_STR("schedule", row->name), KV_I64("job", job));
        job_runner_kick(self->runner);
    } else if (err.kind != ERR_CONFLICT) {
        log_warning("schedule.not_started", KV_STR("schedule", row->name), KV_ERR(&err));
    }
}

/* A run that is later than the next one after now was planned by a clock that was ahead: once that
 * is set right, nothing would run until the day that it showed. */
static void plan_again(struct db *db, const struct schedule_row *row, int64_t now)
{
    autofree(tx) struct tx *tx = NULL;
    struct err err = { 0 };
    int64_t at = 0;

    if (!next_run(row->cron, now, &at, &err)) {
        log_warning("schedule.not_planned", KV_STR("schedule", row->name), KV_ERR(&err));
        return;
    }
    if (row->next_run_at <= at)
        return;
    if (tx_begin(db, TX_WRITE, &tx, &err) &&
        store_schedule_move(tx, row->name, row->next_run_at, at, &err) &&
        tx_commit(take(&tx), &err))
        log_warning("schedule.planned_again", KV_STR("schedule", row->name));
    else
        log_warning("schedule.not_planned", KV_STR("schedule", row->name), KV_ERR(&err));
}

/* May plans have been made by another clock than this? Asked at the start, when this clock has been
 * set back, and now and then, as other nodes have clocks too: what a plan should be takes longer to
 * work out than the rest of a look. */
static bool looks_at_plans(struct scheduler *self, int64_t now)
{
    if (now >= self->plans_at && now - self->plans_at < PLANS_SECONDS)
        return false;
    self->plans_at = now;
    return true;
}

/* What dead nodes were doing is there to be done. */
static void look_at_nodes(struct scheduler *self, struct db *db)
{
    struct err err = { 0 };
    size_t n_dead;

    if (!nodes_look(self->nodes, db, &n_dead, &err))
        log_warning("node.unknown", KV_ERR(&err));
    else if (n_dead)
        job_runner_kick(self->runner);
}

static void look(void *state, void *arg)
{
    struct scheduler *self = arg;
    struct schedule_row *rows[MAX_SCHEDULES];
    struct err err = { 0 };
    int64_t now = clock_now();
    size_t n = 0;

    if (read_schedules(state, rows, &n, &err))
        atomic_store(&self->alive_at, now);
    else
        log_error("schedule.unreadable", KV_ERR(&err));
    const bool with_plans = looks_at_plans(self, now);

    for (size_t i = 0; i < n; i++) {
        if (rows[i]->next_run_at <= now && !atomic_load(&self->is_stopping))
            start_due(self, state, rows[i], now);
        else if (with_plans && rows[i]->next_run_at > now)
            plan_again(state, rows[i], now);
        schedule_row_free(rows[i]);
    }
    look_at_nodes(self, state);
    store_cert_list_rest();
    atomic_store(&self->is_looking, false);
}

static void tick(void *arg)
{
    struct scheduler *self = arg;
    struct err err = { 0 };

    if (!atomic_exchange(&self->is_looking, true) &&
        !workers_submit(self->workers, WORK_WATCH, look, self, &err))
        atomic_store(&self->is_looking, false);
    loop_timer_start(self->timer, TICK_MS);
}

struct scheduler *scheduler_new(struct loop *loop, struct workers *workers,
    struct job_runner *runner, const char *node)
{
    struct scheduler *self = xcalloc(1, sizeof *self);

    self->loop = loop;
    self->workers = workers;
    self->runner = runner;
    self->nodes = nodes_new(node);
    self->timer = loop_timer_new(loop, tick, self);
    return self;
}

void scheduler_start(struct scheduler *scheduler)
{
    tick(scheduler);
}

void scheduler_stop(struct scheduler *scheduler)
{
    atomic_store(&scheduler->is_stopping, true);
    loop_timer_stop(scheduler->timer);
}

void scheduler_free(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    loop_timer_free(scheduler->timer);
    nodes_free(scheduler->nodes);
    free(scheduler);
}

int64_t scheduler_alive_at(const struct scheduler *scheduler)
{
    return atomic_load(&scheduler->alive_at);
}
