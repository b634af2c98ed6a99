/* notify/outbox: see the header. */
#include "notify/outbox.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/span.h"
#include "conf/conf.h"
#include "core/rows_account.h"
#include "core/rows_job.h"
#include "db/db.h"
#include "notify/notifier.h"
#include "notify/send.h"
#include "store/account.h"
#include "store/delivery_item.h"
#include "store/job.h"
#include "store/viewer.h"
#include "store/webhook.h"

#define BATCH 100
#define TEST_TIMEOUT_MS 15000
#define TRIES_TO_RECORD 5

struct outbox outbox_begin(struct db *db, struct notifier *notifier, struct vault_client *vault,
    int64_t now)
{
    return (struct outbox){ .db = db,
        .notifier = notifier,
        .vault = vault,
        .now = now,
        .began_mono_ms = clock_mono_ms() };
}

void outbox_wake(struct tx *tx, const struct delivery_lane *lane, int64_t now)
{
    char key[64];
    struct job_new job = { .type = "deliver",
        .object_id = lane->webhook_id,
        .dedupe_key = key,
        .due_at = now };

    (void)snprintf(key, sizeof key, "deliver:%s:%" PRId64, lane->channel, lane->webhook_id);
    store_job_want(tx, &job, now);
}

/* The one who is to be told, as the outbox knows them. */
struct recipient {
    struct delivery_new delivery;
    char *name;
    struct webhook_row *webhook; /* NULL for mail */
};

static void recipient_done(struct recipient *recipient)
{
    free(recipient->name);
    webhook_row_free(recipient->webhook);
}
DEFINE_AUTODONE(recipient);

static bool find_recipient(struct tx *tx, const struct item_target *target, struct recipient *ret,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (target->webhook_id) {
        if (!store_webhook_get(tx, target->webhook_id, &ret->webhook, err))
            return false;
        ret->delivery.lane = (struct delivery_lane){ CHANNEL_WEBHOOK, target->webhook_id };
        ret->delivery.recipient = ret->webhook->name;
        return true;
    }
    if (!store_account_get(tx, target->account_id, &account, err))
        return false;
    ret->name = xstrdup(account->email[0] ? account->email : account->name);
    ret->delivery.lane = (struct delivery_lane){ CHANNEL_EMAIL, 0 };
    ret->delivery.account_id = account->id;
    ret->delivery.recipient = ret->name;
    if (!account->email[0]) {
        ret->delivery.state = DELIVERY_FAILED;
        ret->delivery.error = "the account has no mail address";
    }
    return true;
}

/* What it says, for those who look at it while it waits. */
static bool describe(struct tx *tx, const struct letter_head *head, int64_t id, int64_t now,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(delivery_row) struct delivery_row *row = NULL;
    autodone(letter) struct letter letter = { 0 };
    struct err cause = { 0 };

    if (!store_delivery_get(tx, &system, id, &row, err))
        return false;
    if (letter_write(tx, head, row, now, &letter, &cause) || cause.kind == ERR_DENIED)
        return true; /* whoever sends it finds the same, and writes it down */
    *err = cause;
    return false;
}

static bool bundle_one(struct outbox *outbox, const char *event, const struct item_target *target,
    const char *public_url, struct outbox_made *made, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autodone(recipient) struct recipient to = { .delivery = { .event = event } };
    struct letter_head head = { .public_url = public_url };
    int64_t now = outbox_time(outbox);
    int64_t n = 0;
    int64_t id;

    if (!tx_begin(outbox->db, TX_WRITE, &tx, err) || !find_recipient(tx, target, &to, err) ||
        !store_delivery_add(tx, &to.delivery, now, &id, err) ||
        !store_items_bundle(tx, target, event, id, &n, err))
        return false;
    if (n == 0) /* somebody else was faster, and this message does not come to be */
        return true;
    head.webhook = to.webhook;
    outbox_wake(tx, &to.delivery.lane, now);
    if (!describe(tx, &head, id, now, err) || !tx_commit(take(&tx), err))
        return false;
    made->n_messages += to.delivery.state == DELIVERY_QUEUED;
    made->n_without_address += to.delivery.state == DELIVERY_FAILED;
    return true;
}

static bool find_waiting(struct outbox *outbox, const char *event, struct item_target *targets,
    size_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(outbox->db, TX_READ, &tx, err) &&
           store_items_waiting(tx, event, targets, BATCH, ret_n, err);
}

bool outbox_bundle(struct outbox *outbox, const char *event, struct outbox_made *made,
    struct err *err)
{
    autofree(conf) struct conf *conf = notifier_conf(outbox->notifier);
    autofree(str) char *public_url = notifier_public_url(conf);
    struct item_target targets[BATCH];
    size_t n = BATCH;

    while (n == BATCH) {
        if (!find_waiting(outbox, event, targets, &n, err))
            return false;
        for (size_t i = 0; i < n; i++)
            if (!bundle_one(outbox, event, &targets[i], public_url, made, err))
                return false;
    }
    return true;
}

/* How a try went, in the row; whatever became of it, nobody is told twice for not writing it. */
static bool record(struct outbox *outbox, const struct delivery_lane *lane,
    const struct delivery_row *row, const struct verdict *verdict, const struct err *cause,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t now = outbox_time(outbox);
    uint8_t jitter;

    if (!tx_begin(outbox->db, TX_WRITE, &tx, err))
        return false;
    if (cause->kind == ERR_NONE)
        return store_delivery_sent(tx, row, "", now, err) && tx_commit(take(&tx), err);
    if (cause->kind != ERR_UNAVAILABLE || row->attempts >= channel_find(row->channel)->max_attempts)
        return store_delivery_failed(tx, row, cause->msg, err) && tx_commit(take(&tx), err);
    rand_bytes(&jitter, sizeof jitter);
    int64_t wait = job_backoff_seconds(row->attempts, jitter);
    int64_t due_at = now + (verdict->retry_after ? verdict->retry_after : wait);

    return store_delivery_again(tx, row, due_at, cause->msg, err) &&
           (verdict->is_about_message || store_delivery_put_off(tx, lane, due_at, err)) &&
           tx_commit(take(&tx), err);
}

static bool record_somehow(struct outbox *outbox, const struct delivery_lane *lane,
    const struct delivery_row *row, const struct verdict *verdict, const struct err *cause,
    struct err *err)
{
    for (int i = 0; i < TRIES_TO_RECORD; i++) {
        err_clear(err);
        if (record(outbox, lane, row, verdict, cause, err))
            break;
        if (err->kind != ERR_UNAVAILABLE)
            return false;
    }
    if (err->kind != ERR_NONE)
        return false;
    if (cause->kind == ERR_NONE)
        log_info("delivery.sent", KV_I64("delivery", row->id), KV_STR("channel", row->channel),
            KV_STR("recipient", row->recipient), KV_I64("attempt", row->attempts));
    else
        log_warning("delivery.not_sent", KV_I64("delivery", row->id),
            KV_STR("channel", row->channel), KV_STR("recipient", row->recipient),
            KV_I64("attempt", row->attempts), KV_ERR(cause));
    return true;
}

/* Claim the next message and write what it says. *ret is NULL when none is due. */
static bool claim(struct outbox *outbox, const struct delivery_lane *lane,
    const struct sender *sender, struct delivery_row **ret, struct letter *letter,
    struct err *cause, struct err *err)
{
    struct letter_head head = { sender->public_url, sender->webhook };
    int64_t now = outbox_time(outbox);
    autofree(tx) struct tx *tx = NULL;
    autofree(delivery_row) struct delivery_row *row = NULL;

    if (!tx_begin(outbox->db, TX_WRITE, &tx, err) ||
        !store_delivery_claim(tx, lane, notifier_node(outbox->notifier), now,
            now + sender->lease_seconds, &row, err))
        return false;
    if (row && !letter_write(tx, &head, row, now, letter, cause) && cause->kind != ERR_DENIED) {
        *err = *cause;
        return false;
    }
    if (!tx_commit(take(&tx), err))
        return false;
    *ret = take(&row);
    return true;
}

/* *ret_more: there may be another one, and it makes sense to try it. */
static bool send_one(struct outbox *outbox, const struct delivery_lane *lane,
    const struct sender *sender, bool *ret_more, struct err *err)
{
    autofree(delivery_row) struct delivery_row *row = NULL;
    autodone(letter) struct letter letter = { 0 };
    struct verdict verdict = { .is_about_message = true };
    struct err cause = { 0 };

    *ret_more = false;
    if (!claim(outbox, lane, sender, &row, &letter, &cause, err))
        return false;
    if (!row)
        return true;
    if (cause.kind == ERR_NONE && letter_send(outbox, sender, &letter, &verdict, &cause))
        err_clear(&cause);
    *ret_more = cause.kind == ERR_NONE || verdict.is_about_message;
    return cause.kind == ERR_CONFLICT || /* the claim was lost: it is another's to write */
           record_somehow(outbox, lane, row, &verdict, &cause, err);
}

static bool recover(struct outbox *outbox, const struct delivery_lane *lane, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(outbox->db, TX_WRITE, &tx, err) &&
           store_delivery_recover(tx, lane, outbox_time(outbox), err) && tx_commit(take(&tx), err);
}

bool outbox_run(struct outbox *outbox, const struct delivery_lane *lane, int64_t limit,
    int64_t *ret_next_at, struct err *err)
{
    autodone(sender) struct sender sender = { 0 };
    autofree(tx) struct tx *tx = NULL;
    bool more = true;

    if (!recover(outbox, lane, err) || !sender_open(outbox, lane, 0, &sender, err))
        return false;
    for (int64_t i = 0; more && i < limit; i++)
        if ((outbox->keep_on && !outbox->keep_on(outbox->keep_on_arg, err)) ||
            !send_one(outbox, lane, &sender, &more, err))
            return false;
    return tx_begin(outbox->db, TX_READ, &tx, err) &&
           store_delivery_next_due(tx, lane, ret_next_at, err);
}

/* The row of a test, which is claimed from the beginning. */
static bool begin_test(struct outbox *outbox, const struct outbox_test *test,
    const struct sender *sender, struct delivery_row **ret, struct letter *letter, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    struct letter_head head = { sender->public_url, sender->webhook };
    struct delivery_new delivery = { .lane = { test->address ? CHANNEL_EMAIL : CHANNEL_WEBHOOK,
                                         test->webhook_id },
        .account_id = test->account_id,
        .recipient = test->address ? test->address : sender->webhook->name,
        .event = EVENT_TEST,
        .state = DELIVERY_SENDING };
    autofree(tx) struct tx *tx = NULL;
    int64_t id;

    return tx_begin(outbox->db, TX_WRITE, &tx, err) &&
           store_delivery_add(tx, &delivery, outbox->now, &id, err) &&
           store_delivery_get(tx, &system, id, ret, err) &&
           letter_write(tx, &head, *ret, outbox->now, letter, err) && tx_commit(take(&tx), err);
}

bool outbox_test(struct outbox *outbox, const struct outbox_test *test, bool *ret_ok,
    char detail[static 512], struct err *err)
{
    const struct delivery_lane lane = { test->address ? CHANNEL_EMAIL : CHANNEL_WEBHOOK,
        test->webhook_id };
    autodone(sender) struct sender sender = { 0 };
    autofree(delivery_row) struct delivery_row *row = NULL;
    autodone(letter) struct letter letter = { 0 };
    struct verdict verdict = { 0 };
    struct err cause = { 0 };

    if (!sender_open(outbox, &lane, TEST_TIMEOUT_MS, &sender, err))
        return false;
    if (!test->address && !sender.webhook)
        return fail(err, ERR_NOT_FOUND, "there is no webhook %" PRId64, test->webhook_id);
    if (!begin_test(outbox, test, &sender, &row, &letter, err))
        return false;
    if (letter_send(outbox, &sender, &letter, &verdict, &cause))
        err_clear(&cause);
    *ret_ok = cause.kind == ERR_NONE;
    span_copy_text(span_text(*ret_ok ? verdict.said : cause.msg), detail, 512);
    /* A test is over, whatever came of it. */
    if (!*ret_ok)
        cause.kind = ERR_UPSTREAM;
    return record_somehow(outbox, &lane, row, &verdict, &cause, err);
}
