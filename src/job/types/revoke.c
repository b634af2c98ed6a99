/* job/revoke: tells a CA of a revocation that it could not be told of when it was asked for. */
#include "base/err.h"
#include "codec/json_in.h"
#include "job/types/life_of.h"
#include "job/types/types.h"

bool job_revoke_run(struct job_run *run, struct err *err)
{
    struct principal who;
    struct life life = life_of_job(run, &who);
    struct life_ask ask = { .transition = "revoke" };
    autofree(json) struct json *payload = NULL;

    if (!json_parse(span_text(run->row->payload), &payload, err))
        return false;
    const char *const reason = json_as_text(json_member(payload, "reason"));
    const char *const back_to = json_as_text(json_member(payload, "back_to"));

    ask.comment = json_as_text(json_member(payload, "comment"));
    if (!reason || !back_to || !ca_reason_from_name(reason, &ask.reason))
        return fail(err, ERR_INTERNAL, "the job does not say what is to be revoked");
    return life_revoke_again(&life, run->row->object_id, &ask, back_to, err);
}
