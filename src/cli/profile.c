/* cli: certdesk profile list, show, add, edit, check, delete, force. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/profile_body.h"
#include "cli/verbs.h"

#define BODY_MAX 524288
#define REQUEST_MAX 262144

/* What only some of the verbs take. */
struct asked {
    struct profile_options body;
    const char *names; /* check: the names to ask for */
    struct verb_list subject;
    bool is_stop; /* force */
};

#define BODY(member) offsetof(struct asked, body.member)

static const struct verb_option options[] = {
    { "name", required_argument, BODY(name), NULL },
    { "description", required_argument, BODY(description), NULL },
    { "ca", required_argument, BODY(ca), NULL },
    { "keys", required_argument, BODY(keys), NULL },
    { "made-by", required_argument, BODY(made_by), NULL },
    { "domains", required_argument, BODY(domains), NULL },
    { "wildcards", required_argument, BODY(wildcards), NULL },
    { "ip", required_argument, BODY(ip), NULL },
    { "email", required_argument, BODY(email), NULL },
    { "uri", required_argument, BODY(uri), NULL },
    { "require", required_argument, BODY(required), NULL },
    { "allow", required_argument, BODY(allowed), NULL },
    { "fix", required_argument, BODY(fixed), verbs_keep_each },
    { "max-names", required_argument, BODY(max_names), NULL },
    { "usage", required_argument, BODY(usage), NULL },
    { "lifetime", required_argument, BODY(lifetime), NULL },
    { "window", required_argument, BODY(window), NULL },
    { "auto-renew", required_argument, BODY(auto_renew), NULL },
    { "scan-minutes", required_argument, BODY(scan_minutes), NULL },
    { "renewal-key", required_argument, BODY(renewal_key), NULL },
    { "users", required_argument, BODY(users), NULL },
    { "groups", required_argument, BODY(groups), NULL },
    { "approvals", required_argument, BODY(approvals), NULL },
    { "approvers", required_argument, BODY(approvers), NULL },
    { "everybody", no_argument, BODY(is_everybody), NULL },
    { "disable", no_argument, BODY(is_disabled), NULL },
    { "enable", no_argument, BODY(is_enabled), NULL },
    { "names", required_argument, offsetof(struct asked, names), NULL },
    { "subject", required_argument, offsetof(struct asked, subject), verbs_keep_each },
    { "stop", no_argument, offsetof(struct asked, is_stop), NULL },
    { 0 },
};

/* ---- showing ---- */

static void show_list(const struct json *list, const char *label)
{
    for (size_t i = 0; i < json_list_size(list); i++)
        output_pair(label, json_as_text(json_list_item(list, i)));
}

/* true is "any", false says nothing, else it is a list. */
static void show_any_or_list(const struct json *value, const char *label)
{
    if (json_as_bool(value, false))
        output_pair(label, "any");
    show_list(value, label);
}

static void show_names(const struct json *names)
{
    show_list(json_member(names, "domains"), "domain");
    output_member(names, "wildcards", "wildcards");
    show_any_or_list(json_member(names, "ip"), "addresses");
    show_any_or_list(json_member(names, "email"), "mail addresses");
    output_member(names, "uri", "URIs");
    show_list(json_member(json_member(names, "subject"), "required"), "required field");
    output_member(names, "max_names", "names at most");
}

static void show_renewal(const struct json *profile)
{
    const struct json *const window = json_member(profile, "window");
    autofree(str) char *days = output_text(window, "days");
    autofree(str) char *percent = output_text(window, "percent");
    autofree(str) char *text = days[0]
                                   ? xasprintf("%s days before the end", days)
                                   : xasprintf("when %s percent of the lifetime are left", percent);

    output_member(profile, "lifetime_days", "lifetime in days");
    output_pair("window", text);
    output_member(profile, "renews_itself", "renews itself");
    output_member(profile, "scan_minutes", "scan in minutes");
    output_member(profile, "renewal_key", "key at renewal");
    output_member(profile, "is_forcing", "Force Renewal");
}

static void show_people(const struct json *profile)
{
    const struct json *const users = json_member(profile, "users");
    const struct json *const approvals = json_member(profile, "approvals");

    if (json_as_bool(json_member(users, "everybody"), false))
        output_pair("used by", "everybody");
    show_list(json_member(users, "users"), "used by");
    show_list(json_member(users, "groups"), "used by group");
    output_member(approvals, "needed", "approvals");
    output_member(approvals, "group", "approved by");
}

static void show_profile(const struct json *profile)
{
    output_member(profile, "name", "name");
    output_member(profile, "description", "description");
    output_member(profile, "ca", "CA");
    show_list(json_member(json_member(profile, "key"), "algorithms"), "key");
    output_member(json_member(profile, "key"), "made_by", "key made by");
    show_names(json_member(profile, "names"));
    output_member(profile, "usage", "usage");
    show_renewal(profile);
    show_people(profile);
    output_member(profile, "disabled", "disabled");
    output_member(profile, "n_certificates", "certificates");
}

/* ---- the verbs ---- */

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "CA", "ca" },
        { "USAGE", "usage" }, { "LIFETIME", "lifetime_days" }, { "RENEWS ITSELF", "renews_itself" },
        { "CERTIFICATES", "n_certificates" }, { "DESCRIPTION", "description" }, { 0 } };

    return items_print(call->remote, "/profiles", columns, call->json, err);
}

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", call->words[0], "");
    autofree(json) struct json *profile = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &profile, err))
        return false;
    if (call->json)
        output_json(profile);
    else
        show_profile(profile);
    return true;
}

/* What became of a profile is told to who asked for JSON. */
static bool change(const struct verb_call *call, const char *method, const char *path,
    const char *body, struct err *err)
{
    autofree(json) struct json *after = NULL;

    if (!remote_call(call->remote, method, path, body, &after, err))
        return false;
    if (call->json)
        output_json(after);
    return true;
}

static bool add(const struct verb_call *call, struct err *err)
{
    const struct asked *const asked = call->asked;
    struct profile_options profile = asked->body;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);

    profile.name = call->words[0];
    return profile_body_write(&profile, NULL, &body, err) &&
           change(call, "POST", "/profiles", buf_text(&body), err);
}

/* Somebody else's change meanwhile is told. */
static bool edit(const struct verb_call *call, struct err *err)
{
    const struct asked *const asked = call->asked;
    autofree(str) char *path = items_path("/profiles/", call->words[0], "");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *present = NULL;

    if (!remote_call(call->remote, "GET", path, NULL, &present, err) ||
        !profile_body_write(&asked->body, present, &body, err))
        return false;
    remote_set_match(call->remote, json_as_text(json_member(present, "etag")));
    return change(call, "PATCH", path, buf_text(&body), err);
}

static bool delete (const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", call->words[0], "");

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

static bool force(const struct verb_call *call, struct err *err)
{
    const struct asked *const asked = call->asked;
    autofree(str) char *path = items_path("/profiles/", call->words[0], "/force-renewal");

    return change(call, asked->is_stop ? "DELETE" : "POST", path, NULL, err);
}

/* ---- check ---- */

static bool write_request(const char *file, struct json_out *out, struct err *err)
{
    autodone(buf) struct buf request = BUF_INIT(REQUEST_MAX);

    if (!ask_content(file, &request, err))
        return false;
    json_str_span(out, "csr", buf_span(&request));
    return true;
}

static bool write_wish(const struct asked *asked, struct json_out *out, struct err *err)
{
    json_begin_object(out, "subject");
    for (size_t i = 0; i < asked->subject.n; i++) {
        const struct span whole = span_text(asked->subject.items[i]);
        const size_t equals = span_find_char(whole, '=');
        char field[64];

        if (equals == SIZE_MAX)
            return fail(err, ERR_INVALID, "--subject: \"%s\" has no \"=\"",
                asked->subject.items[i]);
        span_copy_text(span_slice(whole, 0, equals), field, sizeof field);
        json_str_span(out, field, span_slice(whole, equals + 1, SIZE_MAX));
    }
    json_end(out);
    json_split(out, "sans", asked->names, ',');
    return true;
}

static void show_verdict(const struct json *verdict)
{
    const struct json *const broken = json_member(verdict, "broken");

    if (json_as_bool(json_member(verdict, "allowed"), false))
        output_pair("verdict", "allowed");
    for (size_t i = 0; i < json_list_size(broken); i++) {
        const struct json *const item = json_list_item(broken, i);

        output_pair(json_as_text(json_member(item, "rule")),
            json_as_text(json_member(item, "message")));
    }
}

/* Not allowed is a failure, for scripts. */
static bool check(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", call->words[0], "/check");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *verdict = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!(call->n_words == 2 ? write_request(call->words[1], &out, err)
                             : write_wish(call->asked, &out, err)))
        return false;
    json_end(&out);
    if (!json_out_check(&out, err) ||
        !remote_call(call->remote, "POST", path, buf_text(&body), &verdict, err))
        return false;
    if (call->json)
        output_json(verdict);
    else
        show_verdict(verdict);
    return json_as_bool(json_member(verdict, "allowed"), false) ||
           fail(err, ERR_INVALID, "the profile does not allow this");
}

static bool is_right(const struct verb_call *call)
{
    const struct asked *const asked = call->asked;

    if (strcmp(call->verb, "check") == 0 && (call->n_words == 2) == (asked->names != NULL))
        return false;
    return !(asked->body.is_disabled && asked->body.is_enabled);
}

int cli_profile(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "show", 1, 1, show },
        { "add", 1, 1, add }, { "edit", 1, 1, edit }, { "check", 1, 2, check },
        { "delete", 1, 1, delete }, { "force", 1, 1, force }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk profile list [-o table|json]\n"
            "       certdesk profile show NAME [-o table|json]\n"
            "       certdesk profile add NAME --ca CA --domains NAME,… [OPTION…]\n"
            "       certdesk profile edit NAME [--name NAME] [OPTION…]\n"
            "       certdesk profile check NAME FILE|- [-o table|json]\n"
            "       certdesk profile check NAME --names NAME,… [--subject O=TEXT]… [-o table|json]\n"
            "       certdesk profile delete NAME\n"
            "       certdesk profile force NAME [--stop]\n"
            "options: --ca CA  --description TEXT  --disable | --enable\n"
            "         --domains NAME,…  --wildcards yes|no  --ip any|none|RANGE,…\n"
            "         --email any|none|DOMAIN,…  --uri yes|no  --max-names N\n"
            "         --require FIELD,…  --allow any|FIELD,…  --fix FIELD=TEXT  (repeatable)\n"
            "         --keys KEY,…  --made-by server|requester|either  --usage server|client|both\n"
            "         --lifetime DAYS  --window DAYS|N%  --auto-renew yes|no  --scan-minutes N|-\n"
            "         --renewal-key same|new|ask\n"
            "         --users NAME,…  --groups NAME,… | --everybody  --approvals N --approvers GROUP\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct asked asked = { 0 };

    return verbs_run(&word, &asked, argc, argv);
}
