/* cli/cert_bulk: one thing done with many certificates (cli/cert_access.h). */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cert.h"
#include "cli/cert_access.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX (1U << 20)

struct bulk_options {
    /* Which. */
    bool all;
    bool unused;
    const char *status;
    const char *search;
    const char *tag;
    /* With what. */
    const char *user; /* "-" is nobody */
    const char *users;
    const char *groups;
    const char *tags;
    const char *business_group;
    bool use_key;
};

static const struct verb_option options[] = {
    { "all", no_argument, offsetof(struct bulk_options, all), NULL },
    { "unused", no_argument, offsetof(struct bulk_options, unused), NULL },
    { "status", required_argument, offsetof(struct bulk_options, status), NULL },
    { "search", required_argument, offsetof(struct bulk_options, search), NULL },
    { "tag", required_argument, offsetof(struct bulk_options, tag), NULL },
    { "user", required_argument, offsetof(struct bulk_options, user), NULL },
    { "users", required_argument, offsetof(struct bulk_options, users), NULL },
    { "groups", required_argument, offsetof(struct bulk_options, groups), NULL },
    { "tags", required_argument, offsetof(struct bulk_options, tags), NULL },
    { "business-group", required_argument, offsetof(struct bulk_options, business_group), NULL },
    { "use-key", no_argument, offsetof(struct bulk_options, use_key), NULL },
    { 0 },
};

/* "set-owner" is set_owner. What there is no action for, the server says. */
static void write_action(struct json_out *out, const char *word)
{
    autofree(str) char *action = xstrdup(word);

    for (char *c = action; *c; c++)
        if (*c == '-')
            *c = '_';
    json_str(out, "action", action);
}

/* `ids` are the words after the action. */
static bool write_which(const struct bulk_options *o, struct json_out *out, const char *const *ids,
    size_t n, struct err *err)
{
    const bool has_filter = o->all || o->unused || o->status || o->search || o->tag;

    if ((n > 0) == has_filter)
        return fail(err, ERR_INVALID, "say which: ids, or a filter such as --status, or --all");
    if (n > 0)
        return items_write_ids(out, ids, n, err);
    json_begin_object(out, "filter");
    if (o->status)
        json_split(out, "status", o->status, ',');
    if (o->search)
        json_str(out, "q", o->search);
    if (o->tag)
        json_str(out, "tag", o->tag);
    if (o->unused)
        json_bool(out, "unused", true);
    json_end(out);
    return true;
}

static bool write_body(const struct verb_call *call, struct buf *body, struct err *err)
{
    const struct bulk_options *const o = call->asked;
    struct json_out out;

    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    write_action(&out, call->words[0]);
    if (!write_which(o, &out, call->words + 1, call->n_words - 1, err))
        return false;
    if (o->user)
        json_str(&out, "user", strcmp(o->user, "-") == 0 ? NULL : o->user);
    if (o->users)
        json_split(&out, "users", o->users, ',');
    if (o->groups)
        json_split(&out, "groups", o->groups, ',');
    if (o->tags)
        json_split(&out, "tags", o->tags, ',');
    if (o->business_group)
        json_str(&out, "business_group", o->business_group);
    if (o->use_key)
        json_bool(&out, "use_key", true);
    json_end(&out);
    return json_out_check(&out, err);
}

static void show(const struct json *result)
{
    const struct json *items = json_member(result, "items");
    autofree(str) char *done = output_text(result, "done");
    autofree(str) char *skipped = output_text(result, "skipped");
    autofree(str) char *failed = output_text(result, "failed");

    printf("%s done, %s skipped, %s failed\n", done, skipped, failed);
    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *item = json_list_item(items, i);
        autofree(str) char *name = output_text(json_member(item, "certificate"), "name");
        autofree(str) char *outcome = output_text(item, "outcome");
        autofree(str) char *reason = output_text(item, "reason");

        if (reason[0])
            printf("%s: %s: %s\n", outcome, name, reason);
    }
}

static bool run(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *job = NULL;

    if (!write_body(call, &body, err) ||
        !cert_run_job(call, "/certificates/actions", &body, &job, err))
        return false;
    if (call->json)
        output_json(job);
    else
        show(json_member(job, "result"));
    return true;
}

int cert_bulk_run(int argc, char **argv)
{
    static const struct verb verbs[] = { { "bulk", 1, SIZE_MAX, run }, { 0 } };
    static const struct verbs word = { .usage = "usage: " CERT_BULK_USAGE "\n",
        .verbs = verbs,
        .options = options };
    struct bulk_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
