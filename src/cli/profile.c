/* cli: certdesk profile list, show, add, edit, check, delete, force. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/profile_body.h"

#define BODY_MAX 524288
#define REQUEST_MAX 262144

/* What only some of the verbs take. */
struct asked {
    struct profile_options body;
    const char *names; /* check: the names to ask for */
    const char *subject[PROFILE_FIXED_MAX];
    size_t n_subject;
    bool is_stop; /* force */
    bool json;
};

static const struct option options[] = {
    { "name", required_argument, NULL, 1 },
    { "description", required_argument, NULL, 2 },
    { "ca", required_argument, NULL, 3 },
    { "keys", required_argument, NULL, 4 },
    { "made-by", required_argument, NULL, 5 },
    { "domains", required_argument, NULL, 6 },
    { "wildcards", required_argument, NULL, 7 },
    { "ip", required_argument, NULL, 8 },
    { "email", required_argument, NULL, 9 },
    { "uri", required_argument, NULL, 10 },
    { "require", required_argument, NULL, 11 },
    { "allow", required_argument, NULL, 12 },
    { "max-names", required_argument, NULL, 13 },
    { "usage", required_argument, NULL, 14 },
    { "lifetime", required_argument, NULL, 15 },
    { "window", required_argument, NULL, 16 },
    { "auto-renew", required_argument, NULL, 17 },
    { "scan-minutes", required_argument, NULL, 18 },
    { "renewal-key", required_argument, NULL, 19 },
    { "users", required_argument, NULL, 20 },
    { "groups", required_argument, NULL, 21 },
    { "approvals", required_argument, NULL, 22 },
    { "approvers", required_argument, NULL, 23 },
    { "names", required_argument, NULL, 24 },
    { "fix", required_argument, NULL, 'x' },
    { "subject", required_argument, NULL, 's' },
    { "everybody", no_argument, NULL, 'a' },
    { "disable", no_argument, NULL, 'D' },
    { "enable", no_argument, NULL, 'E' },
    { "stop", no_argument, NULL, 'S' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int usage(void)
{
    fputs(
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
        stderr);
    return CLI_USAGE;
}

static bool take_flag(struct asked *asked, int option)
{
    struct profile_options *const o = &asked->body;

    switch (option) {
    case 'x':
        if (o->n_fixed == PROFILE_FIXED_MAX)
            return false;
        o->fixed[o->n_fixed++] = optarg;
        return true;
    case 's':
        if (asked->n_subject == PROFILE_FIXED_MAX)
            return false;
        asked->subject[asked->n_subject++] = optarg;
        return true;
    case 'a':
        return o->is_everybody = true;
    case 'D':
        return o->is_disabled = true;
    case 'E':
        return o->is_enabled = true;
    case 'S':
        return asked->is_stop = true;
    case 'o':
        asked->json = strcmp(optarg, "json") == 0;
        return asked->json || strcmp(optarg, "table") == 0;
    default:
        return false;
    }
}

static bool take_option(struct asked *asked, int option)
{
    struct profile_options *const o = &asked->body;
    const char **const texts[] = { NULL, &o->name, &o->description, &o->ca, &o->keys, &o->made_by,
        &o->domains, &o->wildcards, &o->ip, &o->email, &o->uri, &o->required, &o->allowed,
        &o->max_names, &o->usage, &o->lifetime, &o->window, &o->auto_renew, &o->scan_minutes,
        &o->renewal_key, &o->users, &o->groups, &o->approvals, &o->approvers, &asked->names };

    if (option <= 0 || option >= (int)countof(texts))
        return take_flag(asked, option);
    *texts[option] = optarg;
    return true;
}

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

static void show_member(const struct json *object, const char *member, const char *label)
{
    autofree(str) char *text = output_text(object, member);

    if (text[0])
        output_pair(label, text);
}

static void show_names(const struct json *names)
{
    show_list(json_member(names, "domains"), "domain");
    show_member(names, "wildcards", "wildcards");
    show_any_or_list(json_member(names, "ip"), "addresses");
    show_any_or_list(json_member(names, "email"), "mail addresses");
    show_member(names, "uri", "URIs");
    show_list(json_member(json_member(names, "subject"), "required"), "required field");
    show_member(names, "max_names", "names at most");
}

static void show_renewal(const struct json *profile)
{
    const struct json *const window = json_member(profile, "window");
    autofree(str) char *days = output_text(window, "days");
    autofree(str) char *percent = output_text(window, "percent");
    autofree(str) char *text = days[0]
                                   ? xasprintf("%s days before the end", days)
                                   : xasprintf("when %s percent of the lifetime are left", percent);

    show_member(profile, "lifetime_days", "lifetime in days");
    output_pair("window", text);
    show_member(profile, "renews_itself", "renews itself");
    show_member(profile, "scan_minutes", "scan in minutes");
    show_member(profile, "renewal_key", "key at renewal");
    show_member(profile, "is_forcing", "Force Renewal");
}

static void show_people(const struct json *profile)
{
    const struct json *const users = json_member(profile, "users");
    const struct json *const approvals = json_member(profile, "approvals");

    if (json_as_bool(json_member(users, "everybody"), false))
        output_pair("used by", "everybody");
    show_list(json_member(users, "users"), "used by");
    show_list(json_member(users, "groups"), "used by group");
    show_member(approvals, "needed", "approvals");
    show_member(approvals, "group", "approved by");
}

static void show(const struct json *profile)
{
    show_member(profile, "name", "name");
    show_member(profile, "description", "description");
    show_member(profile, "ca", "CA");
    show_list(json_member(json_member(profile, "key"), "algorithms"), "key");
    show_member(json_member(profile, "key"), "made_by", "key made by");
    show_names(json_member(profile, "names"));
    show_member(profile, "usage", "usage");
    show_renewal(profile);
    show_people(profile);
    show_member(profile, "disabled", "disabled");
    show_member(profile, "n_certificates", "certificates");
}

/* ---- the verbs ---- */

static bool show_answer(const struct asked *asked, const struct json *profile)
{
    if (asked->json)
        output_json(profile);
    else
        show(profile);
    return true;
}

static bool run_show(struct remote *remote, const struct asked *asked, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", name, "");
    autofree(json) struct json *profile = NULL;

    return remote_call(remote, "GET", path, NULL, &profile, err) && show_answer(asked, profile);
}

static bool run_add(struct remote *remote, struct asked *asked, const char *name, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *made = NULL;

    asked->body.name = name;
    return profile_body_write(&asked->body, NULL, &body, err) &&
           remote_call(remote, "POST", "/profiles", buf_text(&body), &made, err) &&
           (!asked->json || show_answer(asked, made));
}

/* Somebody else's change meanwhile is told. */
static bool run_edit(struct remote *remote, const struct asked *asked, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", name, "");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *present = NULL;
    autofree(json) struct json *after = NULL;

    if (!remote_call(remote, "GET", path, NULL, &present, err) ||
        !profile_body_write(&asked->body, present, &body, err))
        return false;
    remote_set_match(remote, json_as_text(json_member(present, "etag")));
    return remote_call(remote, "PATCH", path, buf_text(&body), &after, err) &&
           (!asked->json || show_answer(asked, after));
}

static bool run_delete(struct remote *remote, const char *name, struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", name, "");
    autofree(json) struct json *gone = NULL;

    return remote_call(remote, "DELETE", path, NULL, &gone, err);
}

static bool run_force(struct remote *remote, const struct asked *asked, const char *name,
    struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", name, "/force-renewal");
    autofree(json) struct json *profile = NULL;

    return remote_call(remote, asked->is_stop ? "DELETE" : "POST", path, NULL, &profile, err) &&
           (!asked->json || show_answer(asked, profile));
}

/* ---- check ---- */

static bool write_request(const char *file, struct json_out *out, struct err *err)
{
    autodone(buf) struct buf request = BUF_INIT(REQUEST_MAX);

    if (!fs_read(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &request, err))
        return false;
    json_str_span(out, "csr", buf_span(&request));
    return true;
}

static bool write_wish(const struct asked *asked, struct json_out *out, struct err *err)
{
    json_begin_object(out, "subject");
    for (size_t i = 0; i < asked->n_subject; i++) {
        const struct span whole = span_text(asked->subject[i]);
        const size_t equals = span_find_char(whole, '=');
        char field[64];

        if (equals == SIZE_MAX)
            return fail(err, ERR_INVALID, "--subject: \"%s\" has no \"=\"", asked->subject[i]);
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
static bool run_check(struct remote *remote, const struct asked *asked, int n, char **words,
    struct err *err)
{
    autofree(str) char *path = items_path("/profiles/", words[0], "/check");
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(json) struct json *verdict = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!(n == 2 ? write_request(words[1], &out, err) : write_wish(asked, &out, err)))
        return false;
    json_end(&out);
    if (!json_out_check(&out, err) ||
        !remote_call(remote, "POST", path, buf_text(&body), &verdict, err))
        return false;
    if (asked->json)
        output_json(verdict);
    else
        show_verdict(verdict);
    return json_as_bool(json_member(verdict, "allowed"), false) ||
           fail(err, ERR_INVALID, "the profile does not allow this");
}

static bool run(struct remote *remote, const char *verb, struct asked *asked, int n, char **words,
    struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "CA", "ca" },
        { "USAGE", "usage" }, { "LIFETIME", "lifetime_days" }, { "RENEWS ITSELF", "renews_itself" },
        { "CERTIFICATES", "n_certificates" }, { "DESCRIPTION", "description" }, { 0 } };

    if (strcmp(verb, "list") == 0)
        return items_print(remote, "/profiles", columns, asked->json, err);
    if (strcmp(verb, "show") == 0)
        return run_show(remote, asked, words[0], err);
    if (strcmp(verb, "add") == 0)
        return run_add(remote, asked, words[0], err);
    if (strcmp(verb, "edit") == 0)
        return run_edit(remote, asked, words[0], err);
    if (strcmp(verb, "check") == 0)
        return run_check(remote, asked, n, words, err);
    if (strcmp(verb, "delete") == 0)
        return run_delete(remote, words[0], err);
    return run_force(remote, asked, words[0], err);
}

int cli_profile(int argc, char **argv)
{
    static const struct items_verb verbs[] = { { "list", 0, 0 }, { "show", 1, 1 }, { "add", 1, 1 },
        { "edit", 1, 1 }, { "check", 1, 2 }, { "delete", 1, 1 }, { "force", 1, 1 }, { 0 } };
    autofree(remote) struct remote *remote = NULL;
    struct asked asked = { 0 };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return usage();
    const char *verb = argv[1];

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&asked, option))
            return usage();
    }
    const int n = argc - optind;

    if (!items_is_verb(verbs, verb, n) ||
        (strcmp(verb, "check") == 0 && (n == 2) == (asked.names != NULL)) ||
        (asked.body.is_disabled && asked.body.is_enabled))
        return usage();
    if (!remote_open(&remote, &err) || !run(remote, verb, &asked, n, argv + optind, &err))
        return output_fail(&err);
    return CLI_OK;
}
