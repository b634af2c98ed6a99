/*
 * store/watcher: who hears of everything in a ticket, and who is asked about it.
 */
#pragma once

#include "core/rows_ticket.h"

struct err;
struct tx;

/* Whoever watches already goes on. */
bool store_watcher_add(struct tx *tx, int64_t ticket_id, int64_t account_id, struct err *err)
    must_check;
bool store_watcher_remove(struct tx *tx, int64_t ticket_id, int64_t account_id, struct err *err)
    must_check;

/*
 * Tell those who watch what happened, by mail: who may sign in, and is not `actor_id`. *ret_n is
 * how many that are. `detail` is for people.
 */
bool store_watchers_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err) must_check;

/* The same for those who may approve what it asks for: members of the group, but its
 * reporter and whoever gave the request. */
bool store_approvers_tell(struct tx *tx, const struct ticket_row *ticket, int64_t group_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err) must_check;

/* The same for whoever the ticket belongs to now, unless they have taken it themselves. */
bool store_assignee_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id,
    const char *detail, int64_t now, int64_t *ret_n, struct err *err) must_check;

/* By name. */
bool store_watchers(struct tx *tx, int64_t ticket_id, struct watcher_rows *rows, struct err *err)
    must_check;
