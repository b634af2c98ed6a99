/* cli: certdesk trust list, add, remove: private CAs that are trusted beside the system's. */
#include "base/alloc.h"
#include "base/err.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BUNDLES "/trust-bundles"

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "MADE", "created_at" }, { 0 } };

    return items_print(call->remote, BUNDLES, columns, call->json, err);
}

static bool add(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf pem = BUF_INIT(JSON_MAX_BYTES);
    autodone(buf) struct buf body = BUF_INIT(2 * JSON_MAX_BYTES);
    struct json_out out;

    if (!ask_content(call->words[1], &pem, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "name", call->words[0]);
    json_str(&out, "pem", buf_text(&pem));
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_do(call->remote, "POST", BUNDLES, buf_text(&body), err);
}

static bool remove_bundle(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return members_find(call->remote, BUNDLES, "private CA", call->words[0], &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_trust(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 2, 2, add },
        { "remove", 1, 1, remove_bundle }, { 0 } };
    static const struct verb_option options[] = { { 0 } };
    static const struct verbs word = { .usage = "usage: certdesk trust list [-o table|json]\n"
                                                "       certdesk trust add NAME FILE|-\n"
                                                "       certdesk trust remove NAME\n",
        .verbs = verbs,
        .options = options };

    return verbs_run(&word, NULL, argc, argv);
}
