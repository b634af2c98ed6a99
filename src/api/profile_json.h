/* api/profile_json: profiles as the API shows them, and as they come in. */
#pragma once

#include "api/api.h"
#include "core/policy.h"
#include "core/rows_lifecycle.h"

/* The profile {name}; one that the caller may not use is not there. */
bool profile_find(struct api_call *call, struct profile_row **ret, struct err *err) must_check;

/* The members of what api/openapi.yaml calls Profile; the object is the caller's to begin and end.
 * Who may use it is shown to admins and auditors. */
bool profile_write(struct api_call *call, struct json_out *out, const struct profile_row *row,
    struct err *err) must_check;

/* A profile as the body wants it. */
struct profile_wish {
    struct profile_row row; /* what it was, changed */
    struct policy *policy;
    bool has_users; /* the two lists are to be set */
    struct id_list accounts;
    struct id_list groups;
};

/*
 * Change wish->row and wish->policy, which hold what there is, as the body says; members that are
 * not there change nothing. ERR_INVALID with problems. The caller calls profile_wish_done() in any
 * case.
 */
bool profile_wish_read(struct api_call *call, bool is_new, struct profile_wish *wish,
    struct err *err) must_check;
void profile_wish_done(struct profile_wish *wish);

DEFINE_AUTODONE(profile_wish);
