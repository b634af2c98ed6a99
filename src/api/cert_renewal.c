/*
 * api/cert_renewal: when a record renews, and why then.
 */
#include "api/cert_json.h"
#include "api/tables.h"
#include "core/renewal.h"
#include "store/life.h"

/* What stands in the way of a renewal that would otherwise come by itself; NULL: nothing does. */
static const char *blocked_by(const struct life_facts *facts, const struct renewal_plan *plan)
{
    switch (plan->why) {
    case RENEWAL_WANTS_CSR:
    case RENEWAL_REVOKED:
    case RENEWAL_PROFILE_OFF:
    case RENEWAL_CA_OFF:
        return renewal_why_name(plan->why);
    case RENEWAL_PLANNED:
    case RENEWAL_DUE:
    case RENEWAL_EXPIRED:
    case RENEWAL_FORCED:
    case RENEWAL_FAILED:
    case RENEWAL_ORDERED:
    case RENEWAL_BY_PERSON:
    case RENEWAL_NOT_MANAGED:
    case RENEWAL_NOT_ISSUED:
    case N_RENEWAL_WHYS:
        break;
    }
    return facts->life && facts->life->last_error[0] ? "failed" : NULL;
}

static bool renewal_get(struct api_call *call, struct err *err)
{
    autodone(life_facts) struct life_facts facts = { 0 };
    struct json_out *const out = &call->reply;
    struct renewal_plan plan;

    if (!cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !store_life_facts(call->tx, call->path_id, call->now, &facts, err))
        return false;
    renewal_plan(&facts.input, &plan);
    json_bool(out, "managed", facts.life != NULL);
    json_bool(out, "renews_itself", facts.profile && facts.profile->renews_itself);
    json_str(out, "profile", facts.profile ? facts.profile->name : NULL);
    json_time_or_null(out, "opens_at", plan.opens_at);
    json_time_or_null(out, "renew_at", plan.renew_at);
    json_str(out, "why", renewal_why_name(plan.why));
    json_str(out, "text", plan.text);
    json_bool(out, "may_now", plan.may_now);
    json_bool(out, "may_forced", plan.may_forced);
    json_str(out, "blocked_by", blocked_by(&facts, &plan));
    json_str(out, "last_error",
        facts.life && facts.life->last_error[0] ? facts.life->last_error : NULL);
    json_time_or_null(out, "retry_at", facts.life ? facts.life->retry_at : 0);
    json_i64(out, "n_failures", facts.life ? facts.life->n_failures : 0);
    return true;
}

const struct api_route certificate_renewal_routes[] = {
    { "GET", "/certificates/{id}/renewal", ROLE_USER, API_READS, renewal_get, 0 },
    { 0 },
};
