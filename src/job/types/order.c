/* job/order: goes on with an order that a CA takes its time for, or that somebody died with. */
#include "base/err.h"
#include "job/types/life_of.h"
#include "job/types/types.h"

bool job_order_run(struct job_run *run, struct err *err)
{
    struct principal who;
    struct life life = life_of_job(run, &who);

    return life_drive(&life, run->row->object_id, &run->again_at, err);
}
