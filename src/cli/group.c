/* cli: certdesk group list, show, add, remove, join, leave. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BODY_MAX 262144

struct group_options {
    const char *description;
};

static const struct verb_option options[] = {
    { "description", required_argument, offsetof(struct group_options, description), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "MEMBERS", "n_members" },
        { "DESCRIPTION", "description" }, { 0 } };

    return items_print(call->remote, "/groups", columns, call->json, err);
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", call->words[0], "");
    autofree(json) struct json *group = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &group, err))
        return false;
    if (call->json) {
        output_json(group);
        return true;
    }
    autofree(str) char *description = output_text(group, "description");
    const struct json *members = json_member(group, "members");

    output_pair("name", call->words[0]);
    output_pair("description", description);
    for (size_t i = 0; i < json_list_size(members); i++)
        output_pair("member", json_as_text(json_list_item(members, i)));
    return true;
}

static bool add(const struct verb_call *call, struct err *err)
{
    const struct group_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "name", call->words[0]);
    json_str(&out, "description", o->description ? o->description : "");
    items_write_words(&out, "users", call->words + 1, call->n_words - 1);
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_do(call->remote, "POST", "/groups", buf_text(&body), err);
}

static bool is_named(const struct verb_call *call, const char *user)
{
    for (size_t i = 1; i < call->n_words; i++)
        if (strcmp(user, call->words[i]) == 0)
            return true;
    return false;
}

/* The members there are, with the words or without them; somebody else's change meanwhile is told.
 */
static bool change(const struct verb_call *call, bool joins, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", call->words[0], "");
    autofree(str) char *members_path = items_path("/groups/", call->words[0], "/members");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *group = NULL;
    struct json_out out;

    if (!remote_call(call->remote, "GET", path, NULL, &group, err))
        return false;
    const struct json *members = json_member(group, "members");

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "users");
    for (size_t i = 0; i < json_list_size(members); i++) {
        const char *name = json_as_text(json_list_item(members, i));

        if (!is_named(call, name))
            json_str(&out, NULL, name);
    }
    for (size_t i = 1; joins && i < call->n_words; i++)
        json_str(&out, NULL, call->words[i]);
    json_end(&out);
    json_end(&out);
    remote_set_match(call->remote, json_as_text(json_member(group, "etag")));
    return json_out_check(&out, err) &&
           remote_do(call->remote, "PUT", members_path, buf_text(&body), err);
}

static bool join(const struct verb_call *call, struct err *err)
{
    return change(call, true, err);
}

static bool leave(const struct verb_call *call, struct err *err)
{
    return change(call, false, err);
}

static bool remove_group(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", call->words[0], "");

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_group(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "add", 1, 1001, add }, { "remove", 1, 1, remove_group }, { "join", 2, 1001, join },
        { "leave", 2, 1001, leave }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk group list [-o table|json]\n"
                 "       certdesk group show NAME [-o table|json]\n"
                 "       certdesk group add NAME [USER…] [--description TEXT]\n"
                 "       certdesk group remove NAME\n"
                 "       certdesk group join NAME USER…\n"
                 "       certdesk group leave NAME USER…\n",
        .verbs = verbs,
        .options = options
    };
    struct group_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
