/* cli: certdesk webhook list, add, edit, secret, remove: other systems that are told by HTTP. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define WEBHOOKS "/webhooks"

struct webhook_options {
    const char *name;
    const char *url;
    const char *template;
    const char *events;
    const char *enabled;
};

static const struct verb_option options[] = {
    { "name", required_argument, offsetof(struct webhook_options, name), NULL },
    { "url", required_argument, offsetof(struct webhook_options, url), NULL },
    { "template", required_argument, offsetof(struct webhook_options, template), NULL },
    { "events", required_argument, offsetof(struct webhook_options, events), NULL },
    { "enabled", required_argument, offsetof(struct webhook_options, enabled), NULL },
    { 0 },
};

static const struct member members[] = {
    { "name", offsetof(struct webhook_options, name), MEMBER_TEXT },
    { "url", offsetof(struct webhook_options, url), MEMBER_TEXT },
    { "template", offsetof(struct webhook_options, template), MEMBER_TEXT },
    { "events", offsetof(struct webhook_options, events), MEMBER_TEXTS },
    { "enabled", offsetof(struct webhook_options, enabled), MEMBER_TRUTH },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "ENABLED", "enabled" }, { "TEMPLATE", "template" }, { "EVENTS", "events" },
        { "LAST", "last_delivery.state" }, { "URL", "url" }, { 0 } };

    return items_print(call->remote, WEBHOOKS, columns, call->json, err);
}

/* The secret is told this once, by the answer alone. */
static void print_secret(const struct verb_call *call, const struct json *answer)
{
    autofree(str) char *secret = output_text(answer, "secret");

    if (call->json)
        output_json(answer);
    else
        puts(secret);
}

static bool add(const struct verb_call *call, struct err *err)
{
    struct webhook_options o = *(const struct webhook_options *)call->asked;
    struct verb_call with = *call;
    autofree(json) struct json *made = NULL;

    o.name = call->words[0];
    o.url = call->words[1];
    o.events = o.events ? o.events : "expiry,unreachable,recovered,renewed";
    with.asked = &o;
    if (!members_send(&with, "POST", WEBHOOKS, NULL, members, &made, err))
        return false;
    print_secret(call, made);
    return true;
}

static bool edit(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *changed = NULL;
    autofree(str) char *path = NULL;

    return members_find(call->remote, WEBHOOKS, "webhook", call->words[0], &path, err) &&
           members_send(call, "PATCH", path, NULL, members, &changed, err);
}

static bool new_secret(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *answer = NULL;
    autofree(str) char *path = NULL;

    if (!members_find(call->remote, WEBHOOKS, "webhook", call->words[0], &path, err))
        return false;
    autofree(str) char *secret_path = xasprintf("%s/secret", path);

    if (!remote_call(call->remote, "POST", secret_path, NULL, &answer, err))
        return false;
    print_secret(call, answer);
    return true;
}

static bool remove_webhook(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return members_find(call->remote, WEBHOOKS, "webhook", call->words[0], &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_webhook(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 2, 2, add },
        { "edit", 1, 1, edit }, { "secret", 1, 1, new_secret }, { "remove", 1, 1, remove_webhook },
        { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk webhook list [-o table|json]\n"
            "       certdesk webhook add NAME URL [--template generic|slack|teams]\n"
            "                            [--events NAME,…] [--enabled yes|no] [-o table|json]\n"
            "       certdesk webhook edit NAME [--name NAME] [--url URL] [--template TEMPLATE]\n"
            "                             [--events NAME,…] [--enabled yes|no]\n"
            "       certdesk webhook secret NAME [-o table|json]\n"
            "       certdesk webhook remove NAME\n",
        .verbs = verbs,
        .options = options
    };
    struct webhook_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
