/* cli: certdesk deployment list, show, retry. */
#include "cli/deployment.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define WAIT_MS 500

static void begin_table(struct table *table)
{
    table_init(table, 6);
    table_add(table, "ID");
    table_add(table, "RESOURCE");
    table_add(table, "PLACE");
    table_add(table, "CERTIFICATE");
    table_add(table, "STATE");
    table_add(table, "WHY");
}

static void add_row(struct table *table, const struct json *item)
{
    autofree(str) char *id = output_text(item, "id");
    autofree(str) char *error = output_text(item, "error");

    table_add(table, id);
    table_add(table, json_as_text(json_member(json_member(item, "resource"), "name")));
    table_add(table, json_as_text(json_member(item, "slot")));
    table_add(table, json_as_text(json_member(json_member(item, "certificate"), "name")));
    table_add(table, json_as_text(json_member(item, "state")));
    table_add(table, error);
}

void deployment_print(const struct json *page, bool json)
{
    autodone(table) struct table table = { 0 };
    const struct json *items = json_member(page, "items");

    if (json) {
        output_json(page);
        return;
    }
    begin_table(&table);
    for (size_t i = 0; i < json_list_size(items); i++)
        add_row(&table, json_list_item(items, i));
    table_print(&table);
}

static bool print_pages(struct remote *remote, const char *path, bool json, struct err *err)
{
    autofree(str) char *cursor = xstrdup("");

    do {
        autofree(str) char *full = xasprintf("%s%s%s", path, cursor[0] ? "&cursor=" : "", cursor);
        autofree(json) struct json *page = NULL;

        if (!remote_call(remote, "GET", full, NULL, &page, err))
            return false;
        deployment_print(page, json);
        str_set(&cursor, "");
        if (json_as_text(json_member(page, "next_cursor")))
            str_set(&cursor, json_as_text(json_member(page, "next_cursor")));
    } while (cursor[0]);
    return true;
}

static void print_members(const struct json *item)
{
    static const char *const members[] = { "id", "slot", "state", "version", "previous",
        "previous_name", "ticket", "requested_by", "attempts", "error", "created_at", "started_at",
        "finished_at", "retry_at" };
    const struct json *addresses = json_member(item, "addresses");

    output_pair("resource", json_as_text(json_member(json_member(item, "resource"), "name")));
    output_pair("certificate", json_as_text(json_member(json_member(item, "certificate"), "name")));
    for (size_t i = 0; i < countof(members); i++) {
        autofree(str) char *value = output_text(item, members[i]);

        if (value[0])
            output_pair(members[i], value);
    }
    for (size_t i = 0; i < json_list_size(addresses); i++) {
        const struct json *one = json_list_item(addresses, i);
        autofree(str) char *error = output_text(one, "error");
        autofree(str) char *address = output_text(one, "address");
        autofree(str) char *text =
            xasprintf("%s at %s: %s", json_as_text(json_member(one, "endpoint")),
                address[0] ? address : "-", error[0] ? error : "as it should be");

        output_pair("seen", text);
    }
}

static bool is_over(const struct json *item)
{
    const char *state = json_as_text(json_member(item, "state"));

    return strcmp(state, "seen") == 0 || strcmp(state, "put_back") == 0 ||
           strcmp(state, "failed") == 0;
}

/* *ret is the deployment once it has ended; the caller frees it. */
static bool wait_for(struct remote *remote, int64_t id, struct json **ret, struct err *err)
{
    const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };
    autofree(str) char *path = xasprintf("/deployments/%" PRId64, id);

    for (;;) {
        autofree(json) struct json *item = NULL;

        if (!remote_call(remote, "GET", path, NULL, &item, err))
            return false;
        if (is_over(item)) {
            *ret = take(&item);
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
}

bool deployment_wait(struct remote *remote, const struct json *page, bool json, struct err *err)
{
    const struct json *items = json_member(page, "items");
    autodone(table) struct table table = { 0 };
    size_t n_unseen = 0;

    begin_table(&table);
    for (size_t i = 0; i < json_list_size(items); i++) {
        autofree(json) struct json *item = NULL;

        if (!wait_for(remote, json_as_i64(json_member(json_list_item(items, i), "id"), 0), &item,
                err))
            return false;
        n_unseen += strcmp(json_as_text(json_member(item, "state")), "seen") != 0;
        if (json)
            output_json(item);
        else
            add_row(&table, item);
    }
    if (!json)
        table_print(&table);
    return n_unseen == 0 ||
           fail(err, ERR_UPSTREAM, "%zu of %zu not served", n_unseen, json_list_size(items));
}

struct deployment_options {
    const char *certificate;
    const char *resource;
    const char *state;
    bool waits;
};

static const struct verb_option options[] = {
    { "certificate", required_argument, offsetof(struct deployment_options, certificate), NULL },
    { "resource", required_argument, offsetof(struct deployment_options, resource), NULL },
    { "state", required_argument, offsetof(struct deployment_options, state), NULL },
    { "wait", no_argument, offsetof(struct deployment_options, waits), NULL },
    { 0 },
};

static bool read_id(const char *word, int64_t *ret, struct err *err)
{
    return parse_i64(span_text(word), 1, INT64_MAX, ret, err) ||
           err_wrap(err, "\"%s\" is no id", word);
}

static bool list(const struct verb_call *call, struct err *err)
{
    const struct deployment_options *const o = call->asked;
    const char *of = o->certificate ? o->certificate : o->resource;
    int64_t id = 0;

    if (of && !read_id(of, &id, err))
        return false;
    autofree(str) char *base = id ? xasprintf("/%s/%" PRId64 "/deployments",
                                        o->certificate ? "certificates" : "resources", id)
                                  : xstrdup("/deployments");
    autofree(str) char *path =
        xasprintf("%s?limit=200%s%s", base, o->state ? "&state=" : "", o->state ? o->state : "");

    return print_pages(call->remote, path, call->json, err);
}

static void print_one(const struct verb_call *call, const struct json *item)
{
    if (call->json)
        output_json(item);
    else
        print_members(item);
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *item = NULL;
    int64_t id;

    if (!read_id(call->words[0], &id, err))
        return false;
    autofree(str) char *path = xasprintf("/deployments/%" PRId64, id);

    if (!remote_call(call->remote, "GET", path, NULL, &item, err))
        return false;
    print_one(call, item);
    return true;
}

static bool retry(const struct verb_call *call, struct err *err)
{
    const struct deployment_options *const o = call->asked;
    autofree(json) struct json *item = NULL;
    int64_t id;

    if (!read_id(call->words[0], &id, err))
        return false;
    autofree(str) char *path = xasprintf("/deployments/%" PRId64 "/retry", id);

    if (!remote_call(call->remote, "POST", path, NULL, &item, err))
        return false;
    if (o->waits) {
        json_free(take(&item));
        if (!wait_for(call->remote, id, &item, err))
            return false;
    }
    print_one(call, item);
    return !o->waits || strcmp(json_as_text(json_member(item, "state")), "seen") == 0 ||
           fail(err, ERR_UPSTREAM, "not served");
}

static bool is_right(const struct verb_call *call)
{
    const struct deployment_options *const o = call->asked;

    return !(o->certificate && o->resource);
}

int cli_deployment(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "retry", 1, 1, retry }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk deployment list [--certificate ID | --resource ID] [--state STATE]"
            " [-o table|json]\n"
            "       certdesk deployment show ID [-o table|json]\n"
            "       certdesk deployment retry ID [--wait] [-o table|json]\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct deployment_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
