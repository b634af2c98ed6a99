/*
 * job/cleanup: forget what has ended: sessions, throttles, remembered answers, jobs of last month,
 * messages of half a year ago, keys of certificates that are gone.
 */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/delivery.h"
#include "store/job.h"
#include "store/sealed_key.h"
#include "store/session.h"

#define KEEP_JOBS_SECONDS (30 * INT64_C(86400))
#define KEEP_DELIVERIES_SECONDS (180 * INT64_C(86400))
#define BATCH 1000

static bool forget_jobs(struct job_run *run, int64_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE, &tx, err) &&
           store_job_forget(tx, run->now - KEEP_JOBS_SECONDS, BATCH, ret_n, err) &&
           tx_commit(take(&tx), err);
}

static bool forget_deliveries(struct job_run *run, int64_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE, &tx, err) &&
           store_delivery_forget(tx, run->now - KEEP_DELIVERIES_SECONDS, BATCH, ret_n, err) &&
           tx_commit(take(&tx), err);
}

bool job_cleanup_run(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n = BATCH;
    int64_t n_keys;

    if (!tx_begin(run->db, TX_WRITE, &tx, err) || !store_session_forget(tx, run->now, err) ||
        !store_sealed_key_sweep(tx, run->now, &n_keys, err) || !tx_commit(take(&tx), err))
        return false;
    while (n == BATCH)
        if (!forget_jobs(run, &n, err))
            return false;
    n = BATCH;
    while (n == BATCH)
        if (!forget_deliveries(run, &n, err))
            return false;
    return true;
}
