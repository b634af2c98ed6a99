/* cli: certdesk view list, show, save, remove: lists of certificates that were put together. */
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
#define FILTERS_MAX 32

struct view_options {
    const char *filters[FILTERS_MAX]; /* "status=expired,expiring_soon" */
    size_t n_filters;
    const char *columns;
    const char *shared;
    const char *is_default;
    bool json;
};

static int usage(void)
{
    fputs("usage: certdesk view list [-o table|json]\n"
          "       certdesk view show NAME [-o table|json]\n"
          "       certdesk view save NAME [--filter NAME=VALUE]… [--columns NAME,…]\n"
          "                          [--shared yes|no] [--default yes|no]\n"
          "       certdesk view remove NAME\n",
        stderr);
    return CLI_USAGE;
}

/* The view of that name, or of that number; *ret_id is 0 where there is none. */
static bool find(struct remote *remote, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(json) struct json *page = NULL;

    *ret_id = 0;
    if (!remote_call(remote, "GET", "/views", NULL, &page, err))
        return false;
    const struct json *const items = json_member(page, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *const item = json_list_item(items, i);
        autofree(str) char *number = output_text(item, "id");
        const bool is_it =
            strcmp(number, name) == 0 || strcmp(json_as_text(json_member(item, "name")), name) == 0;

        if (is_it && *ret_id)
            return fail(err, ERR_CONFLICT, "there are several views \"%s\": say its number", name);
        if (is_it)
            *ret_id = json_as_i64(json_member(item, "id"), 0);
    }
    return true;
}

static bool find_path(struct remote *remote, const char *name, char **ret, struct err *err)
{
    int64_t id = 0;

    if (!find(remote, name, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_NOT_FOUND, "there is no view \"%s\"", name);
    *ret = xasprintf("/views/%" PRId64, id);
    return true;
}

static void show_member(const struct json *object, const char *member, const char *label)
{
    autofree(str) char *text = output_text(object, member);

    if (text[0])
        output_pair(label, text);
}

static bool show(struct remote *remote, const char *name, bool json, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *view = NULL;
    autodone(buf) struct buf query = BUF_INIT(BODY_MAX);

    if (!find_path(remote, name, &path, err) || !remote_call(remote, "GET", path, NULL, &view, err))
        return false;
    if (json) {
        output_json(view);
        return true;
    }
    json_write(json_member(view, "query"), &query);
    show_member(view, "id", "number");
    show_member(view, "name", "name");
    show_member(view, "owner", "owner");
    show_member(view, "shared", "shared");
    show_member(view, "default", "default");
    output_pair("filter", buf_text(&query));
    show_member(view, "columns", "columns");
    return true;
}

/* ---- saving ---- */

static bool is_one_of(struct span name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (span_is(name, names[i]))
            return true;
    return false;
}

/* "NAME=VALUE" as CertificateFilter has it: lists, truths and fields of one's own apart. */
static bool write_filter(const char *filter, struct json_out *out, struct err *err)
{
    static const char *const lists[] = { "status", "source", NULL };
    static const char *const truths[] = { "unused", NULL };
    const struct span whole = span_text(filter);
    const size_t equals = span_find_char(whole, '=');
    const struct span name = span_slice(whole, 0, equals);
    const char *const value = filter + equals + 1;
    char key[64];
    bool is_true = false;

    span_copy_text(name, key, sizeof key);
    if (is_one_of(name, lists))
        json_split(out, key, value, ',');
    else if (!is_one_of(name, truths))
        json_str(out, key, value);
    else if (!parse_bool(span_text(value), &is_true, err))
        return err_wrap(err, "--filter %s", key);
    else
        json_bool(out, key, is_true);
    return true;
}

#define FIELD "field."

static bool write_query(const struct view_options *o, struct json_out *out, struct err *err)
{
    json_begin_object(out, "query");
    for (size_t i = 0; i < o->n_filters; i++)
        if (strncmp(o->filters[i], FIELD, strlen(FIELD)) != 0 &&
            !write_filter(o->filters[i], out, err))
            return false;
    json_begin_object(out, "fields");
    for (size_t i = 0; i < o->n_filters; i++)
        if (strncmp(o->filters[i], FIELD, strlen(FIELD)) == 0 &&
            !write_filter(o->filters[i] + strlen(FIELD), out, err))
            return false;
    json_end(out);
    json_end(out);
    return true;
}

static bool write_flag(struct json_out *out, const char *member, const char *text, struct err *err)
{
    bool value = false;

    if (!text)
        return true;
    if (!parse_bool(span_text(text), &value, err))
        return err_wrap(err, "--%s", member);
    json_bool(out, member, value);
    return true;
}

/* One of that name is changed, else one is made. */
static bool save(struct remote *remote, const struct view_options *o, const char *name,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *after = NULL;
    autofree(str) char *path = NULL;
    struct json_out out;
    int64_t id = 0;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!find(remote, name, &id, err) || (o->n_filters && !write_query(o, &out, err)) ||
        !write_flag(&out, "shared", o->shared, err) ||
        !write_flag(&out, "default", o->is_default, err))
        return false;
    if (!id)
        json_str(&out, "name", name);
    if (o->columns)
        json_split(&out, "columns", o->columns, ',');
    json_end(&out);
    path = id ? xasprintf("/views/%" PRId64, id) : xstrdup("/views");
    return json_out_check(&out, err) &&
           remote_call(remote, id ? "PATCH" : "POST", path, buf_text(&body), &after, err);
}

static bool remove_view(struct remote *remote, const char *name, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *gone = NULL;

    return find_path(remote, name, &path, err) &&
           remote_call(remote, "DELETE", path, NULL, &gone, err);
}

static bool run(struct remote *remote, const char *verb, const struct view_options *o, char **words,
    struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "OWNER", "owner" }, { "SHARED", "shared" }, { "DEFAULT", "default" }, { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/views", columns, o->json, err);
    if (strcmp(verb, "show") == 0)
        return show(remote, words[0], o->json, err);
    if (strcmp(verb, "save") == 0)
        return save(remote, o, words[0], err);
    return remove_view(remote, words[0], err);
}

static bool take_option(struct view_options *o, int option)
{
    switch (option) {
    case 'f':
        if (o->n_filters == FILTERS_MAX || !strchr(optarg, '='))
            return false;
        o->filters[o->n_filters++] = optarg;
        return true;
    case 'c':
        o->columns = optarg;
        return true;
    case 's':
        o->shared = optarg;
        return true;
    case 'd':
        o->is_default = optarg;
        return true;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
    default:
        return false;
    }
}

int cli_view(int argc, char **argv)
{
    static const struct option options[] = { { "filter", required_argument, NULL, 'f' },
        { "columns", required_argument, NULL, 'c' }, { "shared", required_argument, NULL, 's' },
        { "default", required_argument, NULL, 'd' }, { "output", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' }, { 0 } };
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "show", 1, 1 }, { "save", 1, 1 },
        { "remove", 1, 1 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct view_options o = { 0 };
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
