/*
 * monitor/figures: counts of what the probes did, since this process started. Any thread may add
 * and read.
 */
#pragma once

#include "base/base.h"
#include "probe/probe.h"

#define FIGURES_BUCKETS 12

/* Upper ends in milliseconds; the last bucket of a histogram is everything. */
extern const int64_t figures_bucket_ms[FIGURES_BUCKETS];

struct figures {
    int64_t probes[PROBE_N_ERRORS];  /* by result; PROBE_OK is success */
    int64_t within[FIGURES_BUCKETS]; /* probes that took at most that long */
    int64_t n_probes;
    int64_t total_ms;
};

void figures_add_probe(enum probe_error result, int64_t duration_ms);
void figures_read(struct figures *ret);
