/* cli: certdesk token list, add, remove: one's own tokens for programs. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct token_options {
    const char *scopes;
    const char *expires;
};

static const struct verb_option options[] = {
    { "scopes", required_argument, offsetof(struct token_options, scopes), NULL },
    { "expires-at", required_argument, offsetof(struct token_options, expires), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "SCOPES", "scopes" }, { "ENDS", "expires_at" }, { "LAST USED", "used_at" }, { 0 } };

    return items_print(call->remote, "/tokens", columns, call->json, err);
}

/* Standard output has the token and nothing else: it can go to where it is needed. */
static bool add(const struct verb_call *call, struct err *err)
{
    static const struct member members[] = {
        { "scopes", offsetof(struct token_options, scopes), MEMBER_TEXTS },
        { "expires_at", offsetof(struct token_options, expires), MEMBER_INSTANT },
        { 0 },
    };
    struct token_options o = *(const struct token_options *)call->asked;
    struct verb_call with = *call;
    autofree(json) struct json *made = NULL;

    o.scopes = o.scopes ? o.scopes : "read";
    with.asked = &o;
    if (!members_send(&with, "POST", "/tokens", call->words[0], members, &made, err))
        return false;
    autofree(str) char *token = output_text(made, "token");

    if (call->json)
        output_json(made);
    else
        puts(token);
    return true;
}

static bool remove_token(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return members_find(call->remote, "/tokens", "token", call->words[0], &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_token(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 1, 1, add },
        { "remove", 1, 1, remove_token }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk token list [-o table|json]\n"
                 "       certdesk token add NAME [--scopes read,write,admin] [--expires-at DATE]\n"
                 "                          [-o table|json]\n"
                 "       certdesk token remove NAME\n",
        .verbs = verbs,
        .options = options
    };
    struct token_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
