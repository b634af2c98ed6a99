/* cli: certdesk schedule list, run, preview: what runs by itself. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct schedule_options {
    bool wait;
};

static const struct verb_option options[] = {
    { "wait", no_argument, offsetof(struct schedule_options, wait), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "CRON", "cron" },
        { "NEXT", "next_run_at" }, { "LAST", "last_run_at" }, { "STATE", "last_job.state" },
        { 0 } };

    return items_print(call->remote, "/schedules", columns, call->json, err);
}

static bool run(const struct verb_call *call, struct err *err)
{
    const struct schedule_options *const o = call->asked;
    autofree(str) char *path = items_path("/schedules/", call->words[0], "/run");
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;

    if (!remote_call(call->remote, "POST", path, NULL, &started, err))
        return false;
    autofree(str) char *id = output_text(started, "job");

    if (!o->wait) {
        printf("job %s\n", id);
        return true;
    }
    if (!remote_wait(call->remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    const char *const error = json_as_text(json_member(job, "error"));

    if (error)
        return fail(err, ERR_UPSTREAM, "%s", error);
    if (call->json)
        output_json(job);
    return true;
}

/* What an expression means, before it is saved. */
static bool preview(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf path = BUF_INIT(2048);
    autofree(json) struct json *answer = NULL;

    buf_add_text(&path, "/schedules/preview");
    items_add_query(&path, "cron", call->words[0]);
    if (!remote_call(call->remote, "GET", buf_text(&path), NULL, &answer, err))
        return false;
    const struct json *const runs = json_member(answer, "runs");

    if (call->json)
        output_json(answer);
    for (size_t i = 0; !call->json && i < json_list_size(runs); i++)
        printf("%s\n", json_as_text(json_list_item(runs, i)));
    return true;
}

int cli_schedule(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "run", 1, 1, run },
        { "preview", 1, 1, preview }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk schedule list [-o table|json]\n"
                 "       certdesk schedule run NAME [--wait] [-o table|json]\n"
                 "       certdesk schedule preview CRON [-o table|json]\n",
        .verbs = verbs,
        .options = options
    };
    struct schedule_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
