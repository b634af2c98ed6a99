/*
 * store/attachment: files that belong to a ticket. They lie in the database, so that every node has
 * them and a backup is whole.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "core/rows_ticket.h"

struct err;
struct tx;

#define ATTACHMENT_MAX_BYTES (1U << 20)
#define ATTACHMENT_NAME_MAX 200
#define ATTACHMENTS_MAX 200 /* of one ticket */

struct attachment_new {
    int64_t ticket_id;
    int64_t author_id; /* 0: certdesk itself */
    const char *name;  /* attachment_name() has made it harmless */
    const char *media_type;
    struct span content;
};

/*
 * What a file may be called anywhere: the last part of `given` without controls, separators and
 * leading dots, "file" where nothing is left. Cut at ATTACHMENT_NAME_MAX bytes, between characters.
 */
void attachment_name(const char *given, char field[static ATTACHMENT_NAME_MAX + 1]);

/* The ticket counts as updated. ERR_LIMIT for a file or a number of them that is too large. */
bool store_attachment_add(struct tx *tx, const struct attachment_new *attachment, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* Oldest first, without their contents. */
bool store_attachments(struct tx *tx, int64_t ticket_id, struct attachment_rows *rows,
    struct err *err) must_check;

/* ERR_NOT_FOUND if the ticket has no such attachment. `content` may be NULL. */
bool store_attachment_get(struct tx *tx, int64_t ticket_id, int64_t id, struct attachment_row **ret,
    struct buf *content, struct err *err) must_check;

/* Which ticket has it; *ret is 0 where there is no such attachment. */
bool store_attachment_ticket(struct tx *tx, int64_t id, int64_t *ret, struct err *err) must_check;

bool store_attachment_delete(struct tx *tx, const struct attachment_row *row, int64_t actor_id,
    int64_t now, struct err *err) must_check;
