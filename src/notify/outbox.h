/*
 * notify/outbox: puts what is to be told into messages, and sends them.
 *
 * Nothing is told twice, and nothing is forgotten, whatever dies in between: what is to be told
 * waits in the database (store/delivery_item); a message is made of it in one transaction; it is
 * claimed before it is sent, and whether the other side may have it is written down the moment
 * before it does (store/delivery).
 */
#pragma once

#include "base/base.h"
#include "core/rows_delivery.h"
#include "store/delivery.h"

struct conf;
struct db;
struct err;
struct notifier;
struct tx;
struct vault_client;

struct outbox {
    struct db *db;
    struct notifier *notifier;
    struct vault_client *vault;
    int64_t now; /* when the work began; time that passes is counted from here */
    int64_t began_mono_ms;

    /* Asked before each message; false, with `err` filled in, ends the run. NULL: go on. */
    bool (*keep_on)(void *arg, struct err *err);
    void *keep_on_arg;
};

struct outbox outbox_begin(struct db *db, struct notifier *notifier, struct vault_client *vault,
    int64_t now);

struct outbox_made {
    int64_t n_messages;
    int64_t n_without_address; /* for people without one: in the log, as failed */
};

/* After a scan: one message for each recipient for whom something about the event waits, and a job
 * for each lane to send it. Adds to *made. */
bool outbox_bundle(struct outbox *outbox, const char *event, struct outbox_made *made,
    struct err *err) must_check;

/* See to it that a job ("deliver") sends what the lane has, now. */
void outbox_wake(struct tx *tx, const struct delivery_lane *lane, int64_t now);

/* The job's: send up to `limit` messages that are due. *ret_next_at is when there is more to do; 0:
 * when something new comes. */
bool outbox_run(struct outbox *outbox, const struct delivery_lane *lane, int64_t limit,
    int64_t *ret_next_at, struct err *err) must_check;

/*
 * Send a test, now, and say what came of it: a delivery in the log like any other, but never tried
 * again. Either `address` or `webhook_id`. True also when it failed: *ret_ok tells, and `detail`
 * has the other side's words or the reason.
 */
struct outbox_test {
    const char *address; /* NULL: a webhook */
    int64_t account_id;  /* who asks */
    int64_t webhook_id;
};
bool outbox_test(struct outbox *outbox, const struct outbox_test *test, bool *ret_ok,
    char detail[static 512], struct err *err) must_check;
