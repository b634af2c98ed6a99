/*
 * job/cleanup: forget what has ended: sessions, throttles, remembered answers, imports and jobs of
 * last month, messages of half a year ago, keys of certificates that are gone.
 */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/delivery.h"
#include "store/import.h"
#include "store/import_file.h"
#include "store/job.h"
#include "store/sealed_key.h"
#include "store/session.h"

#define KEEP_JOBS_SECONDS (30 * INT64_C(86400))
#define KEEP_DELIVERIES_SECONDS (180 * INT64_C(86400))
#define KEEP_IMPORTS_SECONDS (30 * INT64_C(86400))
#define ORPHAN_SECONDS 86400 /* an upload takes no longer */
#define CHUNKS_AT_ONCE 64
#define BATCH 1000

static bool forget_jobs(struct job_run *run, int64_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE_LONG, &tx, err) &&
           store_job_forget(tx, run->now - KEEP_JOBS_SECONDS, BATCH, ret_n, err) &&
           tx_commit(take(&tx), err);
}

static bool forget_deliveries(struct job_run *run, int64_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE_LONG, &tx, err) &&
           store_delivery_forget(tx, run->now - KEEP_DELIVERIES_SECONDS, BATCH, ret_n, err) &&
           tx_commit(take(&tx), err);
}

static bool find_import(struct job_run *run, int64_t *ret_id, int64_t *ret_file, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(tx) struct tx *tx = NULL;
    autofree(import_row) struct import_row *import = NULL;

    if (!tx_begin(run->db, TX_READ, &tx, err) ||
        !store_import_old(tx, run->now - KEEP_IMPORTS_SECONDS, ret_id, err))
        return false;
    if (*ret_id == 0)
        return true;
    if (!store_import_get(tx, &system, *ret_id, &import, err))
        return false;
    *ret_file = import->file_id;
    return true;
}

static bool forget_imports(struct job_run *run, struct err *err)
{
    for (;;) {
        int64_t id;
        int64_t file_id = 0;

        if (!find_import(run, &id, &file_id, err))
            return false;
        if (id == 0)
            return true;
        if (!store_import_delete_all(run->db, id, file_id, err) ||
            !job_run_progress(run, 0, 0, err))
            return false;
    }
}

/* Files of uploads that were cut short. */
static bool forget_files(struct job_run *run, struct err *err)
{
    for (;;) {
        autofree(tx) struct tx *tx = NULL;
        int64_t id;
        bool is_gone;

        if (!tx_begin(run->db, TX_WRITE_LONG, &tx, err) ||
            !store_import_file_orphan(tx, run->now - ORPHAN_SECONDS, &id, err))
            return false;
        if (id == 0)
            return true;
        if (!store_import_file_delete(tx, id, CHUNKS_AT_ONCE, &is_gone, err) ||
            !tx_commit(take(&tx), err))
            return false;
    }
}

bool job_cleanup_run(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n = BATCH;
    int64_t n_keys;

    if (!tx_begin(run->db, TX_WRITE_LONG, &tx, err) || !store_session_forget(tx, run->now, err) ||
        !store_sealed_key_sweep(tx, run->now, &n_keys, err) || !tx_commit(take(&tx), err))
        return false;
    while (n == BATCH)
        if (!forget_jobs(run, &n, err))
            return false;
    n = BATCH;
    while (n == BATCH)
        if (!forget_deliveries(run, &n, err))
            return false;
    return forget_imports(run, err) && forget_files(run, err);
}
