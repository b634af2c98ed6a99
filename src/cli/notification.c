/* cli: certdesk notification show, set, test, log, resend: when people are told, and whether it
 * arrived. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BODY_MAX 16384
#define SETTINGS "/settings/notifications"

struct notification_options {
    const char *periods;
    const char *check_schedule;
    const char *renewal_scan;
    const char *default_assignee;
    const char *unreachable_after;
    struct verb_list enabled;
    struct verb_list disabled;
    const char *channel;
    const char *state;
    const char *to;
};

static const struct verb_option options[] = {
    { "periods", required_argument, offsetof(struct notification_options, periods), NULL },
    { "check-schedule", required_argument, offsetof(struct notification_options, check_schedule),
        NULL },
    { "renewal-scan", required_argument, offsetof(struct notification_options, renewal_scan),
        NULL },
    { "default-assignee", required_argument,
        offsetof(struct notification_options, default_assignee), NULL },
    { "unreachable-after", required_argument,
        offsetof(struct notification_options, unreachable_after), NULL },
    { "enable", required_argument, offsetof(struct notification_options, enabled),
        verbs_keep_each },
    { "disable", required_argument, offsetof(struct notification_options, disabled),
        verbs_keep_each },
    { "channel", required_argument, offsetof(struct notification_options, channel), NULL },
    { "state", required_argument, offsetof(struct notification_options, state), NULL },
    { "to", required_argument, offsetof(struct notification_options, to), NULL },
    { 0 },
};

static const struct member members[] = {
    { "periods", offsetof(struct notification_options, periods), MEMBER_NUMBERS },
    { "check_schedule", offsetof(struct notification_options, check_schedule), MEMBER_TEXT },
    { "renewal_scan", offsetof(struct notification_options, renewal_scan), MEMBER_TEXT },
    { "default_assignee", offsetof(struct notification_options, default_assignee),
        MEMBER_TEXT_OR_NULL },
    { "unreachable_after", offsetof(struct notification_options, unreachable_after),
        MEMBER_NUMBER },
    { 0 },
};

static void print_settings(const struct json *settings)
{
    static const char *const shown[] = { "periods", "default_assignee", "unreachable_after",
        "check_schedule", "renewal_scan" };
    const struct json *const channels = json_member(settings, "channels");

    for (size_t i = 0; i < countof(shown); i++)
        output_member(settings, shown[i], shown[i]);
    for (size_t i = 0; i < json_list_size(channels); i++) {
        const struct json *const one = json_list_item(channels, i);
        const bool is_on = json_as_bool(json_member(one, "enabled"), false);
        autofree(str) char *name = output_text(one, "name");

        output_pair(name, is_on ? "on" : "off");
    }
}

static void print(const struct verb_call *call, const struct json *settings)
{
    if (call->json)
        output_json(settings);
    else
        print_settings(settings);
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *settings = NULL;

    if (!remote_call(call->remote, "GET", SETTINGS, NULL, &settings, err))
        return false;
    print(call, settings);
    return true;
}

static void write_channels(struct json_out *out, const struct verb_list *names, bool is_on)
{
    for (size_t i = 0; i < names->n; i++) {
        json_begin_object(out, NULL);
        json_str(out, "name", names->items[i]);
        json_bool(out, "enabled", is_on);
        json_end(out);
    }
}

static bool set(const struct verb_call *call, struct err *err)
{
    const struct notification_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *settings = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!members_write(&out, members, o, err))
        return false;
    if (o->enabled.n + o->disabled.n > 0) {
        json_begin_array(&out, "channels");
        write_channels(&out, &o->enabled, true);
        write_channels(&out, &o->disabled, false);
        json_end(&out);
    }
    json_end(&out);
    if (!json_out_check(&out, err) ||
        !remote_call(call->remote, "PUT", SETTINGS, buf_text(&body), &settings, err))
        return false;
    print(call, settings);
    return true;
}

/* "email [ADDRESS]", "webhook NAME": sent now, and the exit status says whether it arrived. */
static bool write_test(const struct verb_call *call, struct json_out *out, struct err *err)
{
    const char *const channel = call->words[0];
    const char *const to = call->n_words > 1 ? call->words[1] : NULL;
    autofree(str) char *path = NULL;

    json_begin_object(out, NULL);
    json_str(out, "channel", channel);
    if (to && strcmp(channel, "webhook") == 0) {
        if (!members_find(call->remote, "/webhooks", "webhook", to, &path, err) ||
            !members_write_one(out, "webhook", MEMBER_NUMBER, strrchr(path, '/') + 1, err))
            return false;
    } else if (to) {
        json_str(out, "to", to);
    }
    json_end(out);
    return json_out_check(out, err);
}

static bool test(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *result = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    if (!write_test(call, &out, err) ||
        !remote_call(call->remote, "POST", SETTINGS "/test", buf_text(&body), &result, err))
        return false;
    const bool has_arrived = json_as_bool(json_member(result, "ok"), false);
    autofree(str) char *detail = output_text(result, "detail");

    if (call->json)
        output_json(result);
    else
        printf("%s: %s\n", has_arrived ? "arrived" : "did not arrive", detail);
    *call->status = has_arrived ? CLI_OK : CLI_FAILED;
    return true;
}

static bool list_log(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "AT", "created_at" },
        { "CHANNEL", "channel" }, { "STATE", "state" }, { "TO", "recipient" },
        { "SUBJECT", "subject" }, { "ERROR", "error" }, { 0 } };
    const struct notification_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(BODY_MAX);

    buf_add_text(&path, "/deliveries?limit=500");
    items_add_query(&path, "channel", o->channel);
    items_add_query(&path, "state", o->state);
    items_add_query(&path, "recipient", o->to);
    return items_print(call->remote, buf_text(&path), columns, call->json, err);
}

static bool resend(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/deliveries/", call->words[0], "/retry");

    return remote_do(call->remote, "POST", path, NULL, err);
}

int cli_notification(int argc, char **argv)
{
    static const struct verb verbs[] = { { "show", 0, 0, show }, { "set", 0, 0, set },
        { "test", 1, 2, test }, { "log", 0, 0, list_log }, { "resend", 1, 1, resend }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk notification show [-o table|json]\n"
            "       certdesk notification set [--periods DAYS,…] [--check-schedule CRON]\n"
            "                                 [--renewal-scan CRON] [--default-assignee NAME|-]\n"
            "                                 [--unreachable-after N] [--enable CHANNEL]…\n"
            "                                 [--disable CHANNEL]… [-o table|json]\n"
            "       certdesk notification test email [ADDRESS] | test webhook NAME\n"
            "       certdesk notification log [--channel email|webhook] [--state STATE]\n"
            "                                 [--to ADDRESS] [-o table|json]\n"
            "       certdesk notification resend ID\n",
        .verbs = verbs,
        .options = options
    };
    struct notification_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
