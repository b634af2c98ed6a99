/* cli: certdesk ticket, and the words of certdesk cert that are its transitions. */
#include "cli/ticket.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "codec/url.h"

#define COMMENT_MAX 32000

static int usage(void)
{
    fputs("usage: certdesk ticket create --profile NAME [--csr FILE | NAME…] [--subject O=TEXT]…\n"
          "                              [--key rsa[:BITS]|ec[:CURVE]|ed25519] [--summary TEXT]\n"
          "                              [--project KEY] [--certificate ID]\n"
          "       certdesk ticket create --profile NAME --revoke CERTIFICATE-ID --domain NAME\n"
          "                              [--reason REASON] [--summary TEXT]\n"
          "       certdesk ticket list [--status S] [--assignee NAME] [--search TEXT]\n"
          "                            [--project KEY] [--profile NAME] [-o table|json]\n"
          "       certdesk ticket show KEY [-o table|json]\n"
          "       certdesk ticket enroll|cancel|resolve|reopen KEY [--comment TEXT]\n"
          "       certdesk ticket renew KEY [--csr FILE] [--force] [--comment TEXT]\n"
          "       certdesk ticket revoke KEY [--reason REASON] [--comment TEXT]\n"
          "       certdesk ticket approve|refuse KEY [--comment TEXT]\n"
          "       certdesk ticket comment KEY TEXT|-\n"
          "       certdesk ticket csr KEY FILE|-\n"
          "       certdesk ticket attachment KEY [ID]\n"
          "       certdesk ticket attach KEY FILE\n"
          "       certdesk ticket watch|unwatch KEY [--user NAME]\n",
        stderr);
    return CLI_USAGE;
}

static void add_row(struct table *table, const struct json *ticket)
{
    static const char *const members[] = { "key", "status", "priority", "assignee", "summary" };

    for (size_t i = 0; i < countof(members); i++) {
        autofree(str) char *text = output_text(ticket, members[i]);

        table_add(table, text);
    }
}

static bool list(struct remote *remote, const char *query, bool json, struct err *err)
{
    autodone(table) struct table table = { 0 };
    autofree(str) char *cursor = NULL;

    table_init(&table, 5);
    static const char *const names[] = { "KEY", "STATUS", "PRIORITY", "ASSIGNEE", "SUMMARY" };

    for (size_t i = 0; i < countof(names); i++)
        table_add(&table, names[i]);
    do {
        autodone(buf) struct buf path = BUF_INIT(8192);
        autofree(json) struct json *page = NULL;

        buf_addf(&path, "/tickets?limit=500%s", query);
        if (cursor) {
            buf_add_text(&path, "&cursor=");
            url_encode(span_text(cursor), &path);
        }
        if (!remote_call(remote, "GET", buf_text(&path), NULL, &page, err))
            return false;
        const struct json *items = json_member(page, "items");

        for (size_t i = 0; i < json_list_size(items); i++) {
            if (json)
                output_json(json_list_item(items, i));
            else
                add_row(&table, json_list_item(items, i));
        }
        str_set(&cursor, json_as_text(json_member(page, "next_cursor")));
    } while (cursor);
    if (!json)
        table_print(&table);
    return true;
}

/* Who of how many agreed, and where the certificate is to be seen. */
static void show_what_is_open(const struct json *ticket)
{
    const struct json *const approvals = json_member(ticket, "approvals");
    const struct json *const given = json_member(approvals, "given");
    const struct json *const expected = json_member(ticket, "expected_at");
    autofree(str) char *needed = output_text(approvals, "needed");
    autofree(str) char *group = output_text(approvals, "group");
    autofree(str) char *link = output_text(ticket, "certificate_link");

    if (link[0])
        output_pair("link", link);
    if (group[0]) {
        autofree(str) char *text = xasprintf("%s of the group %s are needed", needed, group);

        output_pair("approvals", text);
    }
    for (size_t i = 0; i < json_list_size(given); i++) {
        const struct json *const one = json_list_item(given, i);
        const bool yes = json_as_bool(json_member(one, "approved"), false);
        autofree(str) char *who = output_text(one, "account");

        output_pair(yes ? "approved_by" : "refused_by", who);
    }
    for (size_t i = 0; i < json_list_size(expected); i++) {
        const struct json *const one = json_list_item(expected, i);
        const bool seen = json_as_bool(json_member(one, "seen"), false);
        autofree(str) char *where = output_text(one, "endpoint");
        autofree(str) char *text = xasprintf("%s, %s", where, seen ? "seen" : "not seen");

        output_pair("expected_at", text);
    }
}

static void show_comments(const struct json *page)
{
    const struct json *items = json_member(page, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *comment = json_list_item(items, i);
        autofree(str) char *author = output_text(comment, "author");
        autofree(str) char *at = output_text(comment, "created_at");
        autofree(str) char *body = output_text(comment, "body");

        for (char *p = body; *p; p++)
            if ((unsigned char)*p < ' ' && *p != '\n')
                *p = ' ';
        printf("\n%s, %s:\n%s\n", author[0] ? author : "certdesk", at, body);
    }
}

static bool show(struct remote *remote, const char *key, bool json, struct err *err)
{
    static const char *const members[] = { "key", "type", "status", "summary", "profile", "domain",
        "certificate_id", "expires_at", "priority", "reporter", "assignee", "due_at",
        "snoozed_until", "resolution" };
    autofree(str) char *path = xasprintf("/tickets/%s", key);
    autofree(str) char *comments_path = xasprintf("/tickets/%s/comments?limit=500", key);
    autofree(json) struct json *ticket = NULL;
    autofree(json) struct json *comments = NULL;

    if (!remote_call(remote, "GET", path, NULL, &ticket, err))
        return false;
    if (json) {
        output_json(ticket);
        return true;
    }
    if (!remote_call(remote, "GET", comments_path, NULL, &comments, err))
        return false;
    for (size_t i = 0; i < countof(members); i++) {
        autofree(str) char *text = output_text(ticket, members[i]);

        if (text[0])
            output_pair(members[i], text);
    }
    show_what_is_open(ticket);
    show_comments(comments);
    return true;
}

static bool read_comment(const char *text, struct buf *body, struct err *err)
{
    char chunk[4096];
    size_t n;

    if (strcmp(text, "-") != 0) {
        buf_add_text(body, text);
        return buf_check(body, "comment", err);
    }
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        buf_add(body, chunk, n);
    return buf_check(body, "comment", err);
}

static bool comment(struct remote *remote, const char *key, const char *text, struct err *err)
{
    autofree(str) char *path = xasprintf("/tickets/%s/comments", key);
    autodone(buf) struct buf words = BUF_INIT(COMMENT_MAX);
    autodone(buf) struct buf body = BUF_INIT(8 * COMMENT_MAX);
    autofree(json) struct json *made = NULL;
    struct json_out out;

    if (!read_comment(text, &words, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "body", buf_text(&words));
    json_end(&out);
    return remote_call(remote, "POST", path, buf_text(&body), &made, err);
}

static void add_query(struct buf *query, const char *name, const char *value)
{
    buf_addf(query, "&%s=", name);
    url_encode(span_text(value), query);
}

static const struct option options[] = { { "status", required_argument, NULL, 's' },
    { "assignee", required_argument, NULL, 'a' }, { "search", required_argument, NULL, 'q' },
    { "project", required_argument, NULL, 'P' }, { "profile", required_argument, NULL, 'p' },
    { "csr", required_argument, NULL, 'c' }, { "summary", required_argument, NULL, 'S' },
    { "certificate", required_argument, NULL, 'C' }, { "key", required_argument, NULL, 'k' },
    { "subject", required_argument, NULL, 'j' }, { "comment", required_argument, NULL, 'm' },
    { "reason", required_argument, NULL, 'r' }, { "revoke", required_argument, NULL, 'R' },
    { "domain", required_argument, NULL, 'd' }, { "user", required_argument, NULL, 'u' },
    { "force", no_argument, NULL, 'f' }, { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' }, { 0 } };

static bool take_text(struct ticket_options *o, int option)
{
    const struct {
        int option;
        const char **text;
    } texts[] = { { 'P', &o->project }, { 'p', &o->profile }, { 'c', &o->csr },
        { 'S', &o->summary }, { 'C', &o->certificate }, { 'k', &o->key }, { 'm', &o->comment },
        { 'r', &o->reason }, { 'R', &o->revoke }, { 'd', &o->domain }, { 'u', &o->user } };

    for (size_t i = 0; i < countof(texts); i++) {
        if (texts[i].option == option) {
            *texts[i].text = optarg;
            return true;
        }
    }
    return false;
}

static bool take_option(struct ticket_options *o, int option)
{
    switch (option) {
    case 's':
        add_query(&o->query, "status", optarg);
        return true;
    case 'a':
        add_query(&o->query, "assignee", optarg);
        return true;
    case 'q':
        add_query(&o->query, "q", optarg);
        return true;
    case 'j':
        if (o->n_subject == TICKET_ATTRIBUTES_MAX || !strchr(optarg, '='))
            return false;
        o->subject[o->n_subject++] = optarg;
        return true;
    case 'f':
        return o->is_forced = true;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
    default:
        return take_text(o, option);
    }
}

static bool take_options(struct ticket_options *o, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(o, option))
            return false;
    return true;
}

static bool run_list(struct remote *remote, struct ticket_options *o, struct err *err)
{
    if (o->project)
        add_query(&o->query, "project", o->project);
    if (o->profile)
        add_query(&o->query, "profile", o->profile);
    return list(remote, buf_text(&o->query), o->json, err);
}

static bool run(struct ticket_options *o, const char *verb, char **rest, int n, struct err *err)
{
    autofree(remote) struct remote *remote = NULL;

    if (!remote_open(&remote, err))
        return false;
    if (strcmp(verb, "list") == 0)
        return run_list(remote, o, err);
    if (strcmp(verb, "create") == 0)
        return ticket_create(remote, o, rest, (size_t)n, err);
    if (strcmp(verb, "show") == 0)
        return show(remote, rest[0], o->json, err);
    if (strcmp(verb, "comment") == 0)
        return comment(remote, rest[0], rest[1], err);
    if (strcmp(verb, "csr") == 0)
        return ticket_csr(remote, rest[0], rest[1], err);
    if (strcmp(verb, "attachment") == 0)
        return ticket_files(remote, o, rest[0], n > 1 ? rest[1] : NULL, err);
    if (strcmp(verb, "attach") == 0)
        return ticket_attach(remote, rest[0], rest[1], err);
    if (strcmp(verb, "watch") == 0 || strcmp(verb, "unwatch") == 0)
        return ticket_watch(remote, o, verb[0] == 'w', rest[0], err);
    if (strcmp(verb, "approve") == 0 || strcmp(verb, "refuse") == 0)
        return ticket_approve(remote, o, verb[0] == 'a', rest[0], err);
    return ticket_move(remote, o, verb, rest[0], err);
}

int cli_ticket(int argc, char **argv)
{
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "create", 0, 1000 },
        { "show", 1, 1 }, { "comment", 2, 2 }, { "enroll", 1, 1 }, { "renew", 1, 1 },
        { "revoke", 1, 1 }, { "cancel", 1, 1 }, { "resolve", 1, 1 }, { "reopen", 1, 1 },
        { "approve", 1, 1 }, { "refuse", 1, 1 }, { "csr", 2, 2 }, { "attachment", 1, 2 },
        { "attach", 2, 2 }, { "watch", 1, 1 }, { "unwatch", 1, 1 }, { 0 } };
    struct ticket_options o = { .query = BUF_INIT(8192) };
    struct err err = { 0 };
    bool works = false;

    if (argc < 2)
        return usage();
    const bool is_good =
        take_options(&o, argc - 1, argv + 1) && items_is_verb(verbs, argv[1], argc - 1 - optind);

    if (is_good)
        works = run(&o, argv[1], argv + 1 + optind, argc - 1 - optind, &err);
    buf_done(&o.query);
    if (!is_good)
        return usage();
    return works ? CLI_OK : output_fail(&err);
}

int ticket_record_run(int argc, char **argv)
{
    struct ticket_options o = { .query = BUF_INIT(8192) };
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    const bool is_good = take_options(&o, argc, argv) && argc - optind >= 1;

    buf_done(&o.query);
    if (!is_good) {
        fputs("usage: " TICKET_RECORD_USAGE "\n", stderr);
        return CLI_USAGE;
    }
    return remote_open(&remote, &err) &&
                   ticket_record(remote, &o, argv[0], argv + optind, (size_t)(argc - optind), &err)
               ? CLI_OK
               : output_fail(&err);
}
