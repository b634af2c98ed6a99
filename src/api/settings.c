/* api/settings: what admins set for all. Everybody may read it; business groups are here, too,
 * being settings. */
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/cron.h"
#include "job/scheduler.h"
#include "store/account.h"
#include "store/cert_refresh.h"
#include "store/job.h"
#include "store/schedule.h"
#include "store/settings.h"

static void write_etag(struct api_call *call, int64_t version)
{
    /* Version 0 is "nobody has set anything"; an ETag counts from 1. */
    call->etag = version + 1;
    page_write_etag(&call->reply, call->etag);
}

static bool write_cron(struct api_call *call, const char *key, const char *schedule,
    struct err *err)
{
    autofree(schedule_row) struct schedule_row *row = NULL;

    if (!store_schedule_get(call->tx, schedule, &row, err))
        return false;
    json_str(&call->reply, key, row->cron);
    return true;
}

static void write_channels(struct json_out *out)
{
    static const char *const names[] = { "ticket", "email", "webhook" };

    json_begin_array(out, "channels");
    for (size_t i = 0; i < countof(names); i++) {
        json_begin_object(out, NULL);
        json_str(out, "name", names[i]);
        json_bool(out, "enabled", i == 0);
        json_end(out);
    }
    json_end(out);
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
    write_channels(&call->reply);
    json_str(&call->reply, "default_assignee",
        settings.default_assignee[0] ? settings.default_assignee : NULL);
    json_i64(&call->reply, "unreachable_after", settings.unreachable_after);
    write_etag(call, version);
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

static void write_display(struct api_call *call, const struct display_rule *rule, int64_t version)
{
    json_begin_object(&call->reply, "expiring_soon");
    json_str(&call->reply, "unit", rule->months > 0 ? "months" : "lifetime_percent");
    json_i64(&call->reply, "value", rule->months > 0 ? rule->months : rule->lifetime_percent);
    json_end(&call->reply);
    write_etag(call, version);
}

static bool display_get(struct api_call *call, struct err *err)
{
    struct display_rule rule;
    int64_t version;

    if (!store_display_rule(call->tx, &rule, &version, err))
        return false;
    write_display(call, &rule, version);
    return true;
}

static bool display_put(struct api_call *call, struct err *err)
{
    static const char *const units[] = { "months", "lifetime_percent" };
    static const struct job_new redisplay = { .type = "redisplay", .dedupe_key = "redisplay" };
    autodone(buf) struct buf text = BUF_INIT(256);
    struct json_in in;
    struct json_in soon;
    struct display_rule rule;
    int64_t version;
    int64_t job;

    if (!store_display_rule(call->tx, &rule, &version, err) ||
        !page_check_match(call, version + 1, "settings", err))
        return false;
    api_body(call, &in);
    (void)json_in_object(&in, "expiring_soon", &soon);
    int unit = json_in_enum(&soon, "unit", units, countof(units));
    int value = (int)json_in_i64(&soon, "value", 1, unit == 0 ? 24 : 99);

    json_in_leave(&soon);
    if (!json_in_end(&in, err))
        return false;
    rule = (struct display_rule){ .months = unit == 0 ? value : 0,
        .lifetime_percent = unit == 0 ? 0 : value };
    display_rule_to_json(&rule, &text);
    if (!store_setting_put(call->tx, SETTING_DISPLAY, buf_text(&text), version, call->now, &version,
            err) ||
        !store_job_add(call->tx, &redisplay, call->now, &job, err) ||
        !api_audit(call, "settings.display", 0, SETTING_DISPLAY, NULL, buf_text(&text), err))
        return false;
    call->wakes_jobs = true;
    write_display(call, &rule, version);
    return true;
}

const struct api_route setting_routes[] = {
    { "GET", "/settings/notifications", ROLE_USER, API_READS, notifications_get, 0 },
    { "PUT", "/settings/notifications", ROLE_ADMIN, API_WRITES, notifications_put, 0 },
    { "GET", "/settings/display", ROLE_USER, API_READS, display_get, 0 },
    { "PUT", "/settings/display", ROLE_ADMIN, API_WRITES, display_put, 0 },
    { 0 },
};
