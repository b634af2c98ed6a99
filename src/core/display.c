/* core/display: see the header. */
#include "core/display.h"

#include "base/clock.h"

int64_t display_expiring_at(const struct display_rule *rule, int64_t begins_at, int64_t expires_at)
{
    int64_t lifetime = 0;
    int64_t at;

    if (rule->lifetime_percent > 0 && !__builtin_sub_overflow(expires_at, begins_at, &lifetime) &&
        lifetime > 0)
        at = expires_at - lifetime / 100 * rule->lifetime_percent;
    else
        at = clock_add_months(expires_at, -rule->months);
    if (at < begins_at)
        at = begins_at;
    return at > expires_at ? expires_at : at;
}
