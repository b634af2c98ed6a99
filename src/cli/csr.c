/* cli: certdesk csr create, list, show, delete. Use is in cert_import.c. */
#include <getopt.h>
#include <stdio.h>
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
#include "codec/url.h"

#define ATTRIBUTES_MAX 8
#define LIST_MAX 500

struct csr_options {
    bool json;
    bool pem;
    bool used;
    bool unused;
    const char *search;
    const char *limit;
    const char *name;
    const char *group;
    const char *description;
    const char *key;                     /* "rsa:3072" */
    const char *subject[ATTRIBUTES_MAX]; /* "O=Example" */
    size_t n_subject;
};

static const struct option options[] = {
    { "search", required_argument, NULL, 'q' },
    { "used", no_argument, NULL, 'u' },
    { "unused", no_argument, NULL, 'U' },
    { "limit", required_argument, NULL, 'l' },
    { "name", required_argument, NULL, 'n' },
    { "business-group", required_argument, NULL, 'b' },
    { "description", required_argument, NULL, 'd' },
    { "key", required_argument, NULL, 'k' },
    { "subject", required_argument, NULL, 's' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int usage(void)
{
    fputs(
        "usage: certdesk csr create NAME… [--subject O=TEXT]… [--key rsa[:BITS]|ec[:CURVE]|ed25519]\n"
        "                           [--name NAME] [--business-group NAME] [--description TEXT]\n"
        "                           [-o table|json|pem]\n"
        "       certdesk csr list [--search TEXT] [--used | --unused] [--limit N] [-o table|json]\n"
        "       certdesk csr show ID [-o table|json|pem]\n"
        "       certdesk csr delete ID\n"
        "       " CSR_USE_USAGE "\n",
        stderr);
    return CLI_USAGE;
}

static bool take_output(struct csr_options *o)
{
    o->json = strcmp(optarg, "json") == 0;
    o->pem = strcmp(optarg, "pem") == 0;
    return o->json || o->pem || strcmp(optarg, "table") == 0;
}

static bool take_option(struct csr_options *o, int option)
{
    const struct {
        int option;
        const char **text;
    } texts[] = { { 'q', &o->search }, { 'l', &o->limit }, { 'n', &o->name }, { 'b', &o->group },
        { 'd', &o->description }, { 'k', &o->key } };

    for (size_t i = 0; i < countof(texts); i++) {
        if (texts[i].option == option) {
            *texts[i].text = optarg;
            return true;
        }
    }
    switch (option) {
    case 'u':
        return o->used = true;
    case 'U':
        return o->unused = true;
    case 's':
        if (o->n_subject == ATTRIBUTES_MAX || !strchr(optarg, '='))
            return false;
        o->subject[o->n_subject++] = optarg;
        return true;
    case 'o':
        return take_output(o);
    default:
        return false;
    }
}

static void show_member(const struct json *object, const char *member, const char *label)
{
    autofree(str) char *text = output_text(object, member);

    if (text[0])
        output_pair(label, text);
}

static void show_csr(const struct json *csr)
{
    const struct json *key = json_member(csr, "key");
    autofree(str) char *algorithm = output_text(key, "algorithm");
    autofree(str) char *size = output_text(key, "size");
    autofree(str) char *kind = xasprintf("%s, %s bits", algorithm, size);

    show_member(csr, "id", "id");
    show_member(csr, "name", "name");
    show_member(csr, "subject", "subject");
    show_member(csr, "sans", "names");
    output_pair("key", kind);
    show_member(csr, "spki_sha256", "SHA-256 of key");
    show_member(csr, "business_group", "business group");
    show_member(csr, "owner", "owner");
    show_member(csr, "created_at", "made");
    show_member(csr, "used_at", "used");
    show_member(json_member(csr, "certificate"), "id", "certificate");
}

static bool print_pem(struct remote *remote, const char *id, struct err *err)
{
    autofree(str) char *path = xasprintf("/csrs/%s.pem", id);

    return remote_download(remote, "GET", path, STDOUT_FILENO, err);
}

/* One request, in the form that was asked for. */
static bool show_as(struct remote *remote, const struct csr_options *o, const struct json *csr,
    struct err *err)
{
    autofree(str) char *id = output_text(csr, "id");

    if (o->pem)
        return print_pem(remote, id, err);
    if (o->json)
        output_json(csr);
    else
        show_csr(csr);
    return true;
}

static bool create(struct remote *remote, const struct csr_options *o, char **names, size_t n,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    autofree(json) struct json *csr = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    items_write_subject(&out, o->subject, o->n_subject, n > 0 ? names[0] : NULL);
    json_begin_array(&out, "sans");
    for (size_t i = 0; i < n; i++)
        json_str(&out, NULL, names[i]);
    json_end(&out);
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
           remote_call(remote, "POST", "/csrs", buf_text(&body), &csr, err) &&
           show_as(remote, o, csr, err);
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

static bool list(struct remote *remote, const struct csr_options *o, struct err *err)
{
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
    if (!remote_call(remote, "GET", buf_text(&path), NULL, &page, err))
        return false;
    if (o->json) {
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

static bool show(struct remote *remote, const struct csr_options *o, const char *id,
    struct err *err)
{
    autofree(str) char *path = xasprintf("/csrs/%s", id);
    autofree(json) struct json *csr = NULL;

    return remote_call(remote, "GET", path, NULL, &csr, err) && show_as(remote, o, csr, err);
}

static bool remove_one(struct remote *remote, const char *id, struct err *err)
{
    autofree(str) char *path = xasprintf("/csrs/%s", id);
    autofree(json) struct json *none = NULL;

    return remote_call(remote, "DELETE", path, NULL, &none, err);
}

static bool run(const char *word, const struct csr_options *o, char **rest, size_t n,
    struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    bool takes_id = strcmp(word, "show") == 0 || strcmp(word, "delete") == 0;
    int64_t id;

    if (takes_id && !parse_i64(span_text(rest[0]), 1, INT64_MAX, &id, err))
        return fail(err, ERR_INVALID, "\"%s\" is no request's id", rest[0]);
    if (!remote_open(&remote, err))
        return false;
    if (strcmp(word, "create") == 0)
        return create(remote, o, rest, n, err);
    if (strcmp(word, "list") == 0)
        return list(remote, o, err);
    return strcmp(word, "show") == 0 ? show(remote, o, rest[0], err)
                                     : remove_one(remote, rest[0], err);
}

/* How many arguments each takes; -1: at least one, or a subject. */
static const struct {
    const char *name;
    int n;
} words[] = { { "create", -1 }, { "list", 0 }, { "show", 1 }, { "delete", 1 } };

static bool is_call(const char *word, const struct csr_options *o, int n)
{
    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(words[i].name, word) == 0)
            return words[i].n < 0 ? n > 0 || o->n_subject > 0 : n == words[i].n;
    return false;
}

int cli_csr(int argc, char **argv)
{
    struct csr_options o = { 0 };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return usage();
    if (strcmp(argv[1], "use") == 0)
        return cert_import_run(argc - 1, argv + 1);
    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    if (!is_call(argv[0], &o, argc - optind))
        return usage();
    return run(argv[0], &o, argv + optind, (size_t)(argc - optind), &err) ? CLI_OK
                                                                          : output_fail(&err);
}
