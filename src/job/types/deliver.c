/* job/deliver: send what a lane of the outbox holds: all mail (object 0), or the calls of a
 * webhook.
 */
#include "job/types/types.h"
#include "notify/outbox.h"

/* So that a long row of messages does not keep its slot from all other work. */
#define PER_RUN 50

struct sending {
    struct job_run *run;
    int64_t n;
};

static bool keep_lease(void *arg, struct err *err)
{
    struct sending *sending = arg;

    return job_run_progress(sending->run, sending->n++, PER_RUN, err);
}

bool job_deliver_run(struct job_run *run, struct err *err)
{
    const struct delivery_lane lane = { run->row->object_id ? CHANNEL_WEBHOOK : CHANNEL_EMAIL,
        run->row->object_id };
    struct outbox outbox =
        outbox_begin(run->db, run->services->notifier, run->services->vault, run->now);
    struct sending sending = { .run = run };

    outbox.keep_on = keep_lease;
    outbox.keep_on_arg = &sending;
    return outbox_run(&outbox, &lane, PER_RUN, &run->again_at, err);
}
