/* cli: certdesk resource list, show, add, edit, remove, put, clear, test, deploy. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/deployment.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/resource_body.h"
#include "cli/verbs.h"

#define BODY_MAX 262144

static bool take_slot(void *asked, const char *value, struct err *err)
{
    return resource_words_add(&((struct resource_options *)asked)->slots, value, err);
}

static bool take_endpoint(void *asked, const char *value, struct err *err)
{
    return resource_words_add(&((struct resource_options *)asked)->endpoints, value, err);
}

static bool take_user(void *asked, const char *value, struct err *err)
{
    return resource_words_add(&((struct resource_options *)asked)->users, value, err);
}

static bool take_group(void *asked, const char *value, struct err *err)
{
    return resource_words_add(&((struct resource_options *)asked)->groups, value, err);
}

static const struct verb_option options[] = {
    { "search", required_argument, offsetof(struct resource_options, search), NULL },
    { "name", required_argument, offsetof(struct resource_options, name), NULL },
    { "description", required_argument, offsetof(struct resource_options, description), NULL },
    { "type", required_argument, offsetof(struct resource_options, type), NULL },
    { "socket", required_argument, offsetof(struct resource_options, socket), NULL },
    { "address", required_argument, offsetof(struct resource_options, address), NULL },
    { "slot", required_argument, 0, take_slot },
    { "endpoint", required_argument, 0, take_endpoint },
    { "user", required_argument, 0, take_user },
    { "group", required_argument, 0, take_group },
    { "rounds", required_argument, offsetof(struct resource_options, rounds), NULL },
    { "timeout", required_argument, offsetof(struct resource_options, timeout), NULL },
    { "wait", no_argument, offsetof(struct resource_options, waits), NULL },
    { 0 },
};

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

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *page = NULL;
    autodone(table) struct table table = { 0 };

    if (!find(call->remote, call->words[0], "/associations", &path, err) ||
        !remote_call(call->remote, "GET", path, NULL, &page, err))
        return false;
    if (call->json) {
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

static bool add(const struct verb_call *call, struct err *err)
{
    struct resource_options o = *(const struct resource_options *)call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;

    o.name = call->words[0];
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!resource_body_write(&o, &out, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_do(call->remote, "POST", "/resources", buf_text(&body), err);
}

/* What is not given stays as it is. */
static bool edit(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!resource_body_write(call->asked, &out, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) && find(call->remote, call->words[0], "", &path, err) &&
           remote_do(call->remote, "PATCH", path, buf_text(&body), err);
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

static bool test(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *answer = NULL;

    if (!find(call->remote, call->words[0], "/test", &path, err) ||
        !remote_call(call->remote, "POST", path, NULL, &answer, err))
        return false;
    if (call->json)
        output_json(answer);
    else if (json_as_bool(json_member(answer, "ok"), false))
        print_test(answer);
    return json_as_bool(json_member(answer, "ok"), false) ||
           fail(err, ERR_UPSTREAM, "%s", json_as_text(json_member(answer, "detail")));
}

static bool deploy(const struct verb_call *call, struct err *err)
{
    const struct resource_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    autofree(json) struct json *made = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (call->n_words > 1)
        items_write_words(&out, "slots", call->words + 1, call->n_words - 1);
    json_end(&out);
    if (!json_out_check(&out, err) || !find(call->remote, call->words[0], "/deploy", &path, err) ||
        !remote_call(call->remote, "POST", path, buf_text(&body), &made, err))
        return false;
    if (o->waits)
        return deployment_wait(call->remote, made, call->json, err);
    deployment_print(made, call->json);
    return true;
}

static bool remove_resource(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return find(call->remote, call->words[0], "", &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

/* Where "443=17" has its "="; for clear, the whole word is the place. */
static size_t place_size(const char *word)
{
    const char *end = strrchr(word, '=');

    return end ? (size_t)(end - word) : strlen(word);
}

static bool is_named(const char *slot, bool puts, const struct verb_call *call)
{
    for (size_t i = 1; i < call->n_words; i++) {
        size_t size = puts ? place_size(call->words[i]) : strlen(call->words[i]);

        if (strlen(slot) == size && strncmp(slot, call->words[i], size) == 0)
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

static bool write_new(struct json_out *out, const struct verb_call *call, struct err *err)
{
    for (size_t i = 1; i < call->n_words; i++) {
        const char *const word = call->words[i];
        size_t size = place_size(word);
        int64_t id;

        if (!word[size] || !parse_i64(span_text(word + size + 1), 1, INT64_MAX, &id, NULL))
            return fail(err, ERR_INVALID, "\"%s\" is not PLACE=ID", word);
        write_place(out, span_of(word, size), id);
    }
    return true;
}

/* What is in the other places stays. All of it is one change, or none. */
static bool change(const struct verb_call *call, bool puts, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    autofree(json) struct json *page = NULL;
    struct json_out out;

    if (!find(call->remote, call->words[0], "/associations", &path, err) ||
        !remote_call(call->remote, "GET", path, NULL, &page, err))
        return false;
    const struct json *items = json_member(page, "items");

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "items");
    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *item = json_list_item(items, i);
        const char *slot = json_as_text(json_member(item, "slot"));

        if (!is_named(slot, puts, call))
            write_place(&out, span_text(slot),
                json_as_i64(json_member(json_member(item, "certificate"), "id"), 0));
    }
    if (puts && !write_new(&out, call, err))
        return false;
    json_end(&out);
    json_end(&out);
    remote_set_match(call->remote, json_as_text(json_member(page, "etag")));
    return json_out_check(&out, err) && remote_do(call->remote, "PUT", path, buf_text(&body), err);
}

static bool put(const struct verb_call *call, struct err *err)
{
    return change(call, true, err);
}

static bool clear(const struct verb_call *call, struct err *err)
{
    return change(call, false, err);
}

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "TYPE", "type" }, { "CERTIFICATES", "associations" }, { "DESCRIPTION", "description" },
        { 0 } };
    const struct resource_options *const o = call->asked;
    autofree(str) char *path = o->search ? items_path("/resources?limit=500&q=", o->search, "")
                                         : xstrdup("/resources?limit=500");

    return items_print(call->remote, path, columns, call->json, err);
}

int cli_resource(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "add", 1, 1, add }, { "edit", 1, 1, edit }, { "remove", 1, 1, remove_resource },
        { "put", 2, 1001, put }, { "clear", 2, 1001, clear }, { "test", 1, 1, test },
        { "deploy", 1, 501, deploy }, { 0 } };
    static const struct verbs word = {
        .usage = "usage: certdesk resource list [--search TEXT] [-o table|json]\n"
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
        .verbs = verbs,
        .options = options
    };
    struct resource_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
