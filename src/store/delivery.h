/*
 * store/delivery: the outbox: messages to people's mailboxes and to webhooks, and what became of
 * them.
 *
 * A message is claimed before it is sent, in a transaction of its own: its state is then "sending",
 * and `attempts` has grown. Every later write of that try names the attempt it belongs to and
 * changes nothing once somebody else has claimed the message. At the moment from which the other
 * side may have it, store_delivery_hand_over() says so. Whoever finds a message whose sender has
 * died (store_delivery_recover) can tell by that what is certain: before, it was not sent, and it
 * is queued again; after, it probably was, and it is never sent again by itself.
 */
#pragma once

#include "core/rows_delivery.h"

struct err;
struct store_viewer;
struct tx;

/* What is sent one after the other: all mail, or the calls of one webhook. */
struct delivery_lane {
    const char *channel;
    int64_t webhook_id; /* 0 for mail */
};

struct delivery_new {
    struct delivery_lane lane;
    int64_t account_id; /* 0: none */
    const char *recipient;
    const char *event;
    enum delivery_state state; /* queued; a test begins as "sending", and its attempt is 1 */
    const char *error;         /* NULL: none */
};

bool store_delivery_add(struct tx *tx, const struct delivery_new *delivery, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/*
 * Claim the queued message of the lane that is due longest. *ret is NULL when none is. One that is
 * due more than a day ahead is due now: it was put off by a clock that was wrong. `owner` is the
 * node.
 */
bool store_delivery_claim(struct tx *tx, const struct delivery_lane *lane, const char *owner,
    int64_t now, int64_t lease_until, struct delivery_row **ret, struct err *err) must_check;

/* Keep what is said, and to whom: while it is queued, and before each attempt. ERR_CONFLICT: the
 * claim was lost. */
bool store_delivery_write(struct tx *tx, const struct delivery_row *row, struct err *err)
    must_check;

/* From now on the other side may have it. ERR_CONFLICT: the claim was lost; do not send. */
bool store_delivery_hand_over(struct tx *tx, const struct delivery_row *row, struct err *err)
    must_check;

/* The three ways a try ends. `error` is for people; after a success it may hold a remark. */
bool store_delivery_sent(struct tx *tx, const struct delivery_row *row, const char *error,
    int64_t now, struct err *err) must_check;
bool store_delivery_again(struct tx *tx, const struct delivery_row *row, int64_t due_at,
    const char *error, struct err *err) must_check;
bool store_delivery_failed(struct tx *tx, const struct delivery_row *row, const char *error,
    struct err *err) must_check;

/* The whole lane is down: nothing of it is due before `due_at`. */
bool store_delivery_put_off(struct tx *tx, const struct delivery_lane *lane, int64_t due_at,
    struct err *err) must_check;

/*
 * When the lane has something to do again: a queued message is due, or the lease of one that is
 * being sent is over, whose sender may have died. 0: never.
 */
bool store_delivery_next_due(struct tx *tx, const struct delivery_lane *lane, int64_t *ret,
    struct err *err) must_check;

/* What senders that died have left: queued again, or failed because it was handed over already. */
bool store_delivery_recover(struct tx *tx, const struct delivery_lane *lane, int64_t now,
    struct err *err) must_check;

/* The node that sent them is dead. NULL: all are, as when the only server of a database starts. */
bool store_delivery_end_leases(struct tx *tx, const char *owner, struct err *err) must_check;

/*
 * In what was restored from a backup: the server that it was made of may have told of everything
 * since. What it had not finished has failed, and is sent again only when somebody asks for it;
 * what was not yet in a message is not told of.
 */
bool store_delivery_shelve(struct tx *tx, struct err *err) must_check;

/* Called for each lane with something queued or left by a dead sender. */
typedef bool (
    *delivery_lane_visit)(void *context, const struct delivery_lane *lane, struct err *err);
bool store_delivery_lanes(struct tx *tx, int64_t now, delivery_lane_visit visit, void *context,
    struct err *err) must_check;

/* Queue a failed message again. ERR_CONFLICT unless it has failed, or when its webhook is gone. */
bool store_delivery_retry(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

struct delivery_filter {
    const char *channel;   /* NULL: any */
    const char *recipient; /* NULL: any; the whole address or name, in any case */
    const char *event;     /* NULL: any */
    int state;             /* enum delivery_state; -1: any */
    int64_t before_id;     /* 0: from the newest */
};

/* A page, newest first, without bodies. Who does not see all sees the mails to themselves. */
bool store_delivery_list(struct tx *tx, const struct store_viewer *viewer,
    const struct delivery_filter *filter, int64_t limit, struct delivery_rows *rows,
    struct err *err) must_check;
bool store_delivery_count(struct tx *tx, const struct store_viewer *viewer,
    const struct delivery_filter *filter, int64_t *ret, struct err *err) must_check;

/* ERR_NOT_FOUND also when the viewer may not see it. */
bool store_delivery_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct delivery_row **ret, struct err *err) must_check;

/* Forget up to `limit` that were made before `before` and are finished. */
bool store_delivery_forget(struct tx *tx, int64_t before, int64_t limit, int64_t *ret_n,
    struct err *err) must_check;
