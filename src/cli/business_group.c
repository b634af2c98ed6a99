/* cli: certdesk business-group list, add, edit, remove. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX 65536

struct group_options {
    const char *name;
    const char *description;
    const char *heir; /* "-": none */
    bool json;
};

static int usage(void)
{
    fputs("usage: certdesk business-group list [-o table|json]\n"
          "       certdesk business-group add NAME [--description TEXT]\n"
          "       certdesk business-group edit NAME [--name NAME] [--description TEXT]\n"
          "       certdesk business-group remove NAME [--reassign-to NAME|-]\n",
        stderr);
    return CLI_USAGE;
}

static bool write_body(const struct group_options *o, const char *name, struct buf *body,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->description)
        json_str(&out, "description", o->description);
    json_end(&out);
    return json_out_check(&out, err);
}

static bool add(struct remote *remote, const struct group_options *o, const char *name,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *made = NULL;

    return write_body(o, name, &body, err) &&
           remote_call(remote, "POST", "/business-groups", buf_text(&body), &made, err);
}

static bool edit(struct remote *remote, const struct group_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/business-groups/", name, "");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *after = NULL;

    return write_body(o, o->name, &body, err) &&
           remote_call(remote, "PATCH", path, buf_text(&body), &after, err);
}

static bool remove_group(struct remote *remote, const struct group_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *heir = o->heir ? items_path("?reassign_to=", o->heir, "") : xstrdup("");
    autofree(str) char *path = items_path("/business-groups/", name, heir);
    autofree(json) struct json *gone = NULL;

    return remote_call(remote, "DELETE", path, NULL, &gone, err);
}

static bool run(struct remote *remote, const char *verb, const struct group_options *o,
    char **words, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" },
        { "CERTIFICATES", "certificates" }, { "DESCRIPTION", "description" }, { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/business-groups", columns, o->json, err);
    if (strcmp(verb, "add") == 0)
        return add(remote, o, words[0], err);
    if (strcmp(verb, "edit") == 0)
        return edit(remote, o, words[0], err);
    return remove_group(remote, o, words[0], err);
}

static bool take_option(struct group_options *o, int option)
{
    switch (option) {
    case 'n':
        o->name = optarg;
        return true;
    case 'd':
        o->description = optarg;
        return true;
    case 'r':
        o->heir = optarg;
        return true;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
    default:
        return false;
    }
}

int cli_business_group(int argc, char **argv)
{
    static const struct option options[] = { { "name", required_argument, NULL, 'n' },
        { "description", required_argument, NULL, 'd' },
        { "reassign-to", required_argument, NULL, 'r' }, { "output", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' }, { 0 } };
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "add", 1, 1 }, { "edit", 1, 1 },
        { "remove", 1, 1 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct group_options o = { 0 };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    }
    if (!items_is_verb(verbs, verb, argc - optind))
        return usage();
    if (!remote_open(&remote, &err) || !run(remote, verb, &o, argv + optind, &err))
        return output_fail(&err);
    return CLI_OK;
}
