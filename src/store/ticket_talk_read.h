/*
 * store/ticket_talk_read: the columns that make comments and attachments. Not for others than
 * store/.
 */
#pragma once

#include "core/rows_ticket.h"
#include "db/db.h"

#define COMMENT_COLUMNS                                                                            \
    "m.id, m.ticket_id, m.author_id, a.name, m.body, m.created_at, m.updated_at"                   \
    "  FROM ticket_comment m LEFT JOIN account a ON a.id = m.author_id"
void comment_read(struct stmt *q, struct comment_row *row);

/* More columns may come between the two. */
#define ATTACHMENT_ONLY                                                                            \
    "f.id, f.ticket_id, f.author_id, a.name, f.name, f.media_type, length(f.content), f.created_at"
#define ATTACHMENT_FROM " FROM attachment f LEFT JOIN account a ON a.id = f.author_id"
#define ATTACHMENT_COLUMNS ATTACHMENT_ONLY ATTACHMENT_FROM
void attachment_read(struct stmt *q, struct attachment_row *row);
