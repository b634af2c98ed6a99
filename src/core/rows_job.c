/* core/rows_job: see the header. */
#include "core/rows_job.h"

#include <string.h>

static const char *const state_names[] = {
    [JOB_QUEUED] = "queued",
    [JOB_RUNNING] = "running",
    [JOB_DONE] = "done",
    [JOB_FAILED] = "failed",
};

void job_row_free(struct job_row *row)
{
    if (!row)
        return;
    free(row->type);
    free(row->payload);
    free(row->result);
    free(row->error);
    free(row);
}

const char *job_state_name(enum job_state state)
{
    return state_names[state];
}

bool job_state_from_name(const char *name, enum job_state *ret)
{
    for (size_t i = 0; i < countof(state_names); i++) {
        if (strcmp(name, state_names[i]) == 0) {
            *ret = (enum job_state)i;
            return true;
        }
    }
    return false;
}

int64_t job_backoff_seconds(int64_t attempt, uint8_t jitter)
{
    int64_t wait = 3600;

    if (attempt < 1)
        attempt = 1;
    if (attempt < 10)
        wait = INT64_C(5) << (attempt - 1);
    return wait + wait * jitter / 1024;
}

void schedule_row_free(struct schedule_row *row)
{
    if (!row)
        return;
    free(row->name);
    free(row->cron);
    free(row);
}
