/* notify/send: see the header. */
#include "notify/send.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "core/rows_account.h"
#include "db/db.h"
#include "notify/notifier.h"
#include "store/account.h"
#include "store/delivery_item.h"
#include "store/sealed_key.h"
#include "store/webhook.h"
#include "vault/client_keys.h"

#define LEASE_EXTRA_SECONDS 20

int64_t outbox_time(const struct outbox *outbox)
{
    return outbox->now + (clock_mono_ms() - outbox->began_mono_ms) / 1000;
}

static bool read_webhook(struct outbox *outbox, int64_t id, struct webhook_row **ret,
    struct sealed_key_row *key, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(outbox->db, TX_READ, &tx, err) && store_webhook_find(tx, id, ret, err) &&
           (!*ret || store_sealed_key_get(tx, (*ret)->sealed_key_id, key, err));
}

static bool open_webhook(struct outbox *outbox, int64_t id, struct sender *sender, struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row key;

    sealed_key_row_init(&key);
    if (!read_webhook(outbox, id, &sender->webhook, &key, err))
        return false;
    if (!sender->webhook) {
        (void)fail(&sender->problem, ERR_NOT_FOUND, "the webhook was removed");
        return true;
    }
    struct vault_binding binding = sealed_key_binding(&key);

    return vault_open_secret(outbox->vault, buf_span(&key.blob), &binding, &sender->secret, err);
}

bool sender_open(struct outbox *outbox, const struct delivery_lane *lane, int64_t timeout_ms,
    struct sender *ret, struct err *err)
{
    const struct channel_ops *ops = channel_find(lane->channel);
    struct sender sender = { .conf = notifier_conf(outbox->notifier) };

    ASSERT(ops);
    sender.public_url = notifier_public_url(sender.conf);
    sender.lease_seconds =
        LEASE_EXTRA_SECONDS +
        conf_i64(sender.conf, lane->webhook_id ? CONF_WEBHOOK_TIMEOUT : CONF_SMTP_TIMEOUT) / 1000;
    if (lane->webhook_id && !open_webhook(outbox, lane->webhook_id, &sender, err)) {
        sender_done(&sender);
        return false;
    }
    struct channel_conf conf = { .conf = sender.conf,
        .webhook = sender.webhook,
        .secret = sender.secret,
        .timeout_ms = timeout_ms };
    bool is_gone = ops == &webhook_channel && !sender.webhook;

    if (is_gone && !sender.problem.msg[0])
        (void)fail(&sender.problem, ERR_NOT_FOUND, "the webhook was removed");
    if (!is_gone && !ops->open(&conf, &sender.channel, &sender.problem)) {
        sender.channel = NULL;
        sender.problem.kind = ERR_UNAVAILABLE; /* an admin can mend the settings */
    }
    *ret = sender;
    return true;
}

void sender_done(struct sender *sender)
{
    if (sender->channel)
        sender->channel->ops->close(sender->channel);
    secret_free(sender->secret);
    webhook_row_free(sender->webhook);
    free(sender->public_url);
    conf_free(sender->conf);
}

void letter_done(struct letter *letter)
{
    delivery_item_rows_done(&letter->items);
    free(letter->display_name);
}

/* To whom, as of now; *ret_viewer is what they may see. */
static bool address_letter(struct tx *tx, struct delivery_row *row, struct letter *letter,
    struct store_viewer *ret_viewer, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    *ret_viewer = STORE_SYSTEM;
    if (strcmp(row->channel, CHANNEL_EMAIL) != 0 || strcmp(row->event, EVENT_TEST) == 0)
        return true;
    if (!row->account_id)
        return fail(err, ERR_DENIED, "the account was removed");
    if (!store_account_get(tx, row->account_id, &account, err))
        return false;
    if (account->is_disabled)
        return fail(err, ERR_DENIED, "the account is disabled");
    if (!account->email[0])
        return fail(err, ERR_DENIED, "the account has no mail address");
    str_set(&row->recipient, account->email);
    str_set(&letter->display_name, account->display_name);
    *ret_viewer = (struct store_viewer){ .account_id = account->id,
        .sees_all = strcmp(account->role, "user") != 0 };
    return true;
}

static bool compose(const struct letter *letter, struct delivery_row *row, struct err *err)
{
    const struct channel_ops *ops = channel_find(row->channel);
    autodone(buf) struct buf subject = BUF_INIT(NOTICE_SUBJECT_MAX);
    autodone(buf) struct buf body = BUF_INIT(NOTICE_BODY_MAX);

    if (!ops->compose(&letter->notice, &subject, &body, err))
        return false;
    str_set(&row->subject, buf_text(&subject));
    str_set(&row->body, buf_text(&body));
    return true;
}

bool letter_write(struct tx *tx, const struct letter_head *head, struct delivery_row *row,
    int64_t now, struct letter *ret, struct err *err)
{
    struct letter letter = { 0 };
    struct store_viewer viewer;

    if (head->webhook && strcmp(head->webhook->template, "jira") == 0) {
        ret->notice = (struct notice){ .delivery = row,
            .items = &ret->items,
            .now = now,
            .public_url = head->public_url,
            .display_name = "",
            .webhook = head->webhook };
        return store_delivery_write(tx, row, err); /* it says what was so when it happened */
    }
    bool works = address_letter(tx, row, &letter, &viewer, err) &&
                 store_items_of(tx, &viewer, row->id, NOTICE_ITEMS_MAX, &letter.items,
                     &letter.notice.n_total, err);

    if (works && letter.notice.n_total == 0 && strcmp(row->event, EVENT_TEST) != 0)
        works = fail(err, ERR_DENIED, "there is nothing left in it that the recipient may see");
    if (works) {
        *ret = letter;
        ret->notice = (struct notice){ .delivery = row,
            .items = &ret->items,
            .n_total = letter.notice.n_total,
            .now = now,
            .public_url = head->public_url,
            .display_name = ret->display_name ? ret->display_name : "",
            .webhook = head->webhook };
        return compose(ret, row, err) && store_delivery_write(tx, row, err);
    }
    letter_done(&letter);
    return false;
}

struct giving {
    struct outbox *outbox;
    const struct delivery_row *row;
};

static bool hand_over(void *arg, struct err *err)
{
    const struct giving *giving = arg;
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(giving->outbox->db, TX_WRITE, &tx, err) &&
           store_delivery_hand_over(tx, giving->row, err) && tx_commit(take(&tx), err);
}

bool letter_send(struct outbox *outbox, const struct sender *sender, const struct letter *letter,
    struct verdict *verdict, struct err *err)
{
    struct giving giving = { outbox, letter->notice.delivery };
    const struct handover handover = { hand_over, &giving };

    *verdict = (struct verdict){ 0 };
    if (!sender->channel) {
        *err = sender->problem;
        verdict->is_about_message = err->kind != ERR_UNAVAILABLE;
        return false;
    }
    if (sender->webhook && !sender->webhook->is_enabled &&
        strcmp(letter->notice.delivery->event, EVENT_TEST) != 0) {
        verdict->is_about_message = true;
        return fail(err, ERR_DENIED, "the webhook is turned off");
    }
    return sender->channel->ops->send(sender->channel, &letter->notice, &handover, verdict, err);
}
