/* cli/cert_bulk: one thing done with many certificates (cli/cert_access.h). */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cert_access.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"

#define BODY_MAX (1U << 20)
#define ACTION_NAME_MAX 32

struct bulk_options {
    char action[ACTION_NAME_MAX]; /* as the API calls it */
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
    bool json;
};

static int usage(void)
{
    fputs("usage: " CERT_BULK_USAGE "\n", stderr);
    return CLI_USAGE;
}

/* "set-owner" is set_owner. What there is no action for, the server says. */
static bool take_action(struct bulk_options *o, const char *word)
{
    if (strlen(word) >= sizeof o->action)
        return false;
    span_copy_text(span_text(word), o->action, sizeof o->action);
    for (char *c = o->action; *c; c++)
        if (*c == '-')
            *c = '_';
    return true;
}

static bool write_ids(struct json_out *out, int n, char **ids, struct err *err)
{
    json_begin_array(out, "ids");
    for (int i = 0; i < n; i++) {
        int64_t id;

        if (!parse_i64(span_text(ids[i]), 1, INT64_MAX, &id, err))
            return err_wrap(err, "\"%s\" is no certificate's id", ids[i]);
        json_i64(out, NULL, id);
    }
    json_end(out);
    return true;
}

static bool write_which(const struct bulk_options *o, struct json_out *out, int n, char **ids,
    struct err *err)
{
    const bool has_filter = o->all || o->unused || o->status || o->search || o->tag;

    if ((n > 0) == has_filter)
        return fail(err, ERR_INVALID, "say which: ids, or a filter such as --status, or --all");
    if (n > 0)
        return write_ids(out, n, ids, err);
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

static bool write_body(const struct bulk_options *o, int n, char **ids, struct buf *body,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    json_str(&out, "action", o->action);
    if (!write_which(o, &out, n, ids, err))
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

static bool run(struct remote *remote, const struct bulk_options *o, int n, char **ids,
    bool *ret_good, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;

    if (!write_body(o, n, ids, &body, err) ||
        !remote_call(remote, "POST", "/certificates/actions", buf_text(&body), &started, err) ||
        !remote_wait(remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    const struct json *result = json_member(job, "result");

    *ret_good = json_as_i64(json_member(result, "failed"), 1) == 0;
    if (o->json)
        output_json(job);
    else
        show(result);
    return true;
}

static bool take_option(struct bulk_options *o, int option)
{
    const char **const texts[] = { ['s'] = &o->status,
        ['q'] = &o->search,
        ['t'] = &o->tag,
        ['u'] = &o->user,
        ['U'] = &o->users,
        ['G'] = &o->groups,
        ['T'] = &o->tags,
        ['b'] = &o->business_group };

    if (option == 'a')
        o->all = true;
    else if (option == 'n')
        o->unused = true;
    else if (option == 'k')
        o->use_key = true;
    else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
        o->json = optarg[0] == 'j';
    else if ((size_t)option < countof(texts) && texts[option])
        *texts[option] = optarg;
    else
        return false;
    return true;
}

int cert_bulk_run(int argc, char **argv)
{
    static const struct option options[] = { { "all", no_argument, NULL, 'a' },
        { "unused", no_argument, NULL, 'n' }, { "status", required_argument, NULL, 's' },
        { "search", required_argument, NULL, 'q' }, { "tag", required_argument, NULL, 't' },
        { "user", required_argument, NULL, 'u' }, { "users", required_argument, NULL, 'U' },
        { "groups", required_argument, NULL, 'G' }, { "tags", required_argument, NULL, 'T' },
        { "business-group", required_argument, NULL, 'b' }, { "use-key", no_argument, NULL, 'k' },
        { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct bulk_options o = { 0 };
    struct err err = { 0 };
    bool is_good = true;
    int option;

    if (argc < 2 || argv[1][0] == '-' || !take_action(&o, argv[1]))
        return usage();
    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    if (!remote_open(&remote, &err) ||
        !run(remote, &o, argc - optind, argv + optind, &is_good, &err))
        return output_fail(&err);
    return is_good ? CLI_OK : CLI_FAILED;
}
