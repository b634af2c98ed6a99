/*
 * cli/cert_judge: what a person says of what was seen, and how versions of a record differ
 * (cli/cert.h).
 *
 * A certificate is named by its SHA-256 fingerprint or the beginning of it, as "cert show" and
 * "cert versions" print it.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/span.h"
#include "cli/cert.h"
#include "cli/items.h"
#include "cli/output.h"

#define BODY_MAX 4096
#define FINGERPRINT_DIGITS 64
#define BEGINNING_DIGITS 4 /* fewer are no name */

/* One certificate is looked for by its name. */
struct pick {
    const char *wanted;
    char *fingerprint; /* the first that was found; NULL: none */
    bool is_ambiguous;
};

static void pick_done(struct pick *pick)
{
    free(pick->fingerprint);
}
DEFINE_AUTODONE(pick);

static bool is_meant(const char *wanted, const char *fingerprint)
{
    const size_t n = strlen(wanted);

    return n >= BEGINNING_DIGITS && strlen(fingerprint) >= n &&
           span_is_nocase(span_of(fingerprint, n), wanted);
}

static void look_at(struct pick *pick, const struct json *version)
{
    const char *const fingerprint = json_as_text(json_member(version, "fingerprint_sha256"));

    if (!fingerprint || !is_meant(pick->wanted, fingerprint))
        return;
    if (pick->fingerprint && strcmp(pick->fingerprint, fingerprint) != 0)
        pick->is_ambiguous = true;
    str_set(&pick->fingerprint, fingerprint);
}

static void look_at_version(void *ctx, const struct json *version)
{
    look_at(ctx, version);
}

static void look_at_endpoint(void *ctx, const struct json *endpoint)
{
    const struct json *const seen = json_member(endpoint, "observations");

    for (size_t i = 0; i < json_list_size(seen); i++)
        look_at(ctx, json_member(json_list_item(seen, i), "version"));
}

/* `list` is "/versions" or "/endpoints" of the record. */
static bool find(const struct verb_call *call, const char *list, struct pick *pick, struct err *err)
{
    const bool is_version = strcmp(list, "/versions") == 0;
    const char *const what = is_version ? "had" : "shows";
    autofree(str) char *path = NULL;
    bool has_more;

    if (!cert_path(call->words[0], list, &path, err) ||
        !items_each(call->remote, path, 0, is_version ? look_at_version : look_at_endpoint, pick,
            &has_more, err))
        return false;
    if (!pick->fingerprint)
        return fail(err, ERR_NOT_FOUND,
            "certificate %s %s none whose fingerprint begins with \"%s\"", call->words[0], what,
            pick->wanted);
    return !pick->is_ambiguous ||
           fail(err, ERR_CONFLICT, "certificate %s %s several whose fingerprints begin with \"%s\"",
               call->words[0], what, pick->wanted);
}

static bool send(const struct verb_call *call, struct json_out *out, const struct buf *body,
    struct err *err)
{
    autofree(str) char *path = NULL;

    json_end(out);
    return json_out_check(out, err) && cert_path(call->words[0], "/confirm", &path, err) &&
           remote_do(call->remote, "POST", path, buf_text(body), err);
}

static bool confirm(const struct verb_call *call, struct err *err)
{
    autodone(pick) struct pick pick = { .wanted = call->words[1] };
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;

    if (!find(call, "/endpoints", &pick, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "kind", "current");
    json_str(&out, "fingerprint_sha256", pick.fingerprint);
    return send(call, &out, &body, err);
}

/* "dead" and "alive". */
static bool say_of_address(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;
    int64_t endpoint;

    if (!cert_find_endpoint(call, &endpoint, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "kind", "dead_address");
    json_i64(&out, "endpoint_id", endpoint);
    json_str(&out, "address", call->words[2]);
    json_bool(&out, "undo", strcmp(call->verb, "alive") == 0);
    return send(call, &out, &body, err);
}

static void show_fields(const struct json *fields)
{
    for (size_t i = 0; i < json_list_size(fields); i++) {
        const struct json *const one = json_list_item(fields, i);
        autofree(str) char *name = output_text(one, "name");
        autofree(str) char *old = output_text(one, "old");
        autofree(str) char *new_one = output_text(one, "new");
        autofree(str) char *text = xasprintf("%s -> %s", old, new_one);

        output_pair(name, text);
    }
}

static void show_names(const struct json *names, const char *label)
{
    for (size_t i = 0; i < json_list_size(names); i++)
        output_pair(label, json_as_text(json_list_item(names, i)));
}

static void show_chain(const struct json *chain, const char *label)
{
    for (size_t i = 0; i < json_list_size(chain); i++)
        output_member(json_list_item(chain, i), "subject", label);
}

static bool compare(const struct verb_call *call, struct err *err)
{
    autodone(pick) struct pick old = { .wanted = call->words[1] };
    autodone(pick) struct pick new_one = { .wanted = call->words[2] };
    autofree(json) struct json *diff = NULL;
    autofree(str) char *path = NULL;

    if (!find(call, "/versions", &old, err) || !find(call, "/versions", &new_one, err))
        return false;
    path = xasprintf("/certificates/%s/versions/%s/diff/%s", call->words[0], old.fingerprint,
        new_one.fingerprint);
    if (!remote_call(call->remote, "GET", path, NULL, &diff, err))
        return false;
    if (call->json) {
        output_json(diff);
        return true;
    }
    show_fields(json_member(diff, "fields"));
    show_names(json_member(json_member(diff, "sans"), "added"), "name added");
    show_names(json_member(json_member(diff, "sans"), "removed"), "name removed");
    show_chain(json_member(json_member(diff, "chain"), "added"), "chain added");
    show_chain(json_member(json_member(diff, "chain"), "removed"), "chain removed");
    return true;
}

int cert_judge_run(int argc, char **argv)
{
    static const struct verb verbs[] = { { "confirm", 2, 2, confirm },
        { "dead", 3, 3, say_of_address }, { "alive", 3, 3, say_of_address },
        { "compare", 3, 3, compare }, { 0 } };
    static const struct verb_option options[] = { { 0 } };
    static const struct verbs word = { .usage = "usage: " CERT_JUDGE_USAGE "\n",
        .verbs = verbs,
        .options = options };

    return verbs_run(&word, NULL, argc, argv);
}
