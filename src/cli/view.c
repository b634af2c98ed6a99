/* cli: certdesk view list, show, save, remove: lists of certificates that were put together. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BODY_MAX 262144

struct view_options {
    struct verb_list filters; /* "status=expired,expiring_soon" */
    const char *columns;
    const char *shared;
    const char *is_default;
};

static const struct verb_option options[] = {
    { "filter", required_argument, offsetof(struct view_options, filters), verbs_keep_pair },
    { "columns", required_argument, offsetof(struct view_options, columns), NULL },
    { "shared", required_argument, offsetof(struct view_options, shared), NULL },
    { "default", required_argument, offsetof(struct view_options, is_default), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "OWNER", "owner" }, { "SHARED", "shared" }, { "DEFAULT", "default" }, { 0 } };

    return items_print(call->remote, "/views", columns, call->json, err);
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

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *view = NULL;
    autodone(buf) struct buf query = BUF_INIT(BODY_MAX);

    if (!find_path(call->remote, call->words[0], &path, err) ||
        !remote_call(call->remote, "GET", path, NULL, &view, err))
        return false;
    if (call->json) {
        output_json(view);
        return true;
    }
    json_write(json_member(view, "query"), &query);
    output_member(view, "id", "number");
    output_member(view, "name", "name");
    output_member(view, "owner", "owner");
    output_member(view, "shared", "shared");
    output_member(view, "default", "default");
    output_pair("filter", buf_text(&query));
    output_member(view, "columns", "columns");
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
    for (size_t i = 0; i < o->filters.n; i++)
        if (strncmp(o->filters.items[i], FIELD, strlen(FIELD)) != 0 &&
            !write_filter(o->filters.items[i], out, err))
            return false;
    json_begin_object(out, "fields");
    for (size_t i = 0; i < o->filters.n; i++)
        if (strncmp(o->filters.items[i], FIELD, strlen(FIELD)) == 0 &&
            !write_filter(o->filters.items[i] + strlen(FIELD), out, err))
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
static bool save(const struct verb_call *call, struct err *err)
{
    const struct view_options *const o = call->asked;
    const char *const name = call->words[0];
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    struct json_out out;
    int64_t id = 0;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!find(call->remote, name, &id, err) || (o->filters.n && !write_query(o, &out, err)) ||
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
           remote_do(call->remote, id ? "PATCH" : "POST", path, buf_text(&body), err);
}

static bool remove_view(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return find_path(call->remote, call->words[0], &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

int cli_view(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "save", 1, 1, save }, { "remove", 1, 1, remove_view }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk view list [-o table|json]\n"
                 "       certdesk view show NAME [-o table|json]\n"
                 "       certdesk view save NAME [--filter NAME=VALUE]… [--columns NAME,…]\n"
                 "                          [--shared yes|no] [--default yes|no]\n"
                 "       certdesk view remove NAME\n",
        .verbs = verbs,
        .options = options
    };
    struct view_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
