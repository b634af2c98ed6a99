/* cli: certdesk job list, show, retry. */
#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define PATH_MAX_BYTES 1024

struct job_options {
    const char *state;
    const char *type;
};

static const struct verb_option options[] = {
    { "state", required_argument, offsetof(struct job_options, state), NULL },
    { "type", required_argument, offsetof(struct job_options, type), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "TYPE", "type" },
        { "STATE", "state" }, { "BY", "actor" }, { "ASKED", "created_at" },
        { "ENDED", "finished_at" }, { "ERROR", "error" }, { 0 } };
    const struct job_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&path, "/jobs?limit=500");
    items_add_query(&path, "state", o->state);
    items_add_query(&path, "type", o->type);
    return items_print(call->remote, buf_text(&path), columns, call->json, err);
}

static bool show(const struct verb_call *call, struct err *err)
{
    static const char *const members[] = { "id", "type", "state", "actor", "created_at",
        "started_at", "finished_at", "progress", "error", "result" };
    autofree(str) char *path = items_path("/jobs/", call->words[0], "");
    autofree(json) struct json *job = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &job, err))
        return false;
    if (call->json) {
        output_json(job);
        return true;
    }
    for (size_t i = 0; i < countof(members); i++)
        output_member(job, members[i], members[i]);
    return true;
}

static bool retry(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/jobs/", call->words[0], "/retry");

    return remote_do(call->remote, "POST", path, NULL, err);
}

int cli_job(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "retry", 1, 1, retry }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk job list [--state queued|running|done|failed] [--type TYPE]\n"
                 "                         [-o table|json]\n"
                 "       certdesk job show ID [-o table|json]\n"
                 "       certdesk job retry ID\n",
        .verbs = verbs,
        .options = options
    };
    struct job_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
