/* core/policy_use: see the header. */
#include "core/policy_use.h"

#include "base/err.h"

bool policy_use_sees(const struct policy_use *use, bool is_auditor)
{
    return !use->is_restricted || use->is_listed || use->is_admin || use->is_system || is_auditor;
}

bool policy_use_check(const struct profile_row *profile, const struct policy_use *use,
    struct err *err)
{
    if (!policy_use_sees(use, false))
        return fail(err, ERR_DENIED, "you may not use the profile \"%s\"", profile->name);
    if (profile->is_disabled)
        return fail(err, ERR_CONFLICT, "the profile \"%s\" is disabled", profile->name);
    return true;
}

bool policy_approvals_check(const struct profile_row *profile,
    const struct policy_approvals *approvals, struct err *err)
{
    const int64_t n_missing = profile->n_approvals - approvals->n_approved;

    if (profile->n_approvals == 0)
        return true;
    if (approvals->n_rejected > 0)
        return fail(err, ERR_CONFLICT,
            "the request was not approved: %" PRId64 " of the group \"%s\" said no",
            approvals->n_rejected, profile->approver_group);
    return n_missing <= 0 ||
           fail(err, ERR_CONFLICT, "%" PRId64 " more of the group \"%s\" must approve the request",
               n_missing, profile->approver_group);
}

bool policy_may_approve(const struct profile_row *profile, bool is_in_group, bool has_asked,
    struct err *err)
{
    if (profile->n_approvals == 0)
        return fail(err, ERR_CONFLICT, "the profile \"%s\" needs no approval", profile->name);
    if (has_asked)
        return fail(err, ERR_DENIED, "nobody approves what they ask for themselves");
    return is_in_group || fail(err, ERR_DENIED,
                              "only the group \"%s\" approves requests for the"
                              " profile \"%s\"",
                              profile->approver_group, profile->name);
}
