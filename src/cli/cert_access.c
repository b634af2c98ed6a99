/* cli/cert_access: who is around a certificate. The other half of the header is cert_bulk.c. */
#include "cli/cert_access.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"

#define BODY_MAX 65536

/* What each list is called by the API, and what the options give: NULL leaves it as it is. */
enum list { LIST_SHARE, LIST_USE_KEY, LIST_NOTIFY, N_LISTS };

static const char *const list_names[N_LISTS] = { "share", "use_key", "notify" };
static const char *const list_labels[N_LISTS] = { "shared with", "may use the key", "notified" };

struct access_options {
    const char *owner;
    const char *assignee; /* "-" is nobody */
    const char *users[N_LISTS];
    const char *groups[N_LISTS];
    bool is_edit;
    bool json;
};

static int usage(void)
{
    fputs("usage: " CERT_ACCESS_USAGE "\n", stderr);
    return CLI_USAGE;
}

static void show_names(const struct json *names, const char *label, const char *suffix)
{
    for (size_t i = 0; i < json_list_size(names); i++) {
        autofree(str) char *text =
            xasprintf("%s%s", json_as_text(json_list_item(names, i)), suffix);

        output_pair(label, text);
    }
}

static void show(const struct json *access, bool json)
{
    if (json) {
        output_json(access);
        return;
    }
    autofree(str) char *owner = output_text(access, "owner");
    autofree(str) char *assignee = output_text(access, "assignee");

    output_pair("owner", owner);
    output_pair("assignee", assignee);
    for (int i = 0; i < N_LISTS; i++) {
        const struct json *list = json_member(access, list_names[i]);

        show_names(json_member(list, "users"), list_labels[i], "");
        show_names(json_member(list, "groups"), list_labels[i], " (group)");
    }
}

static void write_names(struct json_out *out, const char *key, const char *given,
    const struct json *present)
{
    if (given)
        json_split(out, key, given, ',');
    else
        json_value(out, key, present);
}

/* A list of which one half is given keeps the other half. */
static bool write_body(const struct access_options *o, const struct json *access, struct buf *body,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    if (o->owner)
        json_str(&out, "owner", o->owner);
    if (o->assignee)
        json_str(&out, "assignee", strcmp(o->assignee, "-") == 0 ? NULL : o->assignee);
    for (int i = 0; i < N_LISTS; i++) {
        const struct json *present = json_member(access, list_names[i]);

        if (!o->users[i] && !o->groups[i])
            continue;
        json_begin_object(&out, list_names[i]);
        write_names(&out, "users", o->users[i], json_member(present, "users"));
        write_names(&out, "groups", o->groups[i], json_member(present, "groups"));
        json_end(&out);
    }
    json_end(&out);
    return json_out_check(&out, err);
}

static bool run(struct remote *remote, const struct access_options *o, const char *id,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = xasprintf("/certificates/%s/access", id);
    autofree(json) struct json *access = NULL;
    autofree(json) struct json *after = NULL;

    if (!remote_call(remote, "GET", path, NULL, &access, err))
        return false;
    if (!o->is_edit) {
        show(access, o->json);
        return true;
    }
    remote_set_match(remote, json_as_text(json_member(access, "etag")));
    if (!write_body(o, access, &body, err) ||
        !remote_call(remote, "PUT", path, buf_text(&body), &after, err))
        return false;
    if (after) /* none for who has just given up the last part they had in it */
        show(after, o->json);
    return true;
}

static bool take_option(struct access_options *o, int option)
{
    o->is_edit = o->is_edit || option != 'o';
    if (option == 'w')
        o->owner = optarg;
    else if (option == 'a')
        o->assignee = optarg;
    else if (option >= '0' && option < '0' + N_LISTS)
        o->users[option - '0'] = optarg;
    else if (option >= 'A' && option < 'A' + N_LISTS)
        o->groups[option - 'A'] = optarg;
    else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
        o->json = optarg[0] == 'j';
    else
        return false;
    return true;
}

int cert_access_run(int argc, char **argv)
{
    static const struct option options[] = { { "owner", required_argument, NULL, 'w' },
        { "assignee", required_argument, NULL, 'a' },
        { "share-users", required_argument, NULL, '0' + LIST_SHARE },
        { "share-groups", required_argument, NULL, 'A' + LIST_SHARE },
        { "key-users", required_argument, NULL, '0' + LIST_USE_KEY },
        { "key-groups", required_argument, NULL, 'A' + LIST_USE_KEY },
        { "notify-users", required_argument, NULL, '0' + LIST_NOTIFY },
        { "notify-groups", required_argument, NULL, 'A' + LIST_NOTIFY },
        { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct access_options o = { 0 };
    struct err err = { 0 };
    int64_t id;
    int option;

    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    if (argc - optind != 1)
        return usage();
    if (!parse_i64(span_text(argv[optind]), 1, INT64_MAX, &id, &err) ||
        !remote_open(&remote, &err) || !run(remote, &o, argv[optind], &err))
        return output_fail(&err);
    return CLI_OK;
}
