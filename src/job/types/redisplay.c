/* job/redisplay: the rule for "expiring soon" has changed; compute it again for every record. */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/cert_refresh.h"
#include "store/settings.h"

#define BATCH 1000

static bool one_batch(struct job_run *run, int64_t *after, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct display_rule rule;

    return tx_begin(run->db, TX_WRITE, &tx, err) && store_display_rule(tx, &rule, NULL, err) &&
           store_cert_redisplay(tx, &rule, *after, BATCH, after, err) && tx_commit(take(&tx), err);
}

bool job_redisplay_run(struct job_run *run, struct err *err)
{
    int64_t after = 0;
    int64_t done = 0;

    do {
        if (!one_batch(run, &after, err) ||
            !job_run_progress(run, done, done + (after ? BATCH : 0), err))
            return false;
        done += BATCH;
    } while (after);
    return true;
}
