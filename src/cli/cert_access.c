/* cli/cert_access: who is around a certificate. The other half of the header is cert_bulk.c. */
#include "cli/cert_access.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BODY_MAX 65536

/* What each list is called by the API, and what the options give: NULL leaves it as it is. */
enum list { LIST_SHARE, LIST_USE_KEY, LIST_NOTIFY, N_LISTS };

static const char *const list_names[N_LISTS] = { "share", "use_key", "notify" };
static const char *const list_labels[N_LISTS] = { "shared with", "may use the key", "notified" };

struct access_options {
    const char *owner;
    const char *assignee; /* "-" is nobody */
    const char *users[N_LISTS];
    const char *groups[N_LISTS];
};

#define USERS(list) offsetof(struct access_options, users[list])
#define GROUPS(list) offsetof(struct access_options, groups[list])

static const struct verb_option options[] = {
    { "owner", required_argument, offsetof(struct access_options, owner), NULL },
    { "assignee", required_argument, offsetof(struct access_options, assignee), NULL },
    { "share-users", required_argument, USERS(LIST_SHARE), NULL },
    { "share-groups", required_argument, GROUPS(LIST_SHARE), NULL },
    { "key-users", required_argument, USERS(LIST_USE_KEY), NULL },
    { "key-groups", required_argument, GROUPS(LIST_USE_KEY), NULL },
    { "notify-users", required_argument, USERS(LIST_NOTIFY), NULL },
    { "notify-groups", required_argument, GROUPS(LIST_NOTIFY), NULL },
    { 0 },
};

static bool is_edit(const struct access_options *o)
{
    bool is = o->owner || o->assignee;

    for (int i = 0; i < N_LISTS; i++)
        is = is || o->users[i] || o->groups[i];
    return is;
}

static void show_names(const struct json *names, const char *label, const char *suffix)
{
    for (size_t i = 0; i < json_list_size(names); i++) {
        autofree(str) char *text =
            xasprintf("%s%s", json_as_text(json_list_item(names, i)), suffix);

        output_pair(label, text);
    }
}

static void show(const struct json *access, bool json)
{
    if (json) {
        output_json(access);
        return;
    }
    autofree(str) char *owner = output_text(access, "owner");
    autofree(str) char *assignee = output_text(access, "assignee");

    output_pair("owner", owner);
    output_pair("assignee", assignee);
    for (int i = 0; i < N_LISTS; i++) {
        const struct json *list = json_member(access, list_names[i]);

        show_names(json_member(list, "users"), list_labels[i], "");
        show_names(json_member(list, "groups"), list_labels[i], " (group)");
    }
}

static void write_names(struct json_out *out, const char *key, const char *given,
    const struct json *present)
{
    if (given)
        json_split(out, key, given, ',');
    else
        json_value(out, key, present);
}

/* A list of which one half is given keeps the other half. */
static bool write_body(const struct access_options *o, const struct json *access, struct buf *body,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    if (o->owner)
        json_str(&out, "owner", o->owner);
    if (o->assignee)
        json_str(&out, "assignee", strcmp(o->assignee, "-") == 0 ? NULL : o->assignee);
    for (int i = 0; i < N_LISTS; i++) {
        const struct json *present = json_member(access, list_names[i]);

        if (!o->users[i] && !o->groups[i])
            continue;
        json_begin_object(&out, list_names[i]);
        write_names(&out, "users", o->users[i], json_member(present, "users"));
        write_names(&out, "groups", o->groups[i], json_member(present, "groups"));
        json_end(&out);
    }
    json_end(&out);
    return json_out_check(&out, err);
}

static bool run(const struct verb_call *call, struct err *err)
{
    const struct access_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = xasprintf("/certificates/%s/access", call->words[0]);
    autofree(json) struct json *access = NULL;
    autofree(json) struct json *after = NULL;
    int64_t id;

    if (!parse_i64(span_text(call->words[0]), 1, INT64_MAX, &id, err) ||
        !remote_call(call->remote, "GET", path, NULL, &access, err))
        return false;
    if (!is_edit(o)) {
        show(access, call->json);
        return true;
    }
    remote_set_match(call->remote, json_as_text(json_member(access, "etag")));
    if (!write_body(o, access, &body, err) ||
        !remote_call(call->remote, "PUT", path, buf_text(&body), &after, err))
        return false;
    if (after) /* none for who has just given up the last part they had in it */
        show(after, call->json);
    return true;
}

int cert_access_run(int argc, char **argv)
{
    static const struct verb verbs[] = { { "access", 1, 1, run }, { 0 } };
    static const struct verbs word = { .usage = "usage: " CERT_ACCESS_USAGE "\n",
        .verbs = verbs,
        .options = options };
    struct access_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
