/*
 * monitor/outside: what is told outside of the tracker: by mail, and to webhooks.
 *
 * Each channel claims its notices for itself (store/notice), so that one that was turned on later
 * tells of the period that counts then. What is claimed is put down for each recipient in the same
 * transaction; notify/outbox makes messages of it.
 */
#pragma once

#include "core/rows_ticket.h"
#include "core/settings.h"
#include "core/window.h"
#include "store/delivery_item.h"

struct err;
struct tx;

/* One version in a record, and when its ends are told of. */
struct outside_question {
    const struct notification_settings *settings;
    const struct notice_rows *notices; /* given before, by any channel */
    struct window_input window;        /* but for what was noticed */
    int64_t certificate_id;
    int64_t version_id;
};

/* *next_at is moved forward to when a channel has something to do again, if that is earlier;
 * *n_told counts the notices that were claimed. */
bool outside_expiry(struct tx *tx, const struct outside_question *question, int64_t *next_at,
    int64_t *n_told, struct err *err) must_check;

/* Something that happened, and is told once by whoever noticed it. */
bool outside_event(struct tx *tx, const struct notification_settings *settings,
    const struct item_new *item, int64_t now, struct err *err) must_check;

/* The version was replaced: for webhooks alone, and only as a remark. */
bool outside_renewed(struct tx *tx, const struct item_new *item, int64_t now, struct err *err)
    must_check;

/* The periods of which `channel` has told. */
size_t outside_noticed(const struct notice_rows *notices, const char *channel, int64_t *periods,
    size_t max);
