/*
 * store/schedule: what runs by itself, and when next.
 *
 * Starting a run moves next_run_at and queues the job in one transaction, so that two nodes cannot
 * both do it. The job's dedupe key is "schedule:NAME": a run that is still under way is not
 * overlapped, and of several runs missed one is caught up.
 */
#pragma once

#include "core/rows_job.h"

struct err;
struct tx;

/* Make the schedule if it is not there; change its cron expression and next run if that differs. */
bool store_schedule_put(struct tx *tx, const char *name, const char *cron, int64_t next_run_at,
    struct err *err) must_check;

bool store_schedule_get(struct tx *tx, const char *name, struct schedule_row **ret, struct err *err)
    must_check;

/* All of them by name, at most `max`; the caller frees the rows. */
bool store_schedule_list(struct tx *tx, struct schedule_row **rows, size_t max, size_t *ret_n,
    struct err *err) must_check;

struct schedule_start {
    const char *job_type;
    int64_t next_run_at;
    int64_t account_id; /* who asked for it; 0: the schedule itself */
};

/*
 * Queue the schedule's job now. *ret_job is the job, or the one still under way; then only the next
 * run moves. ERR_CONFLICT when another node has started it since `schedule` was read.
 */
bool store_schedule_start(struct tx *tx, const struct schedule_row *schedule,
    const struct schedule_start *start, int64_t now, int64_t *ret_job, struct err *err) must_check;

/* It runs at `to` instead of `from`; somebody else may have seen to that already. */
bool store_schedule_move(struct tx *tx, const char *name, int64_t from, int64_t to, struct err *err)
    must_check;

/* A lease on something only one node does at a time; *ret_held says whether it is ours until
 * `until`. */
bool store_lease_take(struct tx *tx, const char *name, const char *owner, int64_t now,
    int64_t until, bool *ret_held, struct err *err) must_check;

/* Whoever held leases is dead. */
bool store_lease_end(struct tx *tx, const char *owner, struct err *err) must_check;
