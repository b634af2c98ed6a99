/* core/renewal: see the header. */
#include "core/renewal.h"

#include "base/clock.h"

#define SPREAD_PART 20 /* of the window, in which certificates have their instants */
#define RETRY_PART 360 /* of the window, between two attempts */
#define RETRY_LEAST 60
#define RETRY_MOST 3600
#define REFUSED_FACTOR 12           /* a CA that said no is asked that much less often */
#define GRACE (2 * SECONDS_PER_DAY) /* two scans; no more than half of the window */
#define END_PART 16                 /* of what is left, at most, until the next attempt */

static const char *const why_names[N_RENEWAL_WHYS] = {
    [RENEWAL_PLANNED] = "planned",
    [RENEWAL_DUE] = "due",
    [RENEWAL_EXPIRED] = "expired",
    [RENEWAL_FORCED] = "forced",
    [RENEWAL_FAILED] = "failed",
    [RENEWAL_ORDERED] = "ordered",
    [RENEWAL_WANTS_CSR] = "wants_csr",
    [RENEWAL_BY_PERSON] = "by_person",
    [RENEWAL_NOT_MANAGED] = "not_managed",
    [RENEWAL_NOT_ISSUED] = "not_issued",
    [RENEWAL_REVOKED] = "revoked",
    [RENEWAL_PROFILE_OFF] = "profile_disabled",
    [RENEWAL_CA_OFF] = "ca_disabled",
};

const char *renewal_why_name(enum renewal_why why)
{
    ASSERT((size_t)why < countof(why_names));
    return why_names[why];
}

/* Numbers that stand in no relation to those put in, and are always the same (splitmix64). */
static uint64_t scatter(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static int64_t at_least(int64_t value, int64_t least)
{
    return value < least ? least : value;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value > most ? most : value;
}

int64_t renewal_opens_at(const struct profile_row *profile, int64_t not_before, int64_t not_after)
{
    const int64_t lifetime = at_least(not_after - not_before, 0);
    int64_t window = lifetime / 3;

    if (profile->window_seconds > 0)
        window = profile->window_seconds;
    else if (profile->window_percent > 0)
        window = lifetime / 100 * profile->window_percent +
                 lifetime % 100 * profile->window_percent / 100;
    return not_after - at_most(window, lifetime - lifetime / 3);
}

/* The first of the profile's own scans at `instant` or later, but not so late that the window is
 * half over: there must be time for a CA that is down. */
static int64_t at_scan(const struct renewal_input *input, int64_t opens_at, int64_t instant)
{
    const int64_t every = input->profile->scan_seconds;
    const int64_t late = opens_at + (input->not_after - opens_at) / 2;

    if (every <= 0 || instant % every == 0)
        return instant;
    return at_most(instant + every - instant % every, at_least(late, instant));
}

/* The certificate's own instant in the window. */
static int64_t own_instant(const struct renewal_input *input, int64_t opens_at)
{
    const uint64_t spread = (uint64_t)at_least((input->not_after - opens_at) / SPREAD_PART, 1);

    return at_scan(input, opens_at,
        opens_at + (int64_t)(scatter((uint64_t)input->certificate_id) % spread));
}

int64_t renewal_retry_at(const struct renewal_input *input, int64_t n_failures, enum err_kind kind)
{
    const int64_t opens_at = renewal_opens_at(input->profile, input->not_before, input->not_after);
    const int64_t factor = kind == ERR_UPSTREAM ? REFUSED_FACTOR : 1;
    const int64_t most =
        factor *
        at_most(at_least((input->not_after - opens_at) / RETRY_PART, RETRY_LEAST), RETRY_MOST);
    const int64_t left = input->not_after - input->now;
    const uint64_t chance = scatter((uint64_t)(input->certificate_id * 1000 + n_failures)) % 256;
    int64_t delay = at_least(most / 12, RETRY_LEAST / 2);

    for (int64_t n = 1; n < n_failures && delay < most; n++)
        delay *= 2;
    delay = at_most(delay, most);
    delay += delay * ((int64_t)chance - 128) / 1024;
    if (left > 0)
        delay = at_most(delay, at_least(left / END_PART, RETRY_LEAST));
    if (left > 0 && delay >= left)
        delay = at_least(left / 2, 1);
    return input->now + delay;
}

/* ---- the plan ---- */

/* What keeps it from being renewed by anybody; RENEWAL_PLANNED: nothing. */
static enum renewal_why find_block(const struct renewal_input *input)
{
    if (!input->profile || !input->life)
        return RENEWAL_NOT_MANAGED;
    if (input->is_revoked)
        return RENEWAL_REVOKED;
    if (!input->not_after)
        return RENEWAL_NOT_ISSUED;
    if (input->profile->is_disabled)
        return RENEWAL_PROFILE_OFF;
    if (input->is_ordered)
        return RENEWAL_ORDERED;
    return input->is_ca_disabled ? RENEWAL_CA_OFF : RENEWAL_PLANNED;
}

/* When it renews by itself, and why then; nothing blocks it for good. */
static void plan_instant(const struct renewal_input *input, struct renewal_plan *plan)
{
    const struct life_row *const life = input->life;
    const bool is_expired = input->now > input->not_after;

    plan->is_forced =
        input->profile->is_forcing && life->forced_serial < input->profile->force_serial;
    if (!plan->is_forced && !input->profile->renews_itself) {
        plan->why = RENEWAL_BY_PERSON;
        return;
    }
    if (input->profile->renews_itself)
        plan->overdue_at = own_instant(input, plan->opens_at) +
                           at_most(GRACE, (input->not_after - plan->opens_at) / 2);
    plan->reason = plan->is_forced ? "forced" : is_expired ? "expired" : "window";
    plan->renew_at = plan->is_forced ? input->now : own_instant(input, plan->opens_at);
    if (life->n_failures > 0 && life->retry_at > plan->renew_at &&
        life->retry_at <= input->now + RENEWAL_RETRY_CREDIBLE)
        plan->renew_at = life->retry_at;
    if (input->wants_csr && plan->renew_at <= input->now) {
        plan->renew_at = 0;
        plan->why = RENEWAL_WANTS_CSR;
        return;
    }
    plan->is_due = plan->renew_at <= input->now;
    if (!plan->is_due)
        plan->why = life->n_failures > 0 ? RENEWAL_FAILED : RENEWAL_PLANNED;
    else if (plan->is_forced)
        plan->why = RENEWAL_FORCED;
    else
        plan->why = is_expired ? RENEWAL_EXPIRED : RENEWAL_DUE;
}

static void say(const struct renewal_input *input, struct renewal_plan *plan)
{
    char opens[CLOCK_RFC3339_SIZE];
    char renews[CLOCK_RFC3339_SIZE];
    char *const text = plan->text;
    const size_t size = sizeof plan->text;

    (void)clock_rfc3339(plan->opens_at, opens);
    (void)clock_rfc3339(plan->renew_at, renews);
    switch (plan->why) {
    case RENEWAL_PLANNED:
        (void)snprintf(text, size,
            "It renews by itself at %s. The expiry window of its profile opens at %s.", renews,
            opens);
        return;
    case RENEWAL_DUE:
        (void)snprintf(text, size, "It is inside the expiry window since %s, and is renewed now.",
            opens);
        return;
    case RENEWAL_EXPIRED:
        (void)snprintf(text, size, "It has expired, and is renewed now.");
        return;
    case RENEWAL_FORCED:
        (void)snprintf(text, size, "Force Renewal is on: it is renewed now, whatever its window.");
        return;
    case RENEWAL_FAILED:
        (void)snprintf(text, size,
            "The last attempt has failed, the %" PRId64 ". in a row. The next is at %s.",
            input->life->n_failures, renews);
        return;
    case RENEWAL_ORDERED:
        (void)snprintf(text, size, "Its certificate is being issued now.");
        return;
    case RENEWAL_WANTS_CSR:
        (void)snprintf(text, size,
            "It waits for a new request (CSR), which its profile wants from"
            " a person at each renewal. Its ticket takes one.");
        return;
    case RENEWAL_BY_PERSON:
        (void)snprintf(text, size,
            "Its profile does not renew by itself. A person may renew it from %s on.", opens);
        return;
    case RENEWAL_NOT_MANAGED:
        (void)snprintf(text, size, "No profile issues it, so it is renewed elsewhere.");
        return;
    case RENEWAL_NOT_ISSUED:
        (void)snprintf(text, size, "Nothing was issued yet that could be renewed.");
        return;
    case RENEWAL_REVOKED:
        (void)snprintf(text, size, "A revoked certificate cannot be renewed.");
        return;
    case RENEWAL_PROFILE_OFF:
        (void)snprintf(text, size, "Its profile \"%s\" is disabled.", input->profile->name);
        return;
    case RENEWAL_CA_OFF:
        (void)snprintf(text, size, "The CA \"%s\" of its profile is disabled.", input->profile->ca);
        return;
    case N_RENEWAL_WHYS:
        return;
    }
}

void renewal_decide(const struct renewal_input *input, struct renewal_plan *ret)
{
    const enum renewal_why block = find_block(input);

    *ret = (struct renewal_plan){ .reason = "window" };
    if (block != RENEWAL_NOT_MANAGED && input->not_after)
        ret->opens_at = renewal_opens_at(input->profile, input->not_before, input->not_after);

    /* These two end without anybody planning anew: the instant stays. */
    if (block == RENEWAL_PLANNED || block == RENEWAL_ORDERED || block == RENEWAL_CA_OFF)
        plan_instant(input, ret);
    if (block == RENEWAL_PLANNED) {
        ret->may_forced = true;
        ret->may_now = input->now >= ret->opens_at;
    } else {
        ret->why = block;
        ret->is_due = false;
    }
}

void renewal_plan(const struct renewal_input *input, struct renewal_plan *ret)
{
    renewal_decide(input, ret);
    say(input, ret);
}

bool renewal_is_in_hand(const struct renewal_input *input, const struct renewal_plan *plan)
{
    const bool is_blocked = plan->why == RENEWAL_WANTS_CSR || plan->why == RENEWAL_CA_OFF;

    return !is_blocked && input->now < plan->overdue_at &&
           input->life->n_failures < RENEWAL_FAILURES_TOLD;
}

bool renewal_permit(const struct renewal_plan *plan, bool is_forced, struct err *err)
{
    if (plan->may_now || (is_forced && plan->may_forced))
        return true;
    if (plan->may_forced)
        return fail(err, ERR_CONFLICT, "%s", RENEWAL_OUTSIDE_WINDOW);
    return fail(err, ERR_CONFLICT, "%s", plan->text);
}
