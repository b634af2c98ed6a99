/* cli: certdesk ticket, and the words of certdesk cert that are its transitions. */
#include "cli/ticket.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"

#define COMMENT_MAX 32000
#define QUERY_MAX 8192

static const struct verb_option options[] = {
    { "status", required_argument, offsetof(struct ticket_options, status), NULL },
    { "assignee", required_argument, offsetof(struct ticket_options, assignee), NULL },
    { "search", required_argument, offsetof(struct ticket_options, search), NULL },
    { "project", required_argument, offsetof(struct ticket_options, project), NULL },
    { "profile", required_argument, offsetof(struct ticket_options, profile), NULL },
    { "csr", required_argument, offsetof(struct ticket_options, csr), NULL },
    { "summary", required_argument, offsetof(struct ticket_options, summary), NULL },
    { "certificate", required_argument, offsetof(struct ticket_options, certificate), NULL },
    { "key", required_argument, offsetof(struct ticket_options, key), NULL },
    { "subject", required_argument, offsetof(struct ticket_options, subject), verbs_keep_pair },
    { "comment", required_argument, offsetof(struct ticket_options, comment), NULL },
    { "reason", required_argument, offsetof(struct ticket_options, reason), NULL },
    { "revoke", required_argument, offsetof(struct ticket_options, revoke), NULL },
    { "domain", required_argument, offsetof(struct ticket_options, domain), NULL },
    { "user", required_argument, offsetof(struct ticket_options, user), NULL },
    { "description", required_argument, offsetof(struct ticket_options, description), NULL },
    { "priority", required_argument, offsetof(struct ticket_options, priority), NULL },
    { "labels", required_argument, offsetof(struct ticket_options, labels), NULL },
    { "due", required_argument, offsetof(struct ticket_options, due), NULL },
    { "etag", required_argument, offsetof(struct ticket_options, etag), NULL },
    { "force", no_argument, offsetof(struct ticket_options, is_forced), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "KEY", "key" }, { "STATUS", "status" },
        { "PRIORITY", "priority" }, { "ASSIGNEE", "assignee" }, { "SUMMARY", "summary" }, { 0 } };
    const struct ticket_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(QUERY_MAX);

    buf_add_text(&path, "/tickets?limit=500");
    items_add_query(&path, "status", o->status);
    items_add_query(&path, "q", o->search);
    items_add_query(&path, "assignee", o->assignee);
    items_add_query(&path, "project", o->project);
    items_add_query(&path, "profile", o->profile);
    return items_print(call->remote, buf_text(&path), columns, call->json, err);
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
        autofree(str) char *id = output_text(comment, "id");
        autofree(str) char *author = output_text(comment, "author");
        autofree(str) char *at = output_text(comment, "created_at");
        autofree(str) char *body = output_text(comment, "body");

        for (char *p = body; *p; p++)
            if ((unsigned char)*p < ' ' && *p != '\n')
                *p = ' ';
        printf("\n#%s %s, %s:\n%s\n", id, author[0] ? author : "certdesk", at, body);
    }
}

static bool show(const struct verb_call *call, struct err *err)
{
    static const char *const members[] = { "key", "type", "status", "summary", "profile", "domain",
        "certificate_id", "expires_at", "priority", "reporter", "assignee", "due_at",
        "snoozed_until", "resolution", "etag" };
    autofree(str) char *path = items_path("/tickets/", call->words[0], "");
    autofree(str) char *comments_path =
        items_path("/tickets/", call->words[0], "/comments?limit=500");
    autofree(json) struct json *ticket = NULL;
    autofree(json) struct json *comments = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &ticket, err))
        return false;
    if (call->json) {
        output_json(ticket);
        return true;
    }
    if (!remote_call(call->remote, "GET", comments_path, NULL, &comments, err))
        return false;
    for (size_t i = 0; i < countof(members); i++)
        output_member(ticket, members[i], members[i]);
    show_what_is_open(ticket);
    show_comments(comments);
    return true;
}

static bool comment(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/comments");
    const char *const said = call->words[1];
    autodone(buf) struct buf words = BUF_INIT(COMMENT_MAX);
    autodone(buf) struct buf body = BUF_INIT(8 * COMMENT_MAX);
    struct json_out out;

    if (strcmp(said, "-") != 0)
        buf_add_text(&words, said);
    else if (!ask_content("-", &words, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "body", buf_text(&words));
    json_end(&out);
    return buf_check(&words, "comment", err) && json_out_check(&out, err) &&
           remote_do(call->remote, "POST", path, buf_text(&body), err);
}

int cli_ticket(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list },
        { "create", 0, SIZE_MAX, ticket_create }, { "show", 1, 1, show },
        { "edit", 1, 1, ticket_edit }, { "acknowledge", 1, 1, ticket_acknowledge },
        { "snooze", 2, 2, ticket_snooze }, { "comment", 2, 2, comment },
        { "uncomment", 2, 2, ticket_uncomment }, { "enroll", 1, 1, ticket_move },
        { "renew", 1, 1, ticket_move }, { "revoke", 1, 1, ticket_move },
        { "cancel", 1, 1, ticket_move }, { "resolve", 1, 1, ticket_move },
        { "reopen", 1, 1, ticket_move }, { "approve", 1, 1, ticket_approve },
        { "refuse", 1, 1, ticket_approve }, { "csr", 2, 2, ticket_csr },
        { "attachment", 1, 2, ticket_files }, { "attach", 2, 2, ticket_attach },
        { "detach", 2, 2, ticket_detach }, { "watch", 1, 1, ticket_watch },
        { "unwatch", 1, 1, ticket_watch }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk ticket create --profile NAME [--csr FILE | NAME…] [--subject O=TEXT]…\n"
            "                              [--key rsa[:BITS]|ec[:CURVE]|ed25519] [--summary TEXT]\n"
            "                              [--project KEY] [--certificate ID] [--due DATE]\n"
            "       certdesk ticket create --profile NAME --revoke CERTIFICATE-ID --domain NAME\n"
            "                              [--reason REASON] [--summary TEXT]\n"
            "       certdesk ticket list [--status S] [--assignee NAME] [--search TEXT]\n"
            "                            [--project KEY] [--profile NAME] [-o table|json]\n"
            "       certdesk ticket show KEY [-o table|json]\n"
            "       certdesk ticket enroll|cancel|resolve|reopen KEY [--comment TEXT]\n"
            "       certdesk ticket renew KEY [--csr FILE] [--force] [--comment TEXT]\n"
            "       certdesk ticket revoke KEY [--reason REASON] [--comment TEXT]\n"
            "       certdesk ticket approve|refuse KEY [--etag ETAG] [--comment TEXT]\n"
            "       certdesk ticket edit KEY [--summary TEXT] [--description TEXT] [--assignee NAME|-]\n"
            "                            [--priority PRIORITY] [--labels a,b|-] [--due DATE|-]\n"
            "       certdesk ticket acknowledge KEY\n"
            "       certdesk ticket snooze KEY DATE|-\n"
            "       certdesk ticket comment KEY TEXT|-\n"
            "       certdesk ticket uncomment KEY ID\n"
            "       certdesk ticket csr KEY FILE|-\n"
            "       certdesk ticket attachment KEY [ID]\n"
            "       certdesk ticket attach KEY FILE\n"
            "       certdesk ticket detach KEY ID\n"
            "       certdesk ticket watch|unwatch KEY [--user NAME]\n",
        .verbs = verbs,
        .options = options
    };
    struct ticket_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

int ticket_record_run(int argc, char **argv)
{
    static const struct verb verbs[] = { { "enroll", 1, SIZE_MAX, ticket_record },
        { "renew", 1, 1, ticket_record }, { "revoke", 1, 1, ticket_record }, { 0 } };
    static const struct verbs word = { .usage = "usage: " TICKET_RECORD_USAGE "\n",
        .verbs = verbs,
        .options = options };
    struct ticket_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
