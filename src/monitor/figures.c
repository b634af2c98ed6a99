/* monitor/figures: see the header. Counters only grow, each for itself; nobody needs them to agree
 * to the last one. */
#include "monitor/figures.h"

#include <stdatomic.h>

const int64_t figures_bucket_ms[FIGURES_BUCKETS] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
    10000, 20000 };

static _Atomic int64_t probes[PROBE_N_ERRORS];
static _Atomic int64_t within[FIGURES_BUCKETS];
static _Atomic int64_t n_probes;
static _Atomic int64_t total_ms;

void figures_add_probe(enum probe_error result, int64_t duration_ms)
{
    atomic_fetch_add(&probes[result], 1);
    for (size_t i = 0; i < FIGURES_BUCKETS; i++)
        if (duration_ms <= figures_bucket_ms[i])
            atomic_fetch_add(&within[i], 1);
    atomic_fetch_add(&n_probes, 1);
    atomic_fetch_add(&total_ms, duration_ms);
}

void figures_read(struct figures *ret)
{
    for (size_t i = 0; i < PROBE_N_ERRORS; i++)
        ret->probes[i] = atomic_load(&probes[i]);
    for (size_t i = 0; i < FIGURES_BUCKETS; i++)
        ret->within[i] = atomic_load(&within[i]);
    ret->n_probes = atomic_load(&n_probes);
    ret->total_ms = atomic_load(&total_ms);
}
