/* cli: certdesk ca: certificate authorities of one's own. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define LIST_MAX 64
#define PEM_MAX (1u << 20)

struct ca_options {
    bool json;
    bool is_intermediate;
    const char *description;
    const char *key;  /* "ec:P-384" */
    const char *days; /* lifetime */
    const char *storage;
    const char *token_key;
    const char *url;
    const char *subject[LIST_MAX]; /* "O=Example" */
    size_t n_subject;
    const char *permitted[LIST_MAX];
    size_t n_permitted;
    const char *excluded[LIST_MAX];
    size_t n_excluded;
};

static const struct option options[] = {
    { "intermediate", no_argument, NULL, 'i' },
    { "subject", required_argument, NULL, 's' },
    { "key", required_argument, NULL, 'k' },
    { "days", required_argument, NULL, 'D' },
    { "url", required_argument, NULL, 'u' },
    { "permit", required_argument, NULL, 'p' },
    { "exclude", required_argument, NULL, 'x' },
    { "storage", required_argument, NULL, 'S' },
    { "token-key", required_argument, NULL, 'T' },
    { "description", required_argument, NULL, 'd' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int usage(void)
{
    fputs("usage: certdesk ca create NAME [--intermediate] --subject CN=TEXT [--subject O=TEXT]…\n"
          "                          [--key rsa[:BITS]|ec[:CURVE]|ed25519] [--days N] [--url URL]\n"
          "                          [--storage sealed|pkcs11 [--token-key LABEL]]\n"
          "                          [--permit NAME]… [--exclude NAME]… [--description TEXT]\n"
          "       certdesk ca list [-o table|json]\n"
          "       certdesk ca show NAME [-o table|json]\n"
          "       certdesk ca csr NAME\n"
          "       certdesk ca install NAME FILE|-\n"
          "       certdesk ca crl NAME\n"
          "       certdesk ca edit NAME [--description TEXT] [--url URL]\n"
          "       certdesk ca disable NAME\n"
          "       certdesk ca enable NAME\n"
          "       certdesk ca remove NAME\n"
          "       certdesk ca issued NAME [-o table|json]\n",
        stderr);
    return CLI_USAGE;
}

static bool push(const char **list, size_t *n)
{
    if (*n == LIST_MAX)
        return false;
    list[(*n)++] = optarg;
    return true;
}

static bool take_option(struct ca_options *o, int option)
{
    switch (option) {
    case 'i':
        return o->is_intermediate = true;
    case 's':
        return strchr(optarg, '=') && push(o->subject, &o->n_subject);
    case 'p':
        return push(o->permitted, &o->n_permitted);
    case 'x':
        return push(o->excluded, &o->n_excluded);
    case 'k':
        o->key = optarg;
        return true;
    case 'D':
        o->days = optarg;
        return true;
    case 'S':
        o->storage = optarg;
        return true;
    case 'T':
        o->token_key = optarg;
        return true;
    case 'u':
        o->url = optarg;
        return true;
    case 'd':
        o->description = optarg;
        return true;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
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

static void show_ca(const struct json *ca)
{
    const struct json *names = json_member(ca, "name_constraints");
    const struct json *crl = json_member(ca, "crl");

    show_member(ca, "name", "name");
    show_member(ca, "description", "description");
    show_member(ca, "kind", "kind");
    show_member(ca, "state", "state");
    show_member(ca, "subject", "subject");
    show_member(ca, "key_algorithm", "key");
    show_member(ca, "key_storage", "key lies");
    show_member(ca, "not_after", "ends");
    show_member(ca, "public_url", "public URL");
    output_pair("URL is fixed",
        json_as_bool(json_member(ca, "url_is_fixed"), false) ? "yes" : "no");
    show_member(names, "permitted", "only for");
    show_member(names, "excluded", "never for");
    show_member(ca, "certificate", "record");
    show_member(ca, "n_certificates", "issued");
    show_member(ca, "n_revoked", "revoked");
    show_member(ca, "n_profiles", "profiles");
    show_member(crl, "number", "CRL number");
    show_member(crl, "this_update", "CRL of");
    show_member(crl, "next_update", "CRL until");
    if (json_as_bool(json_member(crl, "is_stale"), false))
        output_pair("CRL is stale", "yes");
}

static void show_as(const struct ca_options *o, const struct json *ca)
{
    if (o->json)
        output_json(ca);
    else
        show_ca(ca);
}

static bool call_and_show(struct remote *remote, const struct ca_options *o, const char *method,
    const char *path, const char *body, struct err *err)
{
    autofree(json) struct json *ca = NULL;

    if (!remote_call(remote, method, path, body, &ca, err))
        return false;
    show_as(o, ca);
    return true;
}

static bool write_new(struct json_out *out, const struct ca_options *o, const char *name,
    struct err *err)
{
    int64_t days = 0;

    if (o->days && !parse_i64(span_text(o->days), 1, 36525, &days, err))
        return err_wrap(err, "--days");
    json_begin_object(out, NULL);
    json_str(out, "name", name);
    json_str(out, "type", "local");
    json_str(out, "kind", o->is_intermediate ? "intermediate" : "root");
    items_write_subject(out, o->subject, o->n_subject, NULL);
    if (o->key)
        items_write_key(out, o->key);
    if (o->storage)
        json_str(out, "storage", o->storage);
    if (o->token_key)
        json_str(out, "token_key", o->token_key);
    if (o->days)
        json_i64(out, "lifetime_days", days);
    if (o->url)
        json_str(out, "public_url", o->url);
    if (o->description)
        json_str(out, "description", o->description);
    json_begin_object(out, "name_constraints");
    json_begin_array(out, "permitted");
    for (size_t i = 0; i < o->n_permitted; i++)
        json_str(out, NULL, o->permitted[i]);
    json_end(out);
    json_begin_array(out, "excluded");
    for (size_t i = 0; i < o->n_excluded; i++)
        json_str(out, NULL, o->excluded[i]);
    json_end(out);
    json_end(out);
    json_end(out);
    return json_out_check(out, err);
}

static bool create(struct remote *remote, const struct ca_options *o, const char *name,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    return write_new(&out, o, name, err) &&
           call_and_show(remote, o, "POST", "/cas", buf_text(&body), err);
}

static bool install(struct remote *remote, const struct ca_options *o, const char *name,
    const char *file, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", name, "/certificate");
    autodone(buf) struct buf pem = BUF_INIT(PEM_MAX);
    autodone(buf) struct buf body = BUF_INIT(2 * PEM_MAX);
    struct json_out out;

    if (!fs_read(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &pem, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "chain", buf_text(&pem));
    json_end(&out);
    return json_out_check(&out, err) &&
           call_and_show(remote, o, "POST", path, buf_text(&body), err);
}

static bool edit(struct remote *remote, const struct ca_options *o, const char *name,
    const char *verb, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", name, "");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (strcmp(verb, "edit") != 0)
        json_bool(&out, "disabled", strcmp(verb, "disable") == 0);
    if (o->description)
        json_str(&out, "description", o->description);
    if (o->url)
        json_str(&out, "public_url", o->url);
    json_end(&out);
    return json_out_check(&out, err) &&
           call_and_show(remote, o, "PATCH", path, buf_text(&body), err);
}

static bool print_issued(struct remote *remote, const struct ca_options *o, const char *name,
    struct err *err)
{
    static const struct items_column columns[] = { { "SERIAL", "serial" },
        { "ISSUED", "issued_at" }, { "ENDS", "not_after" }, { "REVOKED", "revoked_at" },
        { "REASON", "revocation_reason" }, { 0 } };
    autofree(str) char *path = items_path("/cas/", name, "/certificates?limit=500");

    return items_print(remote, path, columns, o->json, err);
}

static bool run(struct remote *remote, const char *verb, char **words, const struct ca_options *o,
    struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "KIND", "kind" },
        { "STATE", "state" }, { "SUBJECT", "subject" }, { "ENDS", "not_after" },
        { "ISSUED", "n_certificates" }, { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/cas", columns, o->json, err);

    const char *name = words[0];
    autofree(str) char *path = items_path("/cas/", name, "");
    autofree(str) char *csr = items_path("/cas/", name, "/csr");
    autofree(str) char *crl = items_path("/cas/", name, "/crl");
    autofree(json) struct json *none = NULL;

    if (strcmp(verb, "create") == 0)
        return create(remote, o, name, err);
    if (strcmp(verb, "show") == 0)
        return call_and_show(remote, o, "GET", path, NULL, err);
    if (strcmp(verb, "csr") == 0)
        return remote_download(remote, "GET", csr, STDOUT_FILENO, err);
    if (strcmp(verb, "install") == 0)
        return install(remote, o, name, words[1], err);
    if (strcmp(verb, "crl") == 0)
        return call_and_show(remote, o, "POST", crl, NULL, err);
    if (strcmp(verb, "remove") == 0)
        return remote_call(remote, "DELETE", path, NULL, &none, err);
    if (strcmp(verb, "issued") == 0)
        return print_issued(remote, o, name, err);
    return edit(remote, o, name, verb, err);
}

int cli_ca(int argc, char **argv)
{
    static const struct items_verb verbs[] = { { "create", 1, 1 }, { "list", 0, 0 },
        { "show", 1, 1 }, { "csr", 1, 1 }, { "install", 2, 2 }, { "crl", 1, 1 }, { "edit", 1, 1 },
        { "disable", 1, 1 }, { "enable", 1, 1 }, { "remove", 1, 1 }, { "issued", 1, 1 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct ca_options o = { 0 };
    struct err err = { 0 };
    int option;

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
    if (!remote_open(&remote, &err) || !run(remote, verb, argv + optind, &o, &err))
        return output_fail(&err);
    return CLI_OK;
}
