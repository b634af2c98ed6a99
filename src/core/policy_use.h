/*
 * core/policy_use: who may use a profile, and who must agree to what is made with it.
 */
#pragma once

#include "base/base.h"
#include "core/rows_lifecycle.h"

struct err;

/* How an account stands to a profile. */
struct policy_use {
    bool is_restricted; /* there is a list of those who may use it */
    bool is_listed;     /* … and the account is on it, itself or through a group */
    bool is_admin;      /* may use every profile */
    bool is_system;     /* certdesk itself: renewals of what was allowed once */
};

/* May the profile be used? ERR_DENIED: not by them. ERR_CONFLICT: by nobody, it is disabled. */
bool policy_use_check(const struct profile_row *profile, const struct policy_use *use,
    struct err *err) must_check;

/* May they see that it is there? */
bool policy_use_sees(const struct policy_use *use, bool is_auditor);

/* What people have said of a request. */
struct policy_approvals {
    int64_t n_approved; /* by members of the group, whoever asked left out */
    int64_t n_rejected;
};

/*
 * Have enough of them agreed? ERR_CONFLICT says how many more of which group are needed, or that
 * somebody has refused. A profile without approvals needs none.
 */
bool policy_approvals_check(const struct profile_row *profile,
    const struct policy_approvals *approvals, struct err *err) must_check;

/* May this account's word count? Nobody agrees to what they ask for themselves. */
bool policy_may_approve(const struct profile_row *profile, bool is_in_group, bool has_asked,
    struct err *err) must_check;
