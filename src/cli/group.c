/* cli: certdesk group list, show, add, remove, join, leave. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX 262144

static int usage(void)
{
    fputs("usage: certdesk group list [-o table|json]\n"
          "       certdesk group show NAME [-o table|json]\n"
          "       certdesk group add NAME [USER…] [--description TEXT]\n"
          "       certdesk group remove NAME\n"
          "       certdesk group join NAME USER…\n"
          "       certdesk group leave NAME USER…\n",
        stderr);
    return CLI_USAGE;
}

static bool show(struct remote *remote, const char *name, bool json, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", name, "");
    autofree(json) struct json *group = NULL;

    if (!remote_call(remote, "GET", path, NULL, &group, err))
        return false;
    if (json) {
        output_json(group);
        return true;
    }
    autofree(str) char *description = output_text(group, "description");
    const struct json *members = json_member(group, "members");

    output_pair("name", name);
    output_pair("description", description);
    for (size_t i = 0; i < json_list_size(members); i++)
        output_pair("member", json_as_text(json_list_item(members, i)));
    return true;
}

static bool add(struct remote *remote, const char *description, int n, char **words,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *made = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "name", words[0]);
    json_str(&out, "description", description ? description : "");
    items_write_words(&out, "users", words + 1, (size_t)n - 1);
    json_end(&out);
    return buf_check(&body, "group", err) &&
           remote_call(remote, "POST", "/groups", buf_text(&body), &made, err);
}

static bool is_among(const char *name, int n, char *const *words)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return false;
}

/* The members there are, with the words or without them; somebody else's change meanwhile is told.
 */
static bool change(struct remote *remote, bool joins, int n, char **words, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", words[0], "");
    autofree(str) char *members_path = items_path("/groups/", words[0], "/members");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *group = NULL;
    autofree(json) struct json *after = NULL;
    struct json_out out;

    if (!remote_call(remote, "GET", path, NULL, &group, err))
        return false;
    const struct json *members = json_member(group, "members");

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "users");
    for (size_t i = 0; i < json_list_size(members); i++) {
        const char *name = json_as_text(json_list_item(members, i));

        if (!is_among(name, n - 1, words + 1))
            json_str(&out, NULL, name);
    }
    for (int i = 1; joins && i < n; i++)
        json_str(&out, NULL, words[i]);
    json_end(&out);
    json_end(&out);
    remote_set_match(remote, json_as_text(json_member(group, "etag")));
    return buf_check(&body, "group", err) &&
           remote_call(remote, "PUT", members_path, buf_text(&body), &after, err);
}

static bool remove_group(struct remote *remote, const char *name, struct err *err)
{
    autofree(str) char *path = items_path("/groups/", name, "");
    autofree(json) struct json *gone = NULL;

    return remote_call(remote, "DELETE", path, NULL, &gone, err);
}

static bool run(struct remote *remote, const char *verb, int n, char **words,
    const char *description, bool json, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "MEMBERS", "n_members" },
        { "DESCRIPTION", "description" }, { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/groups", columns, json, err);
    if (strcmp(verb, "show") == 0)
        return show(remote, words[0], json, err);
    if (strcmp(verb, "add") == 0)
        return add(remote, description, n, words, err);
    if (strcmp(verb, "remove") == 0)
        return remove_group(remote, words[0], err);
    return change(remote, strcmp(verb, "join") == 0, n, words, err);
}

int cli_group(int argc, char **argv)
{
    static const struct option options[] = { { "description", required_argument, NULL, 'd' },
        { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "show", 1, 1 },
        { "add", 1, 1001 }, { "remove", 1, 1 }, { "join", 2, 1001 }, { "leave", 2, 1001 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    const char *description = NULL;
    struct err err = { 0 };
    bool json = false;
    int option;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == 'd')
            description = optarg;
        else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
            json = optarg[0] == 'j';
        else
            return usage();
    }
    if (!items_is_verb(verbs, verb, argc - optind))
        return usage();
    if (!remote_open(&remote, &err) ||
        !run(remote, verb, argc - optind, argv + optind, description, json, &err))
        return output_fail(&err);
    return CLI_OK;
}
