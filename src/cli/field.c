/* cli: certdesk field list, add, edit, remove: fields of one's own on certificates. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX 262144

struct field_options {
    const char *label;
    const char *type;
    const char *choices; /* separated by commas */
    const char *required;
    bool discards;
    bool json;
};

static int usage(void)
{
    fputs("usage: certdesk field list [-o table|json]\n"
          "       certdesk field add NAME [--label TEXT] [--type text|number|date|choice]\n"
          "                           [--choices A,B…] [--required yes|no]\n"
          "       certdesk field edit NAME [--label TEXT] [--choices A,B…] [--required yes|no]\n"
          "       certdesk field remove NAME [--discard]\n",
        stderr);
    return CLI_USAGE;
}

static bool write_body(const struct field_options *o, const char *name, struct buf *body,
    struct err *err)
{
    struct json_out out;
    bool is_required = false;

    if (o->required && !parse_bool(span_text(o->required), &is_required, err))
        return err_wrap(err, "--required");
    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->label)
        json_str(&out, "label", o->label);
    if (o->type)
        json_str(&out, "type", o->type);
    if (o->choices)
        json_split(&out, "choices", o->choices, ',');
    if (o->required)
        json_bool(&out, "required", is_required);
    json_end(&out);
    return json_out_check(&out, err);
}

static bool add(struct remote *remote, const struct field_options *o, const char *name,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *made = NULL;

    return write_body(o, name, &body, err) &&
           remote_call(remote, "POST", "/custom-fields", buf_text(&body), &made, err);
}

static bool edit(struct remote *remote, const struct field_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/custom-fields/", name, "");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *after = NULL;

    return write_body(o, NULL, &body, err) &&
           remote_call(remote, "PATCH", path, buf_text(&body), &after, err);
}

static bool remove_field(struct remote *remote, const struct field_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *path =
        items_path("/custom-fields/", name, o->discards ? "?discard=true" : "");
    autofree(json) struct json *gone = NULL;

    return remote_call(remote, "DELETE", path, NULL, &gone, err);
}

static bool run(struct remote *remote, const char *verb, const struct field_options *o,
    char **words, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "TYPE", "type" },
        { "REQUIRED", "required" }, { "CERTIFICATES", "certificates" }, { "LABEL", "label" },
        { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/custom-fields", columns, o->json, err);
    if (strcmp(verb, "add") == 0)
        return add(remote, o, words[0], err);
    if (strcmp(verb, "edit") == 0)
        return edit(remote, o, words[0], err);
    return remove_field(remote, o, words[0], err);
}

static bool take_option(struct field_options *o, int option)
{
    switch (option) {
    case 'l':
        o->label = optarg;
        return true;
    case 't':
        o->type = optarg;
        return true;
    case 'c':
        o->choices = optarg;
        return true;
    case 'r':
        o->required = optarg;
        return true;
    case 'D':
        return o->discards = true;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
    default:
        return false;
    }
}

int cli_field(int argc, char **argv)
{
    static const struct option options[] = { { "label", required_argument, NULL, 'l' },
        { "type", required_argument, NULL, 't' }, { "choices", required_argument, NULL, 'c' },
        { "required", required_argument, NULL, 'r' }, { "discard", no_argument, NULL, 'D' },
        { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "add", 1, 1 }, { "edit", 1, 1 },
        { "remove", 1, 1 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct field_options o = { 0 };
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
    if (!items_is_verb(verbs, verb, argc - optind) || (o.type && strcmp(verb, "add") != 0) ||
        (o.discards && strcmp(verb, "remove") != 0))
        return usage();
    if (!remote_open(&remote, &err) || !run(remote, verb, &o, argv + optind, &err))
        return output_fail(&err);
    return CLI_OK;
}
