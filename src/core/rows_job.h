/*
 * core/rows_job: a piece of work, as the database keeps it.
 */
#pragma once

#include "base/base.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED };

struct job_row {
    int64_t id;
    char *type;
    int64_t object_id; /* what it is about; 0: nothing in particular */
    char *payload;     /* JSON object */
    enum job_state state;
    int64_t due_at;
    int64_t attempt; /* 1 while it runs for the first time */
    int64_t fence;   /* grows with each claim */
    int64_t progress_done;
    int64_t progress_total;
    char *result; /* JSON; NULL until it is done */
    char *error;
    int64_t account_id; /* who asked; 0: certdesk itself */
    int64_t created_at;
    int64_t started_at;  /* 0: not yet */
    int64_t finished_at; /* 0: not yet */
};

void job_row_free(struct job_row *row);

const char *job_state_name(enum job_state state); /* "queued", … */
bool job_state_from_name(const char *name, enum job_state *ret);

/*
 * How long to wait before attempt `attempt` + 1: 5 s doubled each time, at most an hour, with up to
 * a quarter added by `jitter` (0 to 255) so that what failed together does not come back together.
 */
int64_t job_backoff_seconds(int64_t attempt, uint8_t jitter);

struct schedule_row {
    char *name;
    char *cron;
    int64_t next_run_at;
    int64_t last_run_at; /* 0: never */
    int64_t last_job_id; /* 0: none */
};

void schedule_row_free(struct schedule_row *row);

DEFINE_AUTOFREE(job_row);
DEFINE_AUTOFREE(schedule_row);
