/* cli: certdesk dashboard: how things stand, and what needs whoever asks. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/verbs.h"

static void print_counts(const struct json *counts)
{
    static const char *const members[] = { "total", "valid", "expiring_soon", "expired",
        "not_yet_valid", "revoked", "unknown" };

    for (size_t i = 0; i < countof(members); i++)
        output_member(counts, members[i], members[i]);
}

static void print_tickets(const struct json *tickets)
{
    for (size_t i = 0; i < json_list_size(tickets); i++) {
        const struct json *const one = json_list_item(tickets, i);
        autofree(str) char *key = output_text(one, "key");
        autofree(str) char *priority = output_text(one, "priority");
        autofree(str) char *summary = output_text(one, "summary");
        autofree(str) char *text = xasprintf("%s (%s) %s", key, priority, summary);

        output_pair("needs you", text);
    }
}

static void print_failing(const struct json *items)
{
    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *const one = json_list_item(items, i);
        autofree(str) char *since = output_text(one, "failing_since");
        autofree(str) char *why = output_text(json_member(one, "error"), "message");
        autofree(str) char *text =
            xasprintf("%s since %s: %s", output_endpoint(one).text, since, why);

        output_pair("fails", text);
    }
}

static void print_cas(const struct json *cas)
{
    for (size_t i = 0; i < json_list_size(cas); i++) {
        const struct json *const one = json_list_item(cas, i);
        autofree(str) char *name = output_text(one, "name");
        autofree(str) char *message = output_text(one, "message");
        autofree(str) char *text = xasprintf("%s: %s", name, message);

        output_pair("CA", text);
    }
}

static bool run(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *dashboard = NULL;

    if (!remote_call(call->remote, "GET", "/dashboard", NULL, &dashboard, err))
        return false;
    if (call->json) {
        output_json(dashboard);
        return true;
    }
    print_counts(json_member(dashboard, "counts"));
    output_member(dashboard, "open_tickets", "open tickets");
    print_tickets(json_member(dashboard, "needs_me"));
    print_failing(json_member(json_member(dashboard, "failing"), "items"));
    print_cas(json_member(dashboard, "cas"));
    return true;
}

int cli_dashboard(int argc, char **argv)
{
    static const struct verb verbs[] = { { "show", 0, 0, run }, { 0 } };
    static const struct verb_option options[] = { { 0 } };
    static const struct verbs word = { .usage =
                                           "usage: certdesk dashboard [show [-o table|json]]\n",
        .verbs = verbs,
        .options = options };
    char show[] = "show";
    char *alone[] = { argv[0], show, NULL };

    /* There is one thing that it can show. */
    return argc < 2 ? verbs_run(&word, NULL, 2, alone) : verbs_run(&word, NULL, argc, argv);
}
