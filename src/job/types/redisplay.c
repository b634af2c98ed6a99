/* job/redisplay: the rule for "expiring soon" has changed; compute it again for every record. */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/cert_refresh.h"
#include "store/settings.h"

#define BATCH 1000

struct batch {
    int64_t after;
    int64_t last; /* 0: there was none left */
};

static bool one_batch(struct tx *tx, void *arg, struct err *err)
{
    struct batch *batch = arg;
    struct display_rule rule;

    return store_display_rule(tx, &rule, NULL, err) &&
           store_cert_redisplay(tx, &rule, batch->after, BATCH, &batch->last, err);
}

bool job_redisplay_run(struct job_run *run, struct err *err)
{
    struct batch batch = { 0 };
    int64_t done = 0;

    do {
        batch.after = batch.last;
        if (!tx_run(run->db, TX_WRITE_LONG, one_batch, &batch, err) ||
            !job_run_progress(run, done, done + (batch.last ? BATCH : 0), err))
            return false;
        done += BATCH;
    } while (batch.last);
    return true;
}
