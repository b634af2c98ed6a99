/* cli: certdesk user list, add, edit, remove. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/verbs.h"

#define BODY_MAX 16384

struct user_options {
    const char *search;
    const char *role;
    const char *email;
    const char *display_name;
    const char *password_file;
    const char *heir;
    bool disables;
    bool enables;
};

static const struct verb_option options[] = {
    { "search", required_argument, offsetof(struct user_options, search), NULL },
    { "role", required_argument, offsetof(struct user_options, role), NULL },
    { "email", required_argument, offsetof(struct user_options, email), NULL },
    { "display-name", required_argument, offsetof(struct user_options, display_name), NULL },
    { "password-file", required_argument, offsetof(struct user_options, password_file), NULL },
    { "hand-over-to", required_argument, offsetof(struct user_options, heir), NULL },
    { "disable", no_argument, offsetof(struct user_options, disables), NULL },
    { "enable", no_argument, offsetof(struct user_options, enables), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "ROLE", "role" },
        { "DISABLED", "disabled" }, { "E-MAIL", "email" }, { "CALLED", "display_name" }, { 0 } };
    const struct user_options *const o = call->asked;
    autofree(str) char *path =
        o->search ? items_path("/users?limit=500&q=", o->search, "") : xstrdup("/users?limit=500");

    return items_print(call->remote, path, columns, call->json, err);
}

/* Typed twice, as it is not seen. Left empty there is none, and nobody signs in as this user. */
static bool ask_password(struct buf *password, struct err *err)
{
    autodone(buf) struct buf again = BUF_INIT_SECRET(ASK_LINE_MAX);

    if (!ask_line("password (empty: none)", true, password, err))
        return false;
    if (password->size == 0)
        return true;
    if (!ask_line("the same again", true, &again, err))
        return false;
    return strcmp(buf_text(password), buf_text(&again)) == 0 ||
           fail(err, ERR_INVALID, "these were two passwords");
}

static bool read_password(const struct user_options *o, bool is_new, struct buf *password,
    struct err *err)
{
    if (o->password_file)
        return ask_file(o->password_file, password, err);
    return !is_new || !ask_can() || ask_password(password, err);
}

static bool send(const struct verb_call *call, const char *method, const char *path,
    const char *name, struct err *err)
{
    const struct user_options *const o = call->asked;
    autodone(buf) struct buf password = BUF_INIT_SECRET(ASK_LINE_MAX);
    autodone(buf) struct buf body = BUF_INIT_SECRET(BODY_MAX);
    struct json_out out;

    if (!read_password(o, name != NULL, &password, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->role)
        json_str(&out, "role", o->role);
    if (o->email)
        json_str(&out, "email", o->email);
    if (o->display_name)
        json_str(&out, "display_name", o->display_name);
    if (o->password_file || password.size)
        json_str(&out, "password", buf_text(&password));
    if (o->disables || o->enables)
        json_bool(&out, "disabled", o->disables);
    json_end(&out);
    return json_out_check(&out, err) && remote_do(call->remote, method, path, buf_text(&body), err);
}

static bool add(const struct verb_call *call, struct err *err)
{
    return send(call, "POST", "/users", call->words[0], err);
}

static bool edit(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/users/", call->words[0], "");

    return send(call, "PATCH", path, NULL, err);
}

static bool remove_user(const struct verb_call *call, struct err *err)
{
    const struct user_options *const o = call->asked;
    autofree(str) char *heir = o->heir ? items_path("?hand_over_to=", o->heir, "") : xstrdup("");
    autofree(str) char *path = items_path("/users/", call->words[0], heir);

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

static bool is_right(const struct verb_call *call)
{
    const struct user_options *const o = call->asked;

    return !(o->disables && o->enables);
}

int cli_user(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 1, 1, add },
        { "edit", 1, 1, edit }, { "remove", 1, 1, remove_user }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk user list [--search TEXT] [-o table|json]\n"
            "       certdesk user add NAME [--role user|auditor|admin] [--email ADDRESS]\n"
            "                              [--display-name TEXT] [--password-file FILE|-]\n"
            "       certdesk user edit NAME [--role ROLE] [--email ADDRESS] [--display-name TEXT]\n"
            "                               [--password-file FILE|-] [--disable | --enable]\n"
            "       certdesk user remove NAME [--hand-over-to USER]\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct user_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
