/* job/types/updates: what the jobs that look at endpoints have in common. */
#pragma once

#include "job/queue.h"
#include "monitor/check.h"

struct update_progress {
    struct job_run *run;
    int64_t done; /* before the present part */
    int64_t total;
};

/* For check_endpoints(): says how far it is, and keeps the lease. */
bool update_progress_tell(void *context, int64_t n_done, struct err *err) must_check;

/* {checked, unchanged, skipped, changed: [{id, name, what}], failed: [{id, name, message}]} */
bool update_write_result(struct job_run *run, const struct check_totals *totals, int64_t n_skipped,
    struct err *err) must_check;
