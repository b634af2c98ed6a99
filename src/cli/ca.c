/* cli: certdesk ca: certificate authorities of one's own. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define PEM_MAX (1u << 20)

struct ca_options {
    bool is_intermediate;
    const char *description;
    const char *key;  /* "ec:P-384" */
    const char *days; /* lifetime */
    const char *storage;
    const char *token_key;
    const char *url;
    struct verb_list subject; /* "O=Example" */
    struct verb_list permitted;
    struct verb_list excluded;
};

static const struct verb_option options[] = {
    { "intermediate", no_argument, offsetof(struct ca_options, is_intermediate), NULL },
    { "subject", required_argument, offsetof(struct ca_options, subject), verbs_keep_pair },
    { "key", required_argument, offsetof(struct ca_options, key), NULL },
    { "days", required_argument, offsetof(struct ca_options, days), NULL },
    { "url", required_argument, offsetof(struct ca_options, url), NULL },
    { "permit", required_argument, offsetof(struct ca_options, permitted), verbs_keep_each },
    { "exclude", required_argument, offsetof(struct ca_options, excluded), verbs_keep_each },
    { "storage", required_argument, offsetof(struct ca_options, storage), NULL },
    { "token-key", required_argument, offsetof(struct ca_options, token_key), NULL },
    { "description", required_argument, offsetof(struct ca_options, description), NULL },
    { 0 },
};

static void show_ca(const struct json *ca)
{
    const struct json *names = json_member(ca, "name_constraints");
    const struct json *crl = json_member(ca, "crl");

    output_member(ca, "name", "name");
    output_member(ca, "description", "description");
    output_member(ca, "kind", "kind");
    output_member(ca, "state", "state");
    output_member(ca, "subject", "subject");
    output_member(ca, "key_algorithm", "key");
    output_member(ca, "key_storage", "key lies");
    output_member(ca, "not_after", "ends");
    output_member(ca, "public_url", "public URL");
    output_pair("URL is fixed",
        json_as_bool(json_member(ca, "url_is_fixed"), false) ? "yes" : "no");
    output_member(names, "permitted", "only for");
    output_member(names, "excluded", "never for");
    output_member(ca, "certificate", "record");
    output_member(ca, "n_certificates", "issued");
    output_member(ca, "n_revoked", "revoked");
    output_member(ca, "n_profiles", "profiles");
    output_member(crl, "number", "CRL number");
    output_member(crl, "this_update", "CRL of");
    output_member(crl, "next_update", "CRL until");
    if (json_as_bool(json_member(crl, "is_stale"), false))
        output_pair("CRL is stale", "yes");
}

static bool call_and_show(const struct verb_call *call, const char *method, const char *path,
    const char *body, struct err *err)
{
    autofree(json) struct json *ca = NULL;

    if (!remote_call(call->remote, method, path, body, &ca, err))
        return false;
    if (call->json)
        output_json(ca);
    else
        show_ca(ca);
    return true;
}

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "KIND", "kind" },
        { "STATE", "state" }, { "SUBJECT", "subject" }, { "ENDS", "not_after" },
        { "ISSUED", "n_certificates" }, { 0 } };

    return items_print(call->remote, "/cas", columns, call->json, err);
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", call->words[0], "");

    return call_and_show(call, "GET", path, NULL, err);
}

static bool csr(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", call->words[0], "/csr");

    return remote_download(call->remote, "GET", path, STDOUT_FILENO, err);
}

static bool crl(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", call->words[0], "/crl");

    return call_and_show(call, "POST", path, NULL, err);
}

static bool remove_ca(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", call->words[0], "");

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

static bool issued(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "SERIAL", "serial" },
        { "ISSUED", "issued_at" }, { "ENDS", "not_after" }, { "REVOKED", "revoked_at" },
        { "REASON", "revocation_reason" }, { 0 } };
    autofree(str) char *path = items_path("/cas/", call->words[0], "/certificates?limit=500");

    return items_print(call->remote, path, columns, call->json, err);
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
    items_write_subject(out, o->subject.items, o->subject.n, NULL);
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
    items_write_words(out, "permitted", o->permitted.items, o->permitted.n);
    items_write_words(out, "excluded", o->excluded.items, o->excluded.n);
    json_end(out);
    json_end(out);
    return json_out_check(out, err);
}

static bool create(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    return write_new(&out, call->asked, call->words[0], err) &&
           call_and_show(call, "POST", "/cas", buf_text(&body), err);
}

static bool install(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/cas/", call->words[0], "/certificate");
    autodone(buf) struct buf pem = BUF_INIT(PEM_MAX);
    autodone(buf) struct buf body = BUF_INIT(2 * PEM_MAX);
    struct json_out out;

    if (!ask_content(call->words[1], &pem, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "chain", buf_text(&pem));
    json_end(&out);
    return json_out_check(&out, err) && call_and_show(call, "POST", path, buf_text(&body), err);
}

static bool edit(const struct verb_call *call, struct err *err)
{
    const struct ca_options *const o = call->asked;
    autofree(str) char *path = items_path("/cas/", call->words[0], "");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (strcmp(call->verb, "edit") != 0)
        json_bool(&out, "disabled", strcmp(call->verb, "disable") == 0);
    if (o->description)
        json_str(&out, "description", o->description);
    if (o->url)
        json_str(&out, "public_url", o->url);
    json_end(&out);
    return json_out_check(&out, err) && call_and_show(call, "PATCH", path, buf_text(&body), err);
}

int cli_ca(int argc, char **argv)
{
    static const struct verb verbs[] = { { "create", 1, 1, create }, { "list", 0, 0, list },
        { "show", 1, 1, show }, { "csr", 1, 1, csr }, { "install", 2, 2, install },
        { "crl", 1, 1, crl }, { "edit", 1, 1, edit }, { "disable", 1, 1, edit },
        { "enable", 1, 1, edit }, { "remove", 1, 1, remove_ca }, { "issued", 1, 1, issued },
        { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk ca create NAME [--intermediate] --subject CN=TEXT [--subject O=TEXT]…\n"
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
        .verbs = verbs,
        .options = options
    };
    struct ca_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
