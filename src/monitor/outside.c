/* monitor/outside: see the header. */
#include "monitor/outside.h"

#include <string.h>

#include "base/err.h"
#include "core/rows_delivery.h"
#include "store/notice.h"
#include "store/settings.h"

size_t outside_noticed(const struct notice_rows *notices, const char *channel, int64_t *periods,
    size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < notices->n && n < max; i++)
        if (strcmp(notices->items[i].channel, channel) == 0)
            periods[n++] = notices->items[i].period_days;
    return n;
}

static bool is_on(const struct notification_settings *settings, const char *channel)
{
    return strcmp(channel, CHANNEL_EMAIL) == 0 ? settings->has_email : settings->has_webhook;
}

static bool put_down(struct tx *tx, const char *channel, const struct item_new *item,
    const struct notification_settings *settings, int64_t now, struct err *err)
{
    return strcmp(channel, CHANNEL_EMAIL) == 0
               ? store_item_add_mails(tx, item, settings->default_assignee, now, err)
               : store_item_add_webhooks(tx, item, now, err);
}

static bool look(struct tx *tx, const struct outside_question *question, const char *channel,
    int64_t *next_at, int64_t *n_told, struct err *err)
{
    int64_t noticed[WINDOW_PERIODS_MAX * 2];
    struct window_input window = question->window;
    struct window_answer answer = { 0 };
    struct notice_new notice = { .certificate_id = question->certificate_id,
        .version_id = question->version_id,
        .channel = channel };
    struct item_new item = { .event = EVENT_EXPIRY,
        .certificate_id = question->certificate_id,
        .version_id = question->version_id,
        .expires_at = window.expires_at };
    bool is_new;

    window.noticed = noticed;
    window.n_noticed = outside_noticed(question->notices, channel, noticed, countof(noticed));
    window_look(&window, &answer);
    if (answer.next_at && (!*next_at || answer.next_at < *next_at))
        *next_at = answer.next_at;
    if (!answer.is_due)
        return true;
    notice.period_days = item.period_days = answer.period;
    if (!store_notice_add(tx, &notice, window.now, &is_new, err))
        return false;
    *n_told += is_new;
    return !is_new || put_down(tx, channel, &item, question->settings, window.now, err);
}

bool outside_expiry(struct tx *tx, const struct outside_question *question, int64_t *next_at,
    int64_t *n_told, struct err *err)
{
    static const char *const channels[] = { CHANNEL_EMAIL, CHANNEL_WEBHOOK };

    for (size_t i = 0; i < countof(channels); i++)
        if (is_on(question->settings, channels[i]) &&
            !look(tx, question, channels[i], next_at, n_told, err))
            return false;
    return true;
}

bool outside_event(struct tx *tx, const struct notification_settings *settings,
    const struct item_new *item, int64_t now, struct err *err)
{
    return (!settings->has_email ||
               store_item_add_mails(tx, item, settings->default_assignee, now, err)) &&
           (!settings->has_webhook || store_item_add_webhooks(tx, item, now, err));
}

bool outside_renewed(struct tx *tx, const struct item_new *item, int64_t now, struct err *err)
{
    struct notification_settings settings;

    if (!store_notification_settings(tx, &settings, NULL, err))
        return false;
    if (!settings.has_webhook)
        return true;
    store_items_gather(tx, now);
    return store_item_add_webhooks(tx, item, now, err);
}
