/* cli: certdesk calendar list, add, remove: addresses that a calendar program subscribes to. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "MADE", "created_at" },
        { "LAST USED", "last_used_at" }, { 0 } };

    return items_print(call->remote, "/calendar", columns, call->json, err);
}

static bool add(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *made = NULL;

    if (!remote_call(call->remote, "POST", "/calendar", NULL, &made, err))
        return false;
    autofree(str) char *url = output_text(made, "url");

    if (call->json)
        output_json(made);
    else
        puts(url);
    return true;
}

static bool remove_feed(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/calendar/", call->words[0], "");

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_calendar(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 0, 0, add },
        { "remove", 1, 1, remove_feed }, { 0 } };
    static const struct verb_option options[] = { { 0 } };
    static const struct verbs word = { .usage = "usage: certdesk calendar list [-o table|json]\n"
                                                "       certdesk calendar add [-o table|json]\n"
                                                "       certdesk calendar remove ID\n",
        .verbs = verbs,
        .options = options };

    return verbs_run(&word, NULL, argc, argv);
}
