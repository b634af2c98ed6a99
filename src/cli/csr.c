/* cli: certdesk csr create, list, show, delete. Use is in cert_import.c. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cert_import.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/verbs.h"
#include "codec/url.h"

#define LIST_MAX 500

struct csr_options {
    bool used;
    bool unused;
    const char *search;
    const char *limit;
    const char *name;
    const char *group;
    const char *description;
    const char *key;          /* "rsa:3072" */
    struct verb_list subject; /* "O=Example" */
    const char *format;       /* NULL, "table", "json", "pem" */
};

/* As PEM, too. */
static bool keep_format(void *at, const char *value, struct err *err)
{
    (void)err;
    *(const char **)at = value;
    return strcmp(value, "pem") == 0 || strcmp(value, "json") == 0 || strcmp(value, "table") == 0;
}

static const struct verb_option options[] = {
    { "search", required_argument, offsetof(struct csr_options, search), NULL },
    { "used", no_argument, offsetof(struct csr_options, used), NULL },
    { "unused", no_argument, offsetof(struct csr_options, unused), NULL },
    { "limit", required_argument, offsetof(struct csr_options, limit), NULL },
    { "name", required_argument, offsetof(struct csr_options, name), NULL },
    { "business-group", required_argument, offsetof(struct csr_options, group), NULL },
    { "description", required_argument, offsetof(struct csr_options, description), NULL },
    { "key", required_argument, offsetof(struct csr_options, key), NULL },
    { "subject", required_argument, offsetof(struct csr_options, subject), verbs_keep_pair },
    { "output", required_argument, offsetof(struct csr_options, format), keep_format },
    { 0 },
};

static bool is_format(const struct verb_call *call, const char *format)
{
    const struct csr_options *const o = call->asked;

    return o->format && strcmp(o->format, format) == 0;
}

static void show_csr(const struct json *csr)
{
    const struct json *key = json_member(csr, "key");
    autofree(str) char *algorithm = output_text(key, "algorithm");
    autofree(str) char *size = output_text(key, "size");
    autofree(str) char *kind = xasprintf("%s, %s bits", algorithm, size);

    output_member(csr, "id", "id");
    output_member(csr, "name", "name");
    output_member(csr, "subject", "subject");
    output_member(csr, "sans", "names");
    output_pair("key", kind);
    output_member(csr, "spki_sha256", "SHA-256 of key");
    output_member(csr, "business_group", "business group");
    output_member(csr, "owner", "owner");
    output_member(csr, "created_at", "made");
    output_member(csr, "used_at", "used");
    output_member(json_member(csr, "certificate"), "id", "certificate");
}

static bool print_pem(struct remote *remote, const char *id, struct err *err)
{
    autofree(str) char *path = xasprintf("/csrs/%s.pem", id);

    return remote_download(remote, "GET", path, STDOUT_FILENO, err);
}

/* One request, in the form that was asked for. */
static bool show_as(const struct verb_call *call, const struct json *csr, struct err *err)
{
    autofree(str) char *id = output_text(csr, "id");

    if (is_format(call, "pem"))
        return print_pem(call->remote, id, err);
    if (is_format(call, "json"))
        output_json(csr);
    else
        show_csr(csr);
    return true;
}

static bool create(const struct verb_call *call, struct err *err)
{
    const struct csr_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    autofree(json) struct json *csr = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    items_write_subject(&out, o->subject.items, o->subject.n,
        call->n_words > 0 ? call->words[0] : NULL);
    items_write_words(&out, "sans", call->words, call->n_words);
    if (o->key)
        items_write_key(&out, o->key);
    if (o->name)
        json_str(&out, "name", o->name);
    if (o->group)
        json_str(&out, "business_group", o->group);
    if (o->description)
        json_str(&out, "description", o->description);
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_call(call->remote, "POST", "/csrs", buf_text(&body), &csr, err) &&
           show_as(call, csr, err);
}

static void add_row(struct table *table, const struct json *csr)
{
    static const char *const members[] = { "id", "name", "subject", "owner", "created_at" };
    autofree(str) char *certificate = output_text(json_member(csr, "certificate"), "id");
    autofree(str) char *used = output_text(csr, "used_at");

    for (size_t i = 0; i < countof(members); i++) {
        autofree(str) char *text = output_text(csr, members[i]);

        table_add(table, text[0] ? text : NULL);
    }
    table_add(table, certificate[0] ? certificate : used[0] ? used : NULL);
}

static bool list(const struct verb_call *call, struct err *err)
{
    const struct csr_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(8192);
    autofree(json) struct json *page = NULL;
    autodone(table) struct table table;
    int64_t limit = LIST_MAX;

    if (o->limit && !parse_i64(span_text(o->limit), 1, LIST_MAX, &limit, err))
        return err_wrap(err, "--limit");
    buf_addf(&path, "/csrs?limit=%" PRId64, limit);
    if (o->used != o->unused)
        buf_add_text(&path, o->used ? "&used=true" : "&used=false");
    if (o->search) {
        buf_add_text(&path, "&q=");
        url_encode(span_text(o->search), &path);
    }
    if (!remote_call(call->remote, "GET", buf_text(&path), NULL, &page, err))
        return false;
    if (is_format(call, "json")) {
        output_json(page);
        return true;
    }
    static const char *const heads[] = { "ID", "NAME", "SUBJECT", "OWNER", "MADE", "USED" };
    const struct json *items = json_member(page, "items");

    table_init(&table, countof(heads));
    for (size_t i = 0; i < countof(heads); i++)
        table_add(&table, heads[i]);
    for (size_t i = 0; i < json_list_size(items); i++)
        add_row(&table, json_list_item(items, i));
    table_print(&table);
    return true;
}

/* "/csrs/17": the caller frees *ret. */
static bool path_of(const char *id, char **ret, struct err *err)
{
    int64_t ignored;

    if (!parse_i64(span_text(id), 1, INT64_MAX, &ignored, err))
        return fail(err, ERR_INVALID, "\"%s\" is no request's id", id);
    *ret = xasprintf("/csrs/%s", id);
    return true;
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;
    autofree(json) struct json *csr = NULL;

    return path_of(call->words[0], &path, err) &&
           remote_call(call->remote, "GET", path, NULL, &csr, err) && show_as(call, csr, err);
}

static bool delete (const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = NULL;

    return path_of(call->words[0], &path, err) &&
           remote_do(call->remote, "DELETE", path, NULL, err);
}

static bool is_right(const struct verb_call *call)
{
    const struct csr_options *const o = call->asked;

    return strcmp(call->verb, "create") != 0 || call->n_words > 0 || o->subject.n > 0;
}

int cli_csr(int argc, char **argv)
{
    static const struct verb verbs[] = { { "create", 0, SIZE_MAX, create }, { "list", 0, 0, list },
        { "show", 1, 1, show }, { "delete", 1, 1, delete }, { "use", .run_alone = csr_use_run },
        { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk csr create NAME… [--subject O=TEXT]… [--key rsa[:BITS]|ec[:CURVE]|ed25519]\n"
            "                           [--name NAME] [--business-group NAME] [--description TEXT]\n"
            "                           [-o table|json|pem]\n"
            "       certdesk csr list [--search TEXT] [--used | --unused] [--limit N] [-o table|json]\n"
            "       certdesk csr show ID [-o table|json|pem]\n"
            "       certdesk csr delete ID\n"
            "       " CSR_USE_USAGE "\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct csr_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
