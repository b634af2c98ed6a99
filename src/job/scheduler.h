/*
 * job/scheduler: starts what runs by itself, when its cron expression says so.
 *
 * Missed runs are caught up by one; a run that is still under way is not overlapped
 * (store/schedule). Every node has a scheduler; the database lets one of them start each run.
 */
#pragma once

#include "base/base.h"

struct db;
struct err;
struct job_runner;
struct loop;
struct scheduler;
struct tx;
struct workers;

/* One thing that runs by itself: its name is also its job's type. */
struct scheduled {
    const char *name;
    const char *default_cron; /* UTC */
    const char *summary;      /* for people */
    bool is_internal;         /* not offered to people */
};

/* The table; it ends with an empty row. */
extern const struct scheduled scheduled[];

/* Put the schedules of the table into the database where they are missing. At start. */
bool scheduler_init(struct tx *tx, int64_t now, struct err *err) must_check;

/* Change when something runs. ERR_INVALID: the expression is none, or never comes true. */
bool scheduler_set_cron(struct tx *tx, const char *name, const char *cron, int64_t now,
    struct err *err) must_check;

/* Start it now, whatever its expression says; *ret_job is its job, or the one under way. */
bool scheduler_run_now(struct tx *tx, const char *name, int64_t account_id, int64_t now,
    int64_t *ret_job, struct err *err) must_check;

/* `node` is this one's name; borrowed. */
struct scheduler *scheduler_new(struct loop *loop, struct workers *workers,
    struct job_runner *runner, const char *node) must_check;

/* On the loop. */
void scheduler_start(struct scheduler *scheduler);
void scheduler_stop(struct scheduler *scheduler);
void scheduler_free(struct scheduler *scheduler);

/* When it last looked at the schedules (clock_now()); 0: not yet. An old one is an alarm. From any
 * thread. */
int64_t scheduler_alive_at(const struct scheduler *scheduler);

DEFINE_AUTOFREE(scheduler);
