/* cli: certdesk user list, add, edit, remove. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX 16384

struct user_options {
    const char *search;
    const char *role;
    const char *email;
    const char *display_name;
    const char *password_file;
    const char *heir;
    int disabled; /* -1: as it is */
    bool json;
};

static int usage(void)
{
    fputs("usage: certdesk user list [--search TEXT] [-o table|json]\n"
          "       certdesk user add NAME [--role user|auditor|admin] [--email ADDRESS]\n"
          "                              [--display-name TEXT] [--password-file FILE|-]\n"
          "       certdesk user edit NAME [--role ROLE] [--email ADDRESS] [--display-name TEXT]\n"
          "                               [--password-file FILE|-] [--disable | --enable]\n"
          "       certdesk user remove NAME [--hand-over-to USER]\n",
        stderr);
    return CLI_USAGE;
}

static bool list(struct remote *remote, const struct user_options *o, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "ROLE", "role" },
        { "DISABLED", "disabled" }, { "E-MAIL", "email" }, { "CALLED", "display_name" }, { 0 } };
    autofree(str) char *path =
        o->search ? items_path("/users?limit=500&q=", o->search, "") : xstrdup("/users?limit=500");

    return items_print(remote, path, columns, o->json, err);
}

static bool write_body(const struct user_options *o, const char *name, struct buf *body,
    struct err *err)
{
    autodone(buf) struct buf password = BUF_INIT_SECRET(ASK_LINE_MAX);
    struct json_out out;

    if (o->password_file && !ask_file(o->password_file, &password, err))
        return false;
    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->role)
        json_str(&out, "role", o->role);
    if (o->email)
        json_str(&out, "email", o->email);
    if (o->display_name)
        json_str(&out, "display_name", o->display_name);
    if (o->password_file)
        json_str(&out, "password", buf_text(&password));
    if (o->disabled >= 0)
        json_bool(&out, "disabled", o->disabled);
    json_end(&out);
    return buf_check(body, "user", err);
}

static bool add(struct remote *remote, const struct user_options *o, const char *name,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT_SECRET(BODY_MAX);
    autofree(json) struct json *made = NULL;

    return write_body(o, name, &body, err) &&
           remote_call(remote, "POST", "/users", buf_text(&body), &made, err);
}

static bool edit(struct remote *remote, const struct user_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/users/", name, "");
    autodone(buf) struct buf body = BUF_INIT_SECRET(BODY_MAX);
    autofree(json) struct json *after = NULL;

    return write_body(o, NULL, &body, err) &&
           remote_call(remote, "PATCH", path, buf_text(&body), &after, err);
}

static bool remove_user(struct remote *remote, const struct user_options *o, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/users/", name, "");
    autofree(str) char *with_heir =
        o->heir ? items_path("?hand_over_to=", o->heir, "") : xstrdup("");
    autofree(str) char *whole = xasprintf("%s%s", path, with_heir);
    autofree(json) struct json *gone = NULL;

    return remote_call(remote, "DELETE", whole, NULL, &gone, err);
}

static bool take_option(struct user_options *o, int option)
{
    if (option == 'q')
        o->search = optarg;
    else if (option == 'r')
        o->role = optarg;
    else if (option == 'e')
        o->email = optarg;
    else if (option == 'n')
        o->display_name = optarg;
    else if (option == 'p')
        o->password_file = optarg;
    else if (option == 't')
        o->heir = optarg;
    else if (option == 'd' || option == 'E')
        o->disabled = option == 'd';
    else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
        o->json = optarg[0] == 'j';
    else
        return false;
    return true;
}

int cli_user(int argc, char **argv)
{
    static const struct option options[] = { { "search", required_argument, NULL, 'q' },
        { "role", required_argument, NULL, 'r' }, { "email", required_argument, NULL, 'e' },
        { "display-name", required_argument, NULL, 'n' },
        { "password-file", required_argument, NULL, 'p' },
        { "hand-over-to", required_argument, NULL, 't' }, { "disable", no_argument, NULL, 'd' },
        { "enable", no_argument, NULL, 'E' }, { "output", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' }, { 0 } };
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "add", 1, 1 }, { "edit", 1, 1 },
        { "remove", 1, 1 }, { 0 } };
    struct user_options o = { .disabled = -1 };
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    int option;
    bool works;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();

    if (!items_is_verb(verbs, verb, argc - optind))
        return usage();
    if (!remote_open(&remote, &err))
        return output_fail(&err);
    if (strcmp(verb, "list") == 0)
        works = list(remote, &o, &err);
    else if (strcmp(verb, "add") == 0)
        works = add(remote, &o, argv[optind], &err);
    else if (strcmp(verb, "edit") == 0)
        works = edit(remote, &o, argv[optind], &err);
    else
        works = remove_user(remote, &o, argv[optind], &err);
    return works ? CLI_OK : output_fail(&err);
}
