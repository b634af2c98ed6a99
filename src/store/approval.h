/*
 * store/approval: who agreed to a request before it is enrolled, and who did not.
 */
#pragma once

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

/* How many agree who are members of the group still, and may sign in. */
bool store_approvals_count(struct tx *tx, int64_t ticket_id, int64_t group_id, int64_t *ret,
    struct err *err) must_check;

bool store_is_group_member(struct tx *tx, int64_t group_id, int64_t account_id, bool *ret,
    struct err *err) must_check;
