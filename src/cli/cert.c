/* cli: certdesk cert list, show, add, update. The verbs with options of their own are in other
 * files, and so is what adds a list of hosts (cert_many.c). */
#include "cli/cert.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cert_access.h"
#include "cli/cert_import.h"

#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/ticket.h"

#define LIMIT_DEFAULT 50
#define PAGE_MAX 500

static const struct verb_option options[] = {
    { "status", required_argument, offsetof(struct cert_options, status), NULL },
    { "search", required_argument, offsetof(struct cert_options, search), NULL },
    { "owner", required_argument, offsetof(struct cert_options, owner), NULL },
    { "assignee", required_argument, offsetof(struct cert_options, assignee), NULL },
    { "tag", required_argument, offsetof(struct cert_options, tag), NULL },
    { "flag", required_argument, offsetof(struct cert_options, flag), NULL },
    { "source", required_argument, offsetof(struct cert_options, source), NULL },
    { "stage", required_argument, offsetof(struct cert_options, stage), NULL },
    { "profile", required_argument, offsetof(struct cert_options, profile), NULL },
    { "business-group", required_argument, offsetof(struct cert_options, business_group), NULL },
    { "resource", required_argument, offsetof(struct cert_options, resource), NULL },
    { "issuer", required_argument, offsetof(struct cert_options, issuer), NULL },
    { "expires-before", required_argument, offsetof(struct cert_options, expires_before), NULL },
    { "expires-after", required_argument, offsetof(struct cert_options, expires_after), NULL },
    { "unused", no_argument, offsetof(struct cert_options, unused), NULL },
    { "sort", required_argument, offsetof(struct cert_options, sort), NULL },
    { "limit", required_argument, offsetof(struct cert_options, limit), NULL },
    { "all", no_argument, offsetof(struct cert_options, all), NULL },
    { "name", required_argument, offsetof(struct cert_options, name), NULL },
    { "sni", required_argument, offsetof(struct cert_options, sni), NULL },
    { "protocol", required_argument, offsetof(struct cert_options, protocol), NULL },
    { "tags", required_argument, offsetof(struct cert_options, tags), NULL },
    { "wait", no_argument, offsetof(struct cert_options, wait), NULL },
    { "file", required_argument, offsetof(struct cert_options, file), NULL },
    { 0 },
};

/* "mixed", "wrong_host": what is not as it should be. */
static char *flags_text(const struct json *cert)
{
    const struct json *flags = json_member(cert, "flags");
    autodone(buf) struct buf text = BUF_INIT(1024);

    for (size_t i = 0; i < json_list_size(flags); i++)
        buf_addf(&text, "%s%s", i ? ", " : "", json_as_text(json_list_item(flags, i)));
    return xstrdup(buf_text(&text));
}

struct listing {
    struct table table;
    bool json;
};

static void add_row(void *ctx, const struct json *cert)
{
    struct listing *const listing = ctx;
    struct table *const table = &listing->table;
    const struct json *current = json_member(cert, "current");
    const struct json *endpoints = json_member(cert, "endpoints_summary");
    static const char *const members[] = { "id", "name", "status" };

    if (listing->json) {
        output_json(cert);
        return;
    }
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

static void begin(struct table *table)
{
    static const char *const names[] = { "ID", "NAME", "STATUS", "FLAGS", "ENDS", "LEFT", "ISSUER",
        "ERROR" };

    table_init(table, countof(names));
    for (size_t i = 0; i < countof(names); i++)
        table_add(table, names[i]);
}

/* `most` 0: all there are. */
static bool print_list(const struct verb_call *call, const char *path, int64_t most,
    struct err *err)
{
    struct listing listing = { .json = call->json };
    bool has_more;

    begin(&listing.table);
    const bool works = items_each(call->remote, path, most, add_row, &listing, &has_more, err);

    if (works && !call->json)
        table_print(&listing.table);
    if (works && !call->json && has_more)
        fputs("there are more: --limit N, or --all\n", stderr);
    table_done(&listing.table);
    return works;
}

static bool list(const struct verb_call *call, struct err *err)
{
    const struct cert_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(8192);
    int64_t most = o->all ? 0 : LIMIT_DEFAULT;

    if (o->limit && !parse_i64(span_text(o->limit), 1, 1000000, &most, err))
        return err_wrap(err, "--limit");
    buf_addf(&path, "/certificates?limit=%" PRId64, most && most < PAGE_MAX ? most : PAGE_MAX);
    items_add_query(&path, "status", o->status);
    items_add_query(&path, "q", o->search);
    items_add_query(&path, "owner", o->owner);
    items_add_query(&path, "tag", o->tag);
    items_add_query(&path, "flag", o->flag);
    items_add_query(&path, "assignee", o->assignee);
    items_add_query(&path, "source", o->source);
    items_add_query(&path, "stage", o->stage);
    items_add_query(&path, "profile", o->profile);
    items_add_query(&path, "business_group", o->business_group);
    items_add_query(&path, "resource", o->resource);
    items_add_query(&path, "issuer", o->issuer);
    items_add_query(&path, "expires_before", o->expires_before);
    items_add_query(&path, "expires_after", o->expires_after);
    items_add_query(&path, "unused", o->unused ? "true" : NULL);
    items_add_query(&path, "sort", o->sort);
    return print_list(call, buf_text(&path), most, err);
}

static void show_endpoints(const struct json *page)
{
    const struct json *items = json_member(page, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *endpoint = json_list_item(items, i);
        const struct json *seen = json_member(endpoint, "observations");

        printf("\n%s\n", output_endpoint(endpoint).text);
        for (size_t k = 0; k < json_list_size(seen); k++) {
            const struct json *one = json_list_item(seen, k);
            const struct json *version = json_member(one, "version");
            autofree(str) char *address = output_text(one, "address");
            autofree(str) char *slot = output_text(one, "slot");
            autofree(str) char *role = output_text(one, "role");
            autofree(str) char *until = output_text(version, "not_after");
            autofree(str) char *fingerprint = output_text(version, "fingerprint_sha256");
            autofree(str) char *error = output_text(json_member(one, "error"), "message");
            const bool is_dead = json_as_bool(json_member(one, "dead"), false);

            printf("  %s %s %s %s %.16s%s %s\n", address, slot, role, until, fingerprint,
                is_dead ? " dead" : "", error);
        }
    }
}

static void show_certificate(const struct json *cert)
{
    const struct json *current = json_member(cert, "current");

    output_member(cert, "id", "id");
    output_member(cert, "name", "name");
    output_member(cert, "status", "status");
    autofree(str) char *flags = flags_text(cert);

    if (flags[0])
        output_pair("flags", flags);
    output_member(cert, "certificate_id", "certificate ID");
    output_member(cert, "expires_at", "ends");
    autofree(str) char *days = output_days(cert);

    output_pair("", days);
    output_member(cert, "owner", "owner");
    output_member(cert, "assignee", "assignee");
    output_member(cert, "ticket", "ticket");
    output_member(cert, "next_notice_at", "next notice");
    output_member(current, "subject", "subject");
    output_member(current, "sans", "names");
    output_member(current, "issuer", "issuer");
    output_member(current, "serial", "serial");
    output_member(current, "fingerprint_sha256", "SHA-256");
    output_member(current, "chain_status", "chain");
}

static bool show_one(const struct verb_call *call, const char *id, struct err *err)
{
    autofree(str) char *path = xasprintf("/certificates/%s", id);
    autofree(str) char *endpoints_path = xasprintf("/certificates/%s/endpoints", id);
    autofree(str) char *renewal_path = xasprintf("/certificates/%s/renewal", id);
    autofree(json) struct json *cert = NULL;
    autofree(json) struct json *endpoints = NULL;
    autofree(json) struct json *renewal = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &cert, err))
        return false;
    if (call->json) {
        output_json(cert);
        return true;
    }
    if (!remote_call(call->remote, "GET", endpoints_path, NULL, &endpoints, err) ||
        !remote_call(call->remote, "GET", renewal_path, NULL, &renewal, err))
        return false;
    show_certificate(cert);
    output_member(renewal, "text", "renewal");
    show_endpoints(endpoints);
    return true;
}

static bool show(const struct verb_call *call, struct err *err)
{
    return show_one(call, call->words[0], err);
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

static bool add_one(const struct verb_call *call, const char *host, struct err *err)
{
    const struct cert_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(65536);
    autofree(json) struct json *made = NULL;
    autofree(json) struct json *job = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    write_endpoint(&out, o, host);
    cert_write_fields(&out, o);
    json_end(&out);
    if (!json_out_check(&out, err) ||
        !remote_call(call->remote, "POST", "/certificates", buf_text(&body), &made, err))
        return err_wrap(err, "could not add %s", host);
    autofree(str) char *id = output_text(made, "id");

    if (o->wait && !remote_wait(call->remote, json_as_i64(json_member(made, "job"), 0), &job, err))
        return false;
    if (o->wait)
        return show_one(call, id, err);
    if (call->json)
        output_json(made);
    else
        printf("%s is certificate %s\n", host, id);
    return true;
}

static bool add(const struct verb_call *call, struct err *err)
{
    const struct cert_options *const o = call->asked;

    if (o->file)
        return cert_add_file(call, err);
    for (size_t i = 0; i < call->n_words; i++)
        if (!add_one(call, call->words[i], err))
            return false;
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

static void write_filter(struct json_out *out, const struct cert_options *o)
{
    const char *const texts[][2] = { { "q", o->search }, { "owner", o->owner }, { "tag", o->tag },
        { "flag", o->flag } };

    json_begin_object(out, "filter");
    if (o->status)
        json_split(out, "status", o->status, ',');
    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i][1])
            json_str(out, texts[i][0], texts[i][1]);
    json_end(out);
}

static bool write_selection(const struct verb_call *call, struct json_out *out, struct err *err)
{
    json_begin_object(out, NULL);
    if (call->n_words == 0)
        write_filter(out, call->asked);
    else if (!items_write_ids(out, call->words, call->n_words, err))
        return false;
    json_end(out);
    return json_out_check(out, err);
}

static bool update(const struct verb_call *call, struct err *err)
{
    const struct cert_options *const o = call->asked;
    const bool has_filter = o->status || o->search || o->owner || o->tag || o->flag;
    autodone(buf) struct buf body = BUF_INIT(1u << 20);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;
    struct json_out out;

    if (call->n_words == 0 && !o->all && !has_filter)
        return fail(err, ERR_INVALID, "say which: ids, --all, or a filter such as --status");
    json_out_init(&out, &body);
    if (!write_selection(call, &out, err) ||
        !remote_call(call->remote, "POST", "/certificates/update", buf_text(&body), &started, err))
        return false;
    if (!o->wait) {
        autofree(str) char *id = output_text(started, "job");

        printf("job %s\n", id);
        return true;
    }
    if (!remote_wait(call->remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    if (call->json)
        output_json(job);
    else
        show_changes(job);
    return true;
}

/* "-f" is a way to add, and then the only one. */
static bool is_right(const struct verb_call *call)
{
    const struct cert_options *const o = call->asked;

    if (strcmp(call->verb, "add") == 0)
        return (call->n_words > 0) != (o->file != NULL);
    return !o->file;
}

int cli_cert(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "add", 0, SIZE_MAX, add }, { "update", 0, SIZE_MAX, update },
        { "export", .run_alone = cert_export_run }, { "import", .run_alone = cert_import_run },
        { "replace", .run_alone = cert_replace_run }, { "access", .run_alone = cert_access_run },
        { "edit", .run_alone = cert_edit_run }, { "delete", .run_alone = cert_edit_run },
        { "watch", .run_alone = cert_edit_run }, { "unwatch", .run_alone = cert_edit_run },
        { "versions", .run_alone = cert_edit_run }, { "log", .run_alone = cert_edit_run },
        { "compare", .run_alone = cert_judge_run }, { "confirm", .run_alone = cert_judge_run },
        { "dead", .run_alone = cert_judge_run }, { "alive", .run_alone = cert_judge_run },
        { "bulk", .run_alone = cert_bulk_run }, { "enroll", .run_alone = ticket_record_run },
        { "renew", .run_alone = ticket_record_run }, { "revoke", .run_alone = ticket_record_run },
        { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk cert list [--status S,…] [--search TEXT] [--owner NAME] [--tag TAG] [--flag FLAG]\n"
            "                          [--assignee NAME|-] [--source SOURCE] [--stage STAGE] [--profile NAME]\n"
            "                          [--business-group NAME] [--resource NAME] [--issuer NAME] [--unused]\n"
            "                          [--expires-before DATE] [--expires-after DATE]\n"
            "                          [--sort COLUMN] [--limit N | --all] [-o table|json]\n"
            "       certdesk cert show ID [-o table|json]\n"
            "       certdesk cert add HOST[:PORT]… [--name NAME] [--sni NAME] [--protocol PROTO] [--tags A,B]\n"
            "                         [--owner NAME] [--assignee NAME] [--wait] [-o table|json]\n"
            "       certdesk cert add -f FILE|- [--protocol PROTO] [--tags A,B] [--owner NAME]\n"
            "                         [--assignee NAME] [-o table|json]\n"
            "       certdesk cert update ID… | --all | --status S,… [--wait] [-o table|json]\n"
            "       " CERT_EDIT_USAGE "\n"
            "       " CERT_JUDGE_USAGE "\n"
            "       " CERT_EXPORT_USAGE "\n"
            "       " CERT_IMPORT_USAGE "\n"
            "       " CERT_REPLACE_USAGE "\n"
            "       " CERT_ACCESS_USAGE "\n"
            "       " CERT_BULK_USAGE "\n"
            "       " TICKET_RECORD_USAGE "\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct cert_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
