/*
 * api/notifications: when people are told, how, and whether that works: the settings, and a test of
 * each channel that answers with what really happened.
 */
#include <string.h>

#include "api/page.h"
#include "api/settings.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/cron.h"
#include "codec/mime.h"
#include "conf/conf.h"
#include "core/rows_delivery.h"
#include "db/db.h"
#include "job/scheduler.h"
#include "notify/notifier.h"
#include "notify/outbox.h"
#include "store/account.h"
#include "store/cert_refresh.h"
#include "store/schedule.h"
#include "store/settings.h"
#include "store/standby.h"

static bool write_cron(struct api_call *call, const char *key, const char *schedule,
    struct err *err)
{
    autofree(schedule_row) struct schedule_row *row = NULL;

    if (!store_schedule_get(call->tx, schedule, &row, err))
        return false;
    json_str(&call->reply, key, row->cron);
    return true;
}

static void write_channel(struct json_out *out, const char *name, bool is_enabled)
{
    json_begin_object(out, NULL);
    json_str(out, "name", name);
    json_bool(out, "enabled", is_enabled);
    json_end(out);
}

static void write_channels(struct json_out *out, const struct notification_settings *settings)
{
    json_begin_array(out, "channels");
    write_channel(out, CHANNEL_TICKET, true);
    write_channel(out, CHANNEL_EMAIL, settings->has_email);
    write_channel(out, CHANNEL_WEBHOOK, settings->has_webhook);
    json_end(out);
}

/* What the configuration says: to be seen, not to be changed here. */
static void write_mail(struct api_call *call)
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    autofree(str) char *sender = notifier_sender(conf);
    bool is_configured = conf_is_set(conf, CONF_SMTP_HOST);

    json_begin_object(&call->reply, "email");
    json_bool(&call->reply, "configured", is_configured);
    json_str(&call->reply, "from", is_configured ? sender : NULL);
    json_str(&call->reply, "server", is_configured ? conf_text(conf, CONF_SMTP_HOST) : NULL);
    json_end(&call->reply);
}

static bool notifications_get(struct api_call *call, struct err *err)
{
    struct notification_settings settings;
    autodone(buf) struct buf periods = BUF_INIT(4096);
    int64_t version;

    if (!store_notification_settings(call->tx, &settings, &version, err))
        return false;
    periods_to_json(&settings.periods, &periods);
    json_raw(&call->reply, "periods", buf_span(&periods));
    if (!write_cron(call, "check_schedule", "check", err) ||
        !write_cron(call, "renewal_scan", "notify", err))
        return false;
    write_channels(&call->reply, &settings);
    write_mail(call);
    json_str(&call->reply, "digest", "per_scan");
    json_str(&call->reply, "time_zone", "UTC");
    json_str(&call->reply, "default_assignee",
        settings.default_assignee[0] ? settings.default_assignee : NULL);
    json_i64(&call->reply, "unreachable_after", settings.unreachable_after);
    settings_write_etag(call, version);
    return true;
}

static void read_periods(struct json_in *in, struct window_periods *periods)
{
    autodone(buf) struct buf list = BUF_INIT(4096);
    const struct json *value = json_in_value(in, "periods");
    struct err err = { 0 };

    if (!value)
        return;
    json_write(value, &list);
    if (!window_periods_from_json(buf_text(&list), periods, &err))
        json_in_complain(in, "periods", "%s", err.msg);
}

/* The expression of a schedule, if it was given; a problem where it is none. */
static const char *read_cron(struct json_in *in, const char *name)
{
    const char *text = json_in_text_opt(in, name, 1, 200, NULL);
    struct cron cron;
    struct err err = { 0 };

    if (text && !cron_parse(span_text(text), &cron, &err))
        json_in_complain(in, name, "%s", err.msg);
    return text;
}

static bool read_assignee(struct api_call *call, struct json_in *in,
    struct notification_settings *settings, struct err *err)
{
    int64_t id;

    if (!json_in_has(in, "default_assignee"))
        return true;
    const char *name = json_in_text_opt(in, "default_assignee", 1, 64, "");

    span_copy_text(span_text(name), settings->default_assignee, sizeof settings->default_assignee);
    return !name[0] || api_find_account(call, "default_assignee", name, &id, err);
}

/* Only what is given changes. */
static void read_channels(struct json_in *in, struct notification_settings *settings)
{
    static const char *const names[] = { CHANNEL_TICKET, CHANNEL_EMAIL, CHANNEL_WEBHOOK };
    size_t n = json_in_array_opt(in, "channels", countof(names));

    for (size_t i = 0; i < n; i++) {
        struct json_in channel;

        if (!json_in_item_object(in, "channels", i, &channel))
            continue;
        int which = json_in_enum(&channel, "name", names, countof(names));
        bool is_enabled = json_in_bool(&channel, "enabled");

        if (which == 0 && !is_enabled)
            json_in_complain(&channel, "enabled", "tickets cannot be turned off");
        else if (which == 1)
            settings->has_email = is_enabled;
        else if (which == 2)
            settings->has_webhook = is_enabled;
        json_in_leave(&channel);
    }
}

static bool notifications_put(struct api_call *call, struct err *err)
{
    struct notification_settings settings;
    autodone(buf) struct buf before = BUF_INIT(4096);
    autodone(buf) struct buf after = BUF_INIT(4096);
    struct json_in in;
    int64_t version;

    if (!store_notification_settings(call->tx, &settings, &version, err) ||
        !page_check_match(call, version + 1, "settings", err))
        return false;
    notification_settings_to_json(&settings, &before);
    api_body(call, &in);
    read_periods(&in, &settings.periods);
    const char *check = read_cron(&in, "check_schedule");
    const char *scan = read_cron(&in, "renewal_scan");

    read_channels(&in, &settings);
    settings.unreachable_after =
        json_in_i64_opt(&in, "unreachable_after", 1, 100, settings.unreachable_after);
    if (!read_assignee(call, &in, &settings, err) || !json_in_end(&in, err))
        return false;
    notification_settings_to_json(&settings, &after);
    if (!store_setting_put(call->tx, SETTING_NOTIFICATIONS, buf_text(&after), version, call->now,
            &version, err) ||
        (check && !scheduler_set_cron(call->tx, "check", check, call->now, err)) ||
        (scan && !scheduler_set_cron(call->tx, "notify", scan, call->now, err)) ||
        !store_cert_notify_all(call->tx, call->now, err) ||
        !api_audit(call, "settings.notifications", 0, SETTING_NOTIFICATIONS, buf_text(&before),
            buf_text(&after), err))
        return false;
    return notifications_get(call, err);
}

/* Written down before it leaves the house; refused where nothing may. */
static bool audit_test(struct api_call *call, const char *channel, const struct outbox_test *test,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct standby standby;

    if (!tx_begin(call->db, TX_WRITE, &tx, err) || !store_standby_get(tx, &standby, err))
        return false;
    if (standby.is_on)
        return fail(err, ERR_CONFLICT, "this server is in standby, and tells nobody anything");
    call->tx = tx;
    bool works = api_audit(call, "notification.test", test->webhook_id,
        test->address ? test->address : channel, NULL, NULL, err);

    call->tx = NULL;
    return works && tx_commit(take(&tx), err);
}

/* The caller's own address, where none is given. */
static bool own_address(struct api_call *call, char **ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(account_row) struct account_row *account = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err) ||
        !store_account_get(tx, call->who.account_id, &account, err))
        return false;
    *ret = xstrdup(account->email);
    return true;
}

static bool read_test(struct api_call *call, struct outbox_test *test, char **address,
    struct err *err)
{
    static const char *const channels[] = { CHANNEL_EMAIL, CHANNEL_WEBHOOK };
    struct json_in in;
    struct err problem = { 0 };

    api_body(call, &in);
    int channel = json_in_enum(&in, "channel", channels, countof(channels));
    const char *to = json_in_text_opt(&in, "to", 1, MIME_ADDRESS_SIZE, NULL);
    int64_t webhook = json_in_i64_opt(&in, "webhook", 1, INT64_MAX, 0);

    if (channel == 0 && webhook)
        json_in_complain(&in, "webhook", "a mail does not go to a webhook");
    if (channel == 1 && to)
        json_in_complain(&in, "to", "a webhook's call does not go to an address");
    if (channel == 1 && !webhook)
        json_in_complain(&in, "webhook", "say which one");
    if (channel == 0 && !to && !own_address(call, address, err))
        return false;
    if (channel == 0 && to)
        *address = xstrdup(to);
    if (*address && !(*address)[0])
        json_in_complain(&in, "to", "your account has no mail address: say where to send it");
    else if (*address && !mime_address_check(span_text(*address), &problem))
        json_in_complain(&in, "to", "%s", problem.msg);
    test->address = *address;
    test->webhook_id = webhook;
    return json_in_end(&in, err);
}

static bool notifications_test(struct api_call *call, struct err *err)
{
    struct outbox outbox =
        outbox_begin(call->db, call->services->notifier, call->services->vault, call->now);
    struct outbox_test test = { .account_id = call->who.account_id };
    autofree(str) char *address = NULL;
    int64_t began_ms = clock_mono_ms();
    char detail[512];
    bool is_ok = false;

    if (!read_test(call, &test, &address, err) ||
        !audit_test(call, test.address ? CHANNEL_EMAIL : CHANNEL_WEBHOOK, &test, err) ||
        !outbox_test(&outbox, &test, &is_ok, detail, err))
        return false;
    json_bool(&call->reply, "ok", is_ok);
    json_str(&call->reply, "detail", detail);
    json_i64(&call->reply, "took_ms", clock_mono_ms() - began_ms);
    return true;
}

const struct api_route notification_routes[] = {
    { "GET", "/settings/notifications", ROLE_USER, API_READS, notifications_get, 0 },
    { "PUT", "/settings/notifications", ROLE_ADMIN, API_WRITES, notifications_put, 0 },
    { "POST", "/settings/notifications/test", ROLE_ADMIN, API_WRITES | API_NO_TX,
        notifications_test, 0 },
    { 0 },
};
