/* core/settings: see the header. */
#include "core/settings.h"

#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"

#define UNREACHABLE_AFTER_DEFAULT 3

void periods_to_json(const struct window_periods *periods, struct buf *out)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < periods->n; i++)
        buf_addf(out, "%s%" PRId64, i ? "," : "", periods->days[i]);
    buf_add_char(out, ']');
}

static void write_value(const struct json *value, struct buf *out)
{
    if (value)
        json_write(value, out);
}

void notification_settings_from_json(const char *text, struct notification_settings *ret)
{
    autofree(json) struct json *json = NULL;
    autodone(buf) struct buf list = BUF_INIT(4096);
    struct err ignored = { 0 };

    memset(ret, 0, sizeof *ret);
    window_default_periods(&ret->periods);
    ret->unreachable_after = UNREACHABLE_AFTER_DEFAULT;
    ret->has_email = ret->has_webhook = true;
    if (!text || !json_parse(span_text(text), &json, &ignored))
        return;
    write_value(json_member(json, "periods"), &list);
    if (list.size && !window_periods_from_json(buf_text(&list), &ret->periods, &ignored))
        window_default_periods(&ret->periods);
    span_copy_text(span_text(json_as_text(json_member(json, "default_assignee"))),
        ret->default_assignee, sizeof ret->default_assignee);
    ret->unreachable_after =
        json_as_i64(json_member(json, "unreachable_after"), UNREACHABLE_AFTER_DEFAULT);
    ret->has_email = json_as_i64(json_member(json, "email"), 1) != 0;
    ret->has_webhook = json_as_i64(json_member(json, "webhook"), 1) != 0;
}

void notification_settings_to_json(const struct notification_settings *settings, struct buf *out)
{
    autodone(buf) struct buf periods = BUF_INIT(4096);
    struct json_out json;

    periods_to_json(&settings->periods, &periods);
    json_out_init(&json, out);
    json_begin_object(&json, NULL);
    json_raw(&json, "periods", buf_span(&periods));
    json_str(&json, "default_assignee",
        settings->default_assignee[0] ? settings->default_assignee : NULL);
    json_i64(&json, "unreachable_after", settings->unreachable_after);
    json_i64(&json, "email", settings->has_email);
    json_i64(&json, "webhook", settings->has_webhook);
    json_end(&json);
}

void display_rule_from_json(const char *text, struct display_rule *ret)
{
    static const struct display_rule defaults = DISPLAY_RULE_DEFAULT;
    autofree(json) struct json *json = NULL;
    struct err ignored = { 0 };

    *ret = defaults;
    if (!text || !json_parse(span_text(text), &json, &ignored))
        return;
    int months = (int)json_as_i64(json_member(json, "months"), 0);
    int percent = (int)json_as_i64(json_member(json, "lifetime_percent"), 0);

    if (months > 0 || percent > 0)
        *ret = (struct display_rule){ .months = months, .lifetime_percent = percent };
}

void display_rule_to_json(const struct display_rule *rule, struct buf *out)
{
    buf_addf(out, "{\"months\":%d,\"lifetime_percent\":%d}", rule->months, rule->lifetime_percent);
}
