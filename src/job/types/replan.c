/*
 * job/replan: a profile was edited or Force Renewal switched, and many records live by it: when
 * each of them renews is computed again. The object is the profile.
 */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/life.h"

#define BATCH 500

struct batch {
    int64_t profile_id;
    int64_t now;
    int64_t after;
    int64_t last; /* 0: there was none left */
};

static bool one_batch(struct tx *tx, void *arg, struct err *err)
{
    struct batch *batch = arg;

    return store_life_replan_profile(tx, batch->profile_id, batch->after, BATCH, batch->now,
        &batch->last, err);
}

bool job_replan_run(struct job_run *run, struct err *err)
{
    struct batch batch = { .profile_id = run->row->object_id, .now = run->now };
    int64_t done = 0;

    do {
        batch.after = batch.last;
        if (!tx_run(run->db, TX_WRITE_LONG, one_batch, &batch, err)) {
            /* The profile is gone, and so is what lived by it. */
            return err->kind == ERR_NOT_FOUND;
        }
        done += BATCH;
        if (!job_run_progress(run, done, done + (batch.last ? BATCH : 0), err))
            return false;
    } while (batch.last);
    return true;
}
