/* core/rows_resource: see the header. */
#include "core/rows_resource.h"

#include <string.h>

#include "base/alloc.h"

#define MINUTE INT64_C(60)
#define HOUR (60 * MINUTE)

static const char *const state_names[N_DEPLOYMENT_STATES] = {
    [DEPLOYMENT_QUEUED] = "queued",
    [DEPLOYMENT_DEPLOYING] = "deploying",
    [DEPLOYMENT_PROVING] = "proving",
    [DEPLOYMENT_SEEN] = "seen",
    [DEPLOYMENT_PUT_BACK] = "put_back",
    [DEPLOYMENT_FAILED] = "failed",
};

void resource_row_done(struct resource_row *row)
{
    free(row->name);
    free(row->description);
    free(row->type);
    free(row->settings);
}
DEFINE_ROWS(resource);

void association_row_done(struct association_row *row)
{
    free(row->resource);
    free(row->resource_type);
    free(row->slot);
}
DEFINE_ROWS(association);

void resource_endpoint_row_done(struct resource_endpoint_row *row)
{
    free(row->slot);
    free(row->host);
    free(row->sni);
    free(row->protocol);
}
DEFINE_ROWS(resource_endpoint);

void resource_user_row_done(struct resource_user_row *row)
{
    free(row->name);
}
DEFINE_ROWS(resource_user);

void deployment_row_done(struct deployment_row *row)
{
    free(row->resource);
    free(row->slot);
    free(row->certificate);
    free(row->previous_name);
    free(row->ticket);
    free(row->account);
    free(row->error);
    free(row->addresses);
}
DEFINE_ROWS(deployment);

const char *deployment_state_name(enum deployment_state state)
{
    return state_names[state];
}

bool deployment_state_from_name(const char *name, enum deployment_state *ret)
{
    for (int i = 0; i < N_DEPLOYMENT_STATES; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *ret = (enum deployment_state)i;
            return true;
        }
    }
    return false;
}

/* What stands in the way is mended by people, mostly: often at first, then seldom, then no more. */
int64_t deployment_backoff_seconds(int64_t attempts, bool is_unreachable)
{
    static const int64_t waits[] = { 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, 24 * HOUR };

    if (is_unreachable)
        return attempts <= 1 ? 5 : attempts == 2 ? 15 : 50;
    return attempts >= 1 && attempts <= (int64_t)countof(waits) ? waits[attempts - 1] : 0;
}
