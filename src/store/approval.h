/*
 * store/approval: who agreed to a request before it is enrolled, and who did not.
 */
#pragma once

#include "core/policy_use.h"
#include "core/rows_ticket.h"

struct err;
struct tx;

/* Whoever has said something before says this now. */
bool store_approval_put(struct tx *tx, int64_t ticket_id, int64_t account_id, bool is_approved,
    const char *comment, int64_t now, struct err *err) must_check;

/* In the order in which they were given. */
bool store_approvals(struct tx *tx, int64_t ticket_id, struct approval_rows *rows, struct err *err)
    must_check;

/* Another request stands in the ticket now: nobody has agreed to that. */
bool store_approvals_forget(struct tx *tx, int64_t ticket_id, struct err *err) must_check;

/* What members of the group have said who may sign in still; `reporter_id`, and whoever gave the
 * request, left out. */
bool store_approvals_count(struct tx *tx, int64_t ticket_id, int64_t group_id, int64_t reporter_id,
    struct policy_approvals *ret, struct err *err) must_check;
