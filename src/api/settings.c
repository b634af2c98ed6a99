/* api/settings: see the header. */
#include "api/settings.h"

#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "store/account.h"
#include "store/job.h"
#include "store/schedule.h"
#include "store/settings.h"

void settings_write_etag(struct api_call *call, int64_t version)
{
    /* Version 0 is "nobody has set anything"; an ETag counts from 1. */
    call->etag = version + 1;
    page_write_etag(&call->reply, call->etag);
}

static void write_display(struct api_call *call, const struct display_rule *rule, int64_t version)
{
    json_begin_object(&call->reply, "expiring_soon");
    json_str(&call->reply, "unit", rule->months > 0 ? "months" : "lifetime_percent");
    json_i64(&call->reply, "value", rule->months > 0 ? rule->months : rule->lifetime_percent);
    json_end(&call->reply);
    settings_write_etag(call, version);
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
    { "GET", "/settings/display", ROLE_USER, API_READS, display_get, 0 },
    { "PUT", "/settings/display", ROLE_ADMIN, API_WRITES, display_put, 0 },
    { 0 },
};
