/*
 * notify/digest: what a message says, in words: its subject, and a line for each record, grouped by
 * urgency. The same message says the same at every attempt: days are counted to the instant at
 * which it was made.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "notify/notify.h"

/* "www.example.org expires in 7 days", "12 certificates expire, 3 have expired", … */
void digest_subject(const struct notice *notice, struct buf *out);

/* Plain text with "\n", and a page of HTML in which all that comes from outside is escaped. */
void digest_text(const struct notice *notice, struct buf *out);
void digest_html(const struct notice *notice, struct buf *out);

/* What happens to one record: "expires in 7 days, on 2026-11-28"; or the detail that is told. */
void digest_add_what(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out);

/* The page of the ticket or the record; nothing where the server does not know its address. */
void digest_add_url(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out);

int64_t digest_days_left(const struct notice *notice, const struct delivery_item_row *item);
