/* cli: certdesk ticket list, show, comment. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "codec/url.h"

#define COMMENT_MAX 32000

static int usage(void)
{
    fputs(
        "usage: certdesk ticket list [--status S] [--assignee NAME] [--search TEXT] [-o table|json]\n"
        "       certdesk ticket show KEY [-o table|json]\n"
        "       certdesk ticket comment KEY TEXT|-\n",
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
    static const char *const members[] = { "key", "type", "status", "summary", "priority",
        "assignee", "due_at", "snoozed_until", "resolution" };
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

int cli_ticket(int argc, char **argv)
{
    static const struct option options[] = { { "status", required_argument, NULL, 's' },
        { "assignee", required_argument, NULL, 'a' }, { "search", required_argument, NULL, 'q' },
        { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    autodone(buf) struct buf query = BUF_INIT(8192);
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    bool json = false;
    bool works;
    int option;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == 's')
            add_query(&query, "status", optarg);
        else if (option == 'a')
            add_query(&query, "assignee", optarg);
        else if (option == 'q')
            add_query(&query, "q", optarg);
        else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
            json = optarg[0] == 'j';
        else
            return usage();
    }
    char **rest = argv + optind;
    int n = argc - optind;
    bool is_list = strcmp(verb, "list") == 0 && n == 0;
    bool is_show = strcmp(verb, "show") == 0 && n == 1;

    if (!is_list && !is_show && !(strcmp(verb, "comment") == 0 && n == 2))
        return usage();
    if (!remote_open(&remote, &err))
        return output_fail(&err);
    if (is_list)
        works = list(remote, buf_text(&query), json, &err);
    else if (is_show)
        works = show(remote, rest[0], json, &err);
    else
        works = comment(remote, rest[0], rest[1], &err);
    return works ? CLI_OK : output_fail(&err);
}
