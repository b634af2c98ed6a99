/*
 * store/ticket_talk: what was said about a ticket, and what changed.
 */
#pragma once

#include "core/rows_ticket.h"

struct err;
struct tx;

/* author_id 0 is certdesk itself. The ticket counts as updated. */
bool store_comment_add(struct tx *tx, int64_t ticket_id, int64_t author_id, const char *body,
    int64_t now, int64_t *ret_id, struct err *err) must_check;

/* ERR_NOT_FOUND if the ticket has no such comment. Who may is the caller's to judge. */
bool store_comment_get(struct tx *tx, int64_t ticket_id, int64_t id, struct comment_row **ret,
    struct err *err) must_check;
bool store_comment_edit(struct tx *tx, int64_t ticket_id, int64_t id, const char *body, int64_t now,
    struct err *err) must_check;
bool store_comment_delete(struct tx *tx, int64_t ticket_id, int64_t id, struct err *err) must_check;

/* The next `limit` above after_id, oldest first. */
bool store_comments(struct tx *tx, int64_t ticket_id, int64_t after_id, int64_t limit,
    struct comment_rows *rows, struct err *err) must_check;

/* Has certdesk's last word on the ticket been this? */
bool store_comment_is_last(struct tx *tx, int64_t ticket_id, const char *body, bool *ret,
    struct err *err) must_check;

struct change_new {
    int64_t ticket_id;
    int64_t actor_id; /* 0: certdesk itself */
    const char *field;
    const char *old_value;
    const char *new_value;
};

bool store_change_add(struct tx *tx, const struct change_new *change, int64_t now, struct err *err)
    must_check;
bool store_changes(struct tx *tx, int64_t ticket_id, int64_t after_id, int64_t limit,
    struct change_rows *rows, struct err *err) must_check;
