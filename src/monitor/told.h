/*
 * monitor/told: what people are told: expiry tickets, opened, raised and resolved.
 *
 * Each notice is claimed in the database before it is given (store/notice), so that nobody is told
 * twice, whoever scans, and whatever dies in between.
 */
#pragma once

#include "base/base.h"
#include "core/settings.h"
#include "monitor/judge.h"

struct buf;
struct err;
struct id_list;
struct tx;

/* After a check: comment on progress in the record's expiry tickets, and resolve those that are
 * answered. */
bool told_after_check(struct tx *tx, const struct judgement *judgement, int64_t now,
    struct err *err) must_check;

/*
 * The notification scan for some records: open or raise their expiry tickets as periods pass, and
 * write down when to look again. *ret_told counts the tickets that were opened or commented on, and
 * what else was told. Records that are gone are passed over.
 */
bool told_expiry(struct tx *tx, const struct id_list *certificates,
    const struct notification_settings *settings, int64_t now, int64_t *ret_told, struct err *err)
    must_check;

/* Comment on a ticket in certdesk's own name, unless that is what it said last. Cut where it is too
 * long. */
bool told_say(struct tx *tx, int64_t ticket_id, struct buf *body, int64_t now, struct err *err)
    must_check;
