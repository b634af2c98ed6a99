/*
 * store/delivery_item: what is to be told, record by record, until it is put into messages.
 *
 * Items are written in the transaction that claims the notice (store/notice), for each recipient;
 * once a scan is through, the items of one recipient become one message. Both steps survive being
 * interrupted anywhere: an item waits until it is in a message, and is never in two.
 */
#pragma once

#include "core/rows_delivery.h"
#include "store/viewer.h"

struct err;
struct tx;

struct item_new {
    const char *event;
    int64_t certificate_id;
    int64_t version_id; /* 0: it is not about one */
    int64_t period_days;
    int64_t expires_at; /* 0: it is not about an end */
    const char *detail;
};

/*
 * For everybody who is to hear about the record by mail: owner, assignee, and those it is shared
 * with who wish to, groups resolved; nobody whose account is disabled. If that is nobody, for
 * `otherwise` (a user's name; "" for none).
 */
bool store_item_add_mails(struct tx *tx, const struct item_new *item, const char *otherwise,
    int64_t now, struct err *err) must_check;

/* For every webhook that is enabled and wants the event. */
bool store_item_add_webhooks(struct tx *tx, const struct item_new *item, int64_t now,
    struct err *err) must_check;

/* What waits is told within a minute, with what else comes until then. */
void store_items_gather(struct tx *tx, int64_t now);

/* Of account and webhook there is exactly one. */
struct item_target {
    int64_t account_id;
    int64_t webhook_id;
};

/* Up to `max` recipients for whom items about the event wait. */
bool store_items_waiting(struct tx *tx, const char *event, struct item_target *targets, size_t max,
    size_t *ret_n, struct err *err) must_check;

/* Put everything that waits for the recipient into the message; *ret_n says how much it was: 0 if
 * somebody else was faster, and then the message must not come to be. */
bool store_items_bundle(struct tx *tx, const struct item_target *target, const char *event,
    int64_t delivery_id, int64_t *ret_n, struct err *err) must_check;

/*
 * What a message says: those that end first come first, up to `limit`; *ret_total counts all. A
 * person's are those they may still see; webhooks see all.
 */
bool store_items_of(struct tx *tx, const struct store_viewer *viewer, int64_t delivery_id,
    int64_t limit, struct delivery_item_rows *rows, int64_t *ret_total, struct err *err) must_check;
