/* cli: certdesk resource list, show, add, edit, remove, put, clear, test, deploy. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/deployment.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/resource_body.h"

#define BODY_MAX 262144

static int usage(void)
{
    fputs("usage: certdesk resource list [--search TEXT] [-o table|json]\n"
          "       certdesk resource show NAME [-o table|json]\n"
          "       certdesk resource add NAME [OPTION…]\n"
          "       certdesk resource edit NAME [--name NAME] [OPTION…]\n"
          "       certdesk resource remove NAME\n"
          "       certdesk resource put NAME PLACE=ID…\n"
          "       certdesk resource clear NAME PLACE…\n"
          "       certdesk resource test NAME [-o table|json]\n"
          "       certdesk resource deploy NAME [PLACE…] [--wait] [-o table|json]\n"
          "options: [--description TEXT] [--type haproxy]\n"
          "       [--socket PATH | --address ADDRESS:PORT]\n"
          "       [--slot SLOT=CERTIFICATE[,FILE[,CRT_LIST]]…]\n"
          "       [--endpoint [SLOT=]HOST[:PORT[:SNI]]…]\n"
          "       [--user NAME…] [--group NAME…] [--rounds N] [--timeout SECONDS]\n",
        stderr);
    return CLI_USAGE;
}

/* The path of the resource of that name, and "rest" behind it; the caller frees *ret. */
static bool find(struct remote *remote, const char *name, const char *rest, char **ret,
    struct err *err)
{
    autofree(str) char *path = items_path("/resources?limit=500&q=", name, "");
    autofree(json) struct json *page = NULL;

    if (!remote_call(remote, "GET", path, NULL, &page, err))
        return false;
    const struct json *items = json_member(page, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *item = json_list_item(items, i);

        if (strcmp(json_as_text(json_member(item, "name")), name) == 0) {
            *ret = xasprintf("/resources/%" PRId64 "%s", json_as_i64(json_member(item, "id"), 0),
                rest);
            return true;
        }
    }
    return fail(err, ERR_NOT_FOUND, "there is no resource \"%s\"", name);
}

static bool show(struct remote *remote, const char *name, bool json, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *page = NULL;
    autodone(table) struct table table = { 0 };

    if (!find(remote, name, "/associations", &path, err) ||
        !remote_call(remote, "GET", path, NULL, &page, err))
        return false;
    if (json) {
        output_json(page);
        return true;
    }
    const struct json *items = json_member(page, "items");

    table_init(&table, 5);
    table_add(&table, "PLACE");
    table_add(&table, "ID");
    table_add(&table, "CERTIFICATE");
    table_add(&table, "STATUS");
    table_add(&table, "ENDS");
    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *item = json_list_item(items, i);
        const struct json *certificate = json_member(item, "certificate");
        autofree(str) char *id = output_text(certificate, "id");
        autofree(str) char *ends = output_text(item, "expires_at");

        table_add(&table, json_as_text(json_member(item, "slot")));
        table_add(&table, id);
        table_add(&table, json_as_text(json_member(certificate, "name")));
        table_add(&table, json_as_text(json_member(item, "status")));
        table_add(&table, ends);
    }
    table_print(&table);
    return true;
}

static bool add(struct remote *remote, const struct resource_options *o, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *made = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!resource_body_write(o, &out, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_call(remote, "POST", "/resources", buf_text(&body), &made, err);
}

/* What is not given stays as it is. */
static bool edit(struct remote *remote, const char *name, const struct resource_options *o,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *after = NULL;
    autofree(str) char *path = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!resource_body_write(o, &out, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) && find(remote, name, "", &path, err) &&
           remote_call(remote, "PATCH", path, buf_text(&body), &after, err);
}

static void print_test(const struct json *answer)
{
    autofree(str) char *version = output_text(answer, "version");
    const struct json *slots = json_member(answer, "slots");
    const struct json *found = json_member(answer, "found");

    output_pair("version", version);
    for (size_t i = 0; i < json_list_size(slots); i++) {
        const struct json *slot = json_list_item(slots, i);
        autofree(str) char *serves = output_text(slot, "serves");
        autofree(str) char *error = output_text(slot, "error");
        autofree(str) char *text = xasprintf("%s: %s", json_as_text(json_member(slot, "slot")),
            error[0]    ? error
            : serves[0] ? serves
                        : "nothing yet");

        output_pair("slot", text);
    }
    for (size_t i = 0; i < json_list_size(found); i++)
        output_pair("found", json_as_text(json_member(json_list_item(found, i), "name")));
}

static bool test(struct remote *remote, const char *name, bool json, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *answer = NULL;

    if (!find(remote, name, "/test", &path, err) ||
        !remote_call(remote, "POST", path, NULL, &answer, err))
        return false;
    if (json)
        output_json(answer);
    else if (json_as_bool(json_member(answer, "ok"), false))
        print_test(answer);
    return json_as_bool(json_member(answer, "ok"), false) ||
           fail(err, ERR_UPSTREAM, "%s", json_as_text(json_member(answer, "detail")));
}

static bool deploy(struct remote *remote, int n, char **words, const struct resource_options *o,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    autofree(json) struct json *made = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (n > 1)
        items_write_words(&out, "slots", words + 1, (size_t)n - 1);
    json_end(&out);
    if (!json_out_check(&out, err) || !find(remote, words[0], "/deploy", &path, err) ||
        !remote_call(remote, "POST", path, buf_text(&body), &made, err))
        return false;
    if (o->waits)
        return deployment_wait(remote, made, o->json, err);
    deployment_print(made, o->json);
    return true;
}

static bool remove_resource(struct remote *remote, const char *name, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *gone = NULL;

    return find(remote, name, "", &path, err) &&
           remote_call(remote, "DELETE", path, NULL, &gone, err);
}

/* Where "443=17" has its "="; for clear, the whole word is the place. */
static size_t place_size(const char *word)
{
    const char *end = strrchr(word, '=');

    return end ? (size_t)(end - word) : strlen(word);
}

static bool is_named(const char *slot, bool puts, int n, char *const *words)
{
    for (int i = 0; i < n; i++) {
        size_t size = puts ? place_size(words[i]) : strlen(words[i]);

        if (strlen(slot) == size && strncmp(slot, words[i], size) == 0)
            return true;
    }
    return false;
}

static void write_place(struct json_out *out, struct span slot, int64_t certificate)
{
    json_begin_object(out, NULL);
    json_str_span(out, "slot", slot);
    json_i64(out, "certificate", certificate);
    json_end(out);
}

static bool write_new(struct json_out *out, int n, char *const *words, struct err *err)
{
    for (int i = 0; i < n; i++) {
        size_t size = place_size(words[i]);
        int64_t id;

        if (!words[i][size] || !parse_i64(span_text(words[i] + size + 1), 1, INT64_MAX, &id, NULL))
            return fail(err, ERR_INVALID, "\"%s\" is not PLACE=ID", words[i]);
        write_place(out, (struct span){ (const uint8_t *)words[i], size }, id);
    }
    return true;
}

/* What is in the other places stays. All of it is one change, or none. */
static bool change(struct remote *remote, bool puts, int n, char *const *words, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    autofree(json) struct json *page = NULL;
    autofree(json) struct json *after = NULL;
    struct json_out out;

    if (!find(remote, words[0], "/associations", &path, err) ||
        !remote_call(remote, "GET", path, NULL, &page, err))
        return false;
    const struct json *items = json_member(page, "items");

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "items");
    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *item = json_list_item(items, i);
        const char *slot = json_as_text(json_member(item, "slot"));

        if (!is_named(slot, puts, n - 1, words + 1))
            write_place(&out, span_text(slot),
                json_as_i64(json_member(json_member(item, "certificate"), "id"), 0));
    }
    if (puts && !write_new(&out, n - 1, words + 1, err))
        return false;
    json_end(&out);
    json_end(&out);
    remote_set_match(remote, json_as_text(json_member(page, "etag")));
    return json_out_check(&out, err) &&
           remote_call(remote, "PUT", path, buf_text(&body), &after, err);
}

static bool run(struct remote *remote, const char *verb, int n, char **words,
    const struct resource_options *o, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "TYPE", "type" }, { "CERTIFICATES", "associations" }, { "DESCRIPTION", "description" },
        { 0 } };

    if (strcmp(verb, "list") == 0) {
        autofree(str) char *path = o->search ? items_path("/resources?limit=500&q=", o->search, "")
                                             : xstrdup("/resources?limit=500");

        return items_print(remote, path, columns, o->json, err);
    }
    if (strcmp(verb, "show") == 0)
        return show(remote, words[0], o->json, err);
    if (strcmp(verb, "add") == 0)
        return add(remote, o, err);
    if (strcmp(verb, "edit") == 0)
        return edit(remote, words[0], o, err);
    if (strcmp(verb, "test") == 0)
        return test(remote, words[0], o->json, err);
    if (strcmp(verb, "deploy") == 0)
        return deploy(remote, n, words, o, err);
    if (strcmp(verb, "remove") == 0)
        return remove_resource(remote, words[0], err);
    return change(remote, strcmp(verb, "put") == 0, n, words, err);
}

/* False: it is none of these, or too often. */
static bool take_option(struct resource_options *o, int option, const char *value, struct err *err)
{
    switch (option) {
    case 'q':
        o->search = value;
        return true;
    case 'n':
        o->name = value;
        return true;
    case 'd':
        o->description = value;
        return true;
    case 't':
        o->type = value;
        return true;
    case 's':
        o->socket = value;
        return true;
    case 'a':
        o->address = value;
        return true;
    case 'l':
        return resource_words_add(&o->slots, value, err);
    case 'e':
        return resource_words_add(&o->endpoints, value, err);
    case 'u':
        return resource_words_add(&o->users, value, err);
    case 'g':
        return resource_words_add(&o->groups, value, err);
    case 'r':
        o->rounds = value;
        return true;
    case 'T':
        o->timeout = value;
        return true;
    case 'w':
        o->waits = true;
        return true;
    case 'o':
        o->json = value[0] == 'j';
        return strcmp(value, "json") == 0 || strcmp(value, "table") == 0;
    default:
        return false;
    }
}

static const struct option options[] = { { "search", required_argument, NULL, 'q' },
    { "name", required_argument, NULL, 'n' }, { "description", required_argument, NULL, 'd' },
    { "type", required_argument, NULL, 't' }, { "socket", required_argument, NULL, 's' },
    { "address", required_argument, NULL, 'a' }, { "slot", required_argument, NULL, 'l' },
    { "endpoint", required_argument, NULL, 'e' }, { "user", required_argument, NULL, 'u' },
    { "group", required_argument, NULL, 'g' }, { "rounds", required_argument, NULL, 'r' },
    { "timeout", required_argument, NULL, 'T' }, { "wait", no_argument, NULL, 'w' },
    { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };

static const struct items_verb verbs[] = { { "list", 0, 0 }, { "show", 1, 1 }, { "add", 1, 1 },
    { "edit", 1, 1 }, { "remove", 1, 1 }, { "put", 2, 1001 }, { "clear", 2, 1001 },
    { "test", 1, 1 }, { "deploy", 1, 501 }, { 0 } };

int cli_resource(int argc, char **argv)
{
    autofree(remote) struct remote *remote = NULL;
    struct resource_options o = { 0 };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options,
                NULL)) != /* NOLINT(concurrency-mt-unsafe) */
           -1)
        if (!take_option(&o, option, optarg, &err))
            return err.kind ? output_fail(&err) : usage();
    if (!items_is_verb(verbs, verb, argc - optind))
        return usage();
    if (strcmp(verb, "add") == 0)
        o.name = argv[optind];
    if (!remote_open(&remote, &err) || !run(remote, verb, argc - optind, argv + optind, &o, &err))
        return output_fail(&err);
    return CLI_OK;
}
