/* job/probe: look at one record's endpoints now. Its result is that of an update of one. */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "job/types/updates.h"
#include "monitor/check.h"
#include "monitor/move.h"
#include "monitor/trust.h"
#include "store/endpoint.h"

static bool read_endpoints(struct job_run *run, struct endpoint_rows *rows, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) &&
           store_endpoints_of_cert(tx, run->row->object_id, rows, err);
}

/* An endpoint that went away takes what it served with it. */
static bool move_alone(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct err gone = { 0 };

    if (!tx_begin(run->db, TX_WRITE, &tx, err))
        return false;
    if (!move_record(tx, run->row->object_id, run->now, NULL, &gone)) {
        if (gone.kind == ERR_NOT_FOUND)
            return true;
        *err = gone;
        return false;
    }
    return tx_commit(take(&tx), err);
}

bool job_probe_run(struct job_run *run, struct err *err)
{
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    autodone(check_totals) struct check_totals totals = { 0 };

    if (!trust_keeper_refresh(run->services->trust, run->db, err) ||
        !read_endpoints(run, &rows, err))
        return false;
    if (rows.n == 0)
        return move_alone(run, err);
    struct update_progress progress = { .run = run, .total = (int64_t)rows.n };

    if (!job_run_progress(run, 0, progress.total, err) ||
        !check_endpoints(run->db, run->services->prober, &rows, update_progress_tell, &progress,
            &totals, err))
        return false;
    return update_write_result(run, &totals, 0, err);
}
