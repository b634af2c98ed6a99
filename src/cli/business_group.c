/* cli: certdesk business-group list, add, edit, remove. */
#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/verbs.h"

#define BODY_MAX 65536

struct group_options {
    const char *name;
    const char *description;
    const char *heir; /* "-": none */
};

static const struct verb_option options[] = {
    { "name", required_argument, offsetof(struct group_options, name), NULL },
    { "description", required_argument, offsetof(struct group_options, description), NULL },
    { "reassign-to", required_argument, offsetof(struct group_options, heir), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" },
        { "CERTIFICATES", "certificates" }, { "DESCRIPTION", "description" }, { 0 } };

    return items_print(call->remote, "/business-groups", columns, call->json, err);
}

static bool send(const struct verb_call *call, const char *method, const char *path,
    const char *name, struct err *err)
{
    const struct group_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->description)
        json_str(&out, "description", o->description);
    json_end(&out);
    return json_out_check(&out, err) && remote_do(call->remote, method, path, buf_text(&body), err);
}

static bool add(const struct verb_call *call, struct err *err)
{
    return send(call, "POST", "/business-groups", call->words[0], err);
}

static bool edit(const struct verb_call *call, struct err *err)
{
    const struct group_options *const o = call->asked;
    autofree(str) char *path = items_path("/business-groups/", call->words[0], "");

    return send(call, "PATCH", path, o->name, err);
}

static bool remove_group(const struct verb_call *call, struct err *err)
{
    const struct group_options *const o = call->asked;
    autofree(str) char *heir = o->heir ? items_path("?reassign_to=", o->heir, "") : xstrdup("");
    autofree(str) char *path = items_path("/business-groups/", call->words[0], heir);

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_business_group(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 1, 1, add },
        { "edit", 1, 1, edit }, { "remove", 1, 1, remove_group }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk business-group list [-o table|json]\n"
                 "       certdesk business-group add NAME [--description TEXT]\n"
                 "       certdesk business-group edit NAME [--name NAME] [--description TEXT]\n"
                 "       certdesk business-group remove NAME [--reassign-to NAME|-]\n",
        .verbs = verbs,
        .options = options
    };
    struct group_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
