/*
 * store/watcher: who hears of everything in a ticket.
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

/* By name. */
bool store_watchers(struct tx *tx, int64_t ticket_id, struct watcher_rows *rows, struct err *err)
    must_check;
