/*
 * store/ticket_many: several tickets at once, with what hangs on them: for pages that show them
 * whole, in a few statements however many they are.
 */
#pragma once

#include "core/rows_lifecycle.h"
#include "core/rows_ticket.h"

struct err;
struct tx;

#define TICKET_MANY_COMMENTS_MAX 5000 /* of all of them together */

/* The tickets of these ids in their order; those that are gone are left out. Who may see them has
 * been asked before. */
bool store_tickets_by_id(struct tx *tx, const struct id_list *ids, struct ticket_rows *rows,
    struct err *err) must_check;

/* Of all of them, by ticket and in their order; attachments without content. */
bool store_comments_of(struct tx *tx, const struct id_list *ids, struct comment_rows *rows,
    struct err *err) must_check;
bool store_attachments_of(struct tx *tx, const struct id_list *ids, struct attachment_rows *rows,
    struct err *err) must_check;

/* How a ticket stands apart from its row. */
struct ticket_extra {
    int64_t ticket_id;
    int64_t n_watchers;
    bool is_watched; /* by the account */
    struct buf csr;  /* DER; empty: none */
};
struct ticket_extras {
    struct ticket_extra *items;
    size_t n;
    size_t room;
};
void ticket_extras_done(struct ticket_extras *extras);
bool store_ticket_extras(struct tx *tx, const struct id_list *ids, int64_t account_id,
    struct ticket_extras *ret, struct err *err) must_check;

DEFINE_AUTODONE(ticket_extras);
