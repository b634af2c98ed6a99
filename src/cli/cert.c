/* cli: certdesk cert list, show, add, update. Export and a list of hosts are in cert_many.c, import
 * and replace are in cert_import.c. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cert_access.h"
#include "cli/cert_import.h"
#include "cli/cert_many.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/ticket.h"
#include "codec/url.h"

#define WORDS_MAX 12

struct cert_options {
    bool json;
    bool all;
    bool wait;
    const char *limit;
    const char *query[WORDS_MAX]; /* name, value, name, value: what goes into the URL */
    size_t n_query;
    const char *fields[WORDS_MAX]; /* likewise: what goes into the body */
    size_t n_fields;
    const char *sni;
    const char *protocol;
    const char *tags;
    const char *file;   /* of hosts to add */
    const char *output; /* of an export */
};

static const struct option options[] = {
    { "status", required_argument, NULL, 's' },
    { "search", required_argument, NULL, 'q' },
    { "owner", required_argument, NULL, 'w' },
    { "assignee", required_argument, NULL, 'g' },
    { "tag", required_argument, NULL, 't' },
    { "flag", required_argument, NULL, 'F' },
    { "sort", required_argument, NULL, 'r' },
    { "limit", required_argument, NULL, 'l' },
    { "all", no_argument, NULL, 'a' },
    { "name", required_argument, NULL, 'n' },
    { "sni", required_argument, NULL, 'i' },
    { "protocol", required_argument, NULL, 'p' },
    { "tags", required_argument, NULL, 'T' },
    { "wait", no_argument, NULL, 'W' },
    { "file", required_argument, NULL, 'f' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int usage(void)
{
    fputs(
        "usage: certdesk cert list [--status S,…] [--search TEXT] [--owner NAME] [--tag TAG] [--flag FLAG]\n"
        "                          [--sort COLUMN] [--limit N | --all] [-o table|json]\n"
        "       certdesk cert show ID [-o table|json]\n"
        "       certdesk cert add HOST[:PORT]… [--name NAME] [--sni NAME] [--protocol PROTO] [--tags A,B]\n"
        "                         [--owner NAME] [--assignee NAME] [--wait] [-o table|json]\n"
        "       certdesk cert add -f FILE|- [--protocol PROTO] [--tags A,B] [--owner NAME]\n"
        "                         [--assignee NAME] [-o table|json]\n"
        "       certdesk cert update ID… | --all | --status S,… [--wait] [-o table|json]\n"
        "       certdesk cert export ID… [-o FILE]\n"
        "       " CERT_IMPORT_USAGE "\n"
        "       " CERT_REPLACE_USAGE "\n"
        "       " CERT_ACCESS_USAGE "\n"
        "       " CERT_BULK_USAGE "\n"
        "       " TICKET_RECORD_USAGE "\n",
        stderr);
    return CLI_USAGE;
}

static void keep(const char **list, size_t *n, const char *name, const char *value)
{
    if (*n + 2 > WORDS_MAX)
        return;
    list[(*n)++] = name;
    list[(*n)++] = value;
}

static bool take_option(struct cert_options *o, int option)
{
    switch (option) {
    case 's':
        keep(o->query, &o->n_query, "status", optarg);
        return true;
    case 'q':
        keep(o->query, &o->n_query, "q", optarg);
        return true;
    case 't':
        keep(o->query, &o->n_query, "tag", optarg);
        return true;
    case 'F':
        keep(o->query, &o->n_query, "flag", optarg);
        return true;
    case 'r':
        keep(o->query, &o->n_query, "sort", optarg);
        return true;
    case 'w':
        keep(o->query, &o->n_query, "owner", optarg);
        keep(o->fields, &o->n_fields, "owner", optarg);
        return true;
    case 'g':
        keep(o->fields, &o->n_fields, "assignee", optarg);
        return true;
    case 'n':
        keep(o->fields, &o->n_fields, "name", optarg);
        return true;
    case 'l':
        o->limit = optarg;
        return true;
    case 'a':
        o->all = true;
        return true;
    case 'i':
        o->sni = optarg;
        return true;
    case 'p':
        o->protocol = optarg;
        return true;
    case 'T':
        o->tags = optarg;
        return true;
    case 'W':
        o->wait = true;
        return true;
    case 'f':
        o->file = optarg;
        return true;
    case 'o':
        o->output = optarg;
        o->json = strcmp(optarg, "json") == 0;
        return true;
    default:
        return false;
    }
}

static void add_query(struct buf *path, const char *name, const char *value)
{
    buf_add_char(path, strchr(buf_text(path), '?') ? '&' : '?');
    buf_add_text(path, name);
    buf_add_char(path, '=');
    url_encode(span_text(value), path);
}

/* "mixed", "wrong_host": what is not as it should be. */
static char *flags_text(const struct json *cert)
{
    const struct json *flags = json_member(cert, "flags");
    autodone(buf) struct buf text = BUF_INIT(1024);

    for (size_t i = 0; i < json_list_size(flags); i++)
        buf_addf(&text, "%s%s", i ? ", " : "", json_as_text(json_list_item(flags, i)));
    return xstrdup(buf_text(&text));
}

static void add_row(struct table *table, const struct json *cert)
{
    const struct json *current = json_member(cert, "current");
    const struct json *endpoints = json_member(cert, "endpoints_summary");
    const char *const members[] = { "id", "name", "status" };

    for (size_t i = 0; i < countof(members); i++) {
        autofree(str) char *text = output_text(cert, members[i]);

        table_add(table, text);
    }
    autofree(str) char *flags = flags_text(cert);

    table_add(table, flags);
    autofree(str) char *at = output_text(cert, "expires_at");
    autofree(str) char *days = output_days(cert);
    autofree(str) char *issuer = output_text(current, "issuer");
    autofree(str) char *error = output_text(endpoints, "last_error");

    at[strcspn(at, "T")] = '\0';
    table_add(table, at);
    table_add(table, days);
    table_add(table, issuer);
    table_add(table, error);
}

static void add_header(struct table *table)
{
    static const char *const names[] = { "ID", "NAME", "STATUS", "FLAGS", "ENDS", "", "ISSUER",
        "ERROR" };

    for (size_t i = 0; i < countof(names); i++)
        table_add(table, names[i]);
}

/* One page after the other until `wanted` rows are shown; 0 is all there are. */
static bool list_pages(struct remote *remote, const struct cert_options *o, const char *first,
    int64_t wanted, struct err *err)
{
    autodone(table) struct table table = { 0 };
    autofree(str) char *cursor = NULL;
    int64_t shown = 0;

    table_init(&table, 8);
    add_header(&table);
    do {
        autodone(buf) struct buf path = BUF_INIT(8192);
        autofree(json) struct json *page = NULL;

        buf_add_text(&path, first);
        if (cursor)
            add_query(&path, "cursor", cursor);
        if (!remote_call(remote, "GET", buf_text(&path), NULL, &page, err))
            return false;
        const struct json *items = json_member(page, "items");

        for (size_t i = 0; i < json_list_size(items); i++) {
            if (o->json)
                output_json(json_list_item(items, i));
            else
                add_row(&table, json_list_item(items, i));
        }
        shown += (int64_t)json_list_size(items);
        str_set(&cursor, json_as_text(json_member(page, "next_cursor")));
    } while (cursor && (wanted == 0 || shown < wanted));
    if (!o->json)
        table_print(&table);
    if (!o->json && cursor)
        fputs("there are more: --limit N, or --all\n", stderr);
    return true;
}

static bool list(struct remote *remote, const struct cert_options *o, struct err *err)
{
    autodone(buf) struct buf path = BUF_INIT(8192);
    int64_t wanted = o->all ? 0 : 50;
    char limit[24];

    if (o->limit && !parse_i64(span_text(o->limit), 1, 1000000, &wanted, err))
        return err_wrap(err, "--limit");
    (void)snprintf(limit, sizeof limit, "%" PRId64, wanted == 0 || wanted > 500 ? 500 : wanted);
    buf_add_text(&path, "/certificates");
    add_query(&path, "limit", limit);
    for (size_t i = 0; i < o->n_query; i += 2)
        add_query(&path, o->query[i], o->query[i + 1]);
    return list_pages(remote, o, buf_text(&path), wanted, err);
}

static void show_member(const struct json *object, const char *member, const char *label)
{
    autofree(str) char *text = output_text(object, member);

    if (text[0])
        output_pair(label, text);
}

static void show_endpoints(const struct json *page)
{
    const struct json *items = json_member(page, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *endpoint = json_list_item(items, i);
        const struct json *seen = json_member(endpoint, "observations");
        autofree(str) char *host = output_text(endpoint, "host");
        autofree(str) char *port = output_text(endpoint, "port");

        printf("\n%s:%s\n", host, port);
        for (size_t k = 0; k < json_list_size(seen); k++) {
            const struct json *one = json_list_item(seen, k);
            const struct json *version = json_member(one, "version");
            autofree(str) char *address = output_text(one, "address");
            autofree(str) char *slot = output_text(one, "slot");
            autofree(str) char *role = output_text(one, "role");
            autofree(str) char *until = output_text(version, "not_after");
            autofree(str) char *error = output_text(json_member(one, "error"), "message");

            printf("  %s %s %s %s %s\n", address, slot, role, until, error);
        }
    }
}

static void show_certificate(const struct json *cert)
{
    const struct json *current = json_member(cert, "current");

    show_member(cert, "id", "id");
    show_member(cert, "name", "name");
    show_member(cert, "status", "status");
    autofree(str) char *flags = flags_text(cert);

    if (flags[0])
        output_pair("flags", flags);
    show_member(cert, "certificate_id", "certificate ID");
    show_member(cert, "expires_at", "ends");
    autofree(str) char *days = output_days(cert);

    output_pair("", days);
    show_member(cert, "owner", "owner");
    show_member(cert, "assignee", "assignee");
    show_member(cert, "ticket", "ticket");
    show_member(cert, "next_notice_at", "next notice");
    show_member(current, "subject", "subject");
    show_member(current, "sans", "names");
    show_member(current, "issuer", "issuer");
    show_member(current, "serial", "serial");
    show_member(current, "fingerprint_sha256", "SHA-256");
    show_member(current, "chain_status", "chain");
}

static bool show(struct remote *remote, const struct cert_options *o, const char *id,
    struct err *err)
{
    autofree(str) char *path = xasprintf("/certificates/%s", id);
    autofree(str) char *endpoints_path = xasprintf("/certificates/%s/endpoints", id);
    autofree(json) struct json *cert = NULL;
    autofree(json) struct json *endpoints = NULL;

    if (!remote_call(remote, "GET", path, NULL, &cert, err))
        return false;
    if (o->json) {
        output_json(cert);
        return true;
    }
    if (!remote_call(remote, "GET", endpoints_path, NULL, &endpoints, err))
        return false;
    show_certificate(cert);
    show_endpoints(endpoints);
    return true;
}

static void write_endpoint(struct json_out *out, const struct cert_options *o, const char *host)
{
    json_begin_array(out, "endpoints");
    json_begin_object(out, NULL);
    json_str(out, "host", host);
    if (o->sni)
        json_str(out, "sni", o->sni);
    if (o->protocol)
        json_str(out, "protocol", o->protocol);
    json_end(out);
    json_end(out);
}

static bool add_one(struct remote *remote, const struct cert_options *o, const char *host,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(65536);
    autofree(json) struct json *made = NULL;
    autofree(json) struct json *job = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    write_endpoint(&out, o, host);
    for (size_t i = 0; i < o->n_fields; i += 2)
        json_str(&out, o->fields[i], o->fields[i + 1]);
    if (o->tags)
        json_split(&out, "tags", o->tags, ',');
    json_end(&out);
    if (!remote_call(remote, "POST", "/certificates", buf_text(&body), &made, err))
        return err_wrap(err, "could not add %s", host);
    autofree(str) char *id = output_text(made, "id");

    if (o->wait && !remote_wait(remote, json_as_i64(json_member(made, "job"), 0), &job, err))
        return false;
    if (o->wait)
        return show(remote, o, id, err);
    if (o->json)
        output_json(made);
    else
        printf("%s is certificate %s\n", host, id);
    return true;
}

static void show_changes(const struct json *job)
{
    static const char *const lists[][2] = { { "changed", "what" }, { "failed", "message" } };
    const struct json *result = json_member(job, "result");
    autofree(str) char *checked = output_text(result, "checked");
    autofree(str) char *unchanged = output_text(result, "unchanged");

    printf("%s looked at, %s unchanged\n", checked, unchanged);
    for (size_t l = 0; l < countof(lists); l++) {
        const struct json *list_of = json_member(result, lists[l][0]);

        for (size_t i = 0; i < json_list_size(list_of); i++) {
            autofree(str) char *name = output_text(json_list_item(list_of, i), "name");
            autofree(str) char *what = output_text(json_list_item(list_of, i), lists[l][1]);

            printf("%s: %s: %s\n", lists[l][0], name, what);
        }
    }
}

static bool write_selection(const struct cert_options *o, int n_ids, char **ids,
    struct json_out *out, struct err *err)
{
    json_begin_object(out, NULL);
    if (n_ids > 0) {
        json_begin_array(out, "ids");
        for (int i = 0; i < n_ids; i++) {
            int64_t id;

            if (!parse_i64(span_text(ids[i]), 1, INT64_MAX, &id, err))
                return false;
            json_i64(out, NULL, id);
        }
        json_end(out);
    } else {
        json_begin_object(out, "filter");
        for (size_t i = 0; i < o->n_query; i += 2) {
            if (strcmp(o->query[i], "status") == 0)
                json_split(out, "status", o->query[i + 1], ',');
            else
                json_str(out, o->query[i], o->query[i + 1]);
        }
        json_end(out);
    }
    json_end(out);
    return true;
}

static bool update(struct remote *remote, const struct cert_options *o, int n_ids, char **ids,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(1u << 20);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;
    struct json_out out;

    if (n_ids == 0 && !o->all && o->n_query == 0)
        return fail(err, ERR_INVALID, "say which: ids, --all, or a filter such as --status");
    json_out_init(&out, &body);
    if (!write_selection(o, n_ids, ids, &out, err) ||
        !remote_call(remote, "POST", "/certificates/update", buf_text(&body), &started, err))
        return false;
    if (!o->wait) {
        autofree(str) char *id = output_text(started, "job");

        printf("job %s\n", id);
        return true;
    }
    if (!remote_wait(remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    if (o->json)
        output_json(job);
    else
        show_changes(job);
    return true;
}

enum verb { VERB_LIST, VERB_SHOW, VERB_ADD, VERB_UPDATE, VERB_EXPORT, N_VERBS };

/* N_VERBS: there is none of that name, or not with so many arguments. */
static enum verb find_verb(const char *name, int n, const struct cert_options *o)
{
    const bool is_format =
        !o->output || strcmp(o->output, "json") == 0 || strcmp(o->output, "table") == 0;

    if (strcmp(name, "export") == 0 && n > 0)
        return VERB_EXPORT;
    if (!is_format || (o->file && strcmp(name, "add") != 0))
        return N_VERBS;
    if (strcmp(name, "list") == 0 && n == 0)
        return VERB_LIST;
    if (strcmp(name, "show") == 0 && n == 1)
        return VERB_SHOW;
    if (strcmp(name, "add") == 0 && (n > 0) != (o->file != NULL))
        return VERB_ADD;
    return strcmp(name, "update") == 0 ? VERB_UPDATE : N_VERBS;
}

static bool add(struct remote *remote, struct cert_options *o, int n, char **hosts, bool *ret_good,
    struct err *err)
{
    if (o->file) {
        if (o->protocol)
            keep(o->fields, &o->n_fields, "protocol", o->protocol);
        const struct cert_many many = { o->fields, o->n_fields, o->tags, o->json };

        return cert_add_file(remote, o->file, &many, ret_good, err);
    }
    for (int i = 0; i < n; i++)
        if (!add_one(remote, o, hosts[i], err))
            return false;
    return true;
}

static bool run(struct remote *remote, enum verb verb, struct cert_options *o, int n, char **rest,
    bool *ret_good, struct err *err)
{
    switch (verb) {
    case VERB_LIST:
        return list(remote, o, err);
    case VERB_SHOW:
        return show(remote, o, rest[0], err);
    case VERB_ADD:
        return add(remote, o, n, rest, ret_good, err);
    case VERB_EXPORT:
        return cert_export(remote, n, rest, o->output, err);
    case VERB_UPDATE:
    case N_VERBS:
        break;
    }
    return update(remote, o, n, rest, err);
}

int cli_cert(int argc, char **argv)
{
    struct cert_options o = { 0 };
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    bool is_good = true;
    int option;

    if (argc < 2)
        return usage();
    if (strcmp(argv[1], "import") == 0 || strcmp(argv[1], "replace") == 0)
        return cert_import_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "access") == 0)
        return cert_access_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "bulk") == 0)
        return cert_bulk_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "enroll") == 0 || strcmp(argv[1], "renew") == 0 ||
        strcmp(argv[1], "revoke") == 0)
        return ticket_record_run(argc - 1, argv + 1);
    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:f:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    const enum verb verb = find_verb(argv[0], argc - optind, &o);

    if (verb == N_VERBS)
        return usage();
    if (!remote_open(&remote, &err) ||
        !run(remote, verb, &o, argc - optind, argv + optind, &is_good, &err))
        return output_fail(&err);
    return is_good ? CLI_OK : CLI_FAILED;
}
