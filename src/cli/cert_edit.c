/* cli/cert_edit: a record changed, forgotten, where it is watched, and its past (cli/cert.h). */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/span.h"
#include "cli/cert.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"

#define BODY_MAX (1U << 20)

struct edit_options {
    const char *name;
    const char *description;
    const char *business_group;
    const char *tags;
    const char *required_names;
    const char *notification_periods;
    struct verb_list fields; /* "rack=12"; "rack=" empties it */
    const char *sni;
    const char *protocol;
};

static const struct verb_option options[] = {
    { "name", required_argument, offsetof(struct edit_options, name), NULL },
    { "description", required_argument, offsetof(struct edit_options, description), NULL },
    { "business-group", required_argument, offsetof(struct edit_options, business_group), NULL },
    { "tags", required_argument, offsetof(struct edit_options, tags), NULL },
    { "required-names", required_argument, offsetof(struct edit_options, required_names), NULL },
    { "notification-periods", required_argument,
        offsetof(struct edit_options, notification_periods), NULL },
    { "field", required_argument, offsetof(struct edit_options, fields), verbs_keep_pair },
    { "sni", required_argument, offsetof(struct edit_options, sni), NULL },
    { "protocol", required_argument, offsetof(struct edit_options, protocol), NULL },
    { 0 },
};

bool cert_path(const char *id, const char *rest, char **ret, struct err *err)
{
    if (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0')
        return fail(err, ERR_INVALID, "\"%s\" is no certificate's id", id);
    *ret = xasprintf("/certificates/%s%s", id, rest);
    return true;
}

/* A list, or null for "-": what certdesk finds out by itself applies again. */
static bool write_own(struct json_out *out, const char *key, enum member_kind kind,
    const char *value, struct err *err)
{
    const bool is_none = value && strcmp(value, "-") == 0;

    return members_write_one(out, key, is_none ? MEMBER_TEXT_OR_NULL : kind, value, err);
}

static void write_fields(struct json_out *out, const struct verb_list *fields)
{
    if (fields->n == 0)
        return;
    json_begin_object(out, "fields");
    for (size_t i = 0; i < fields->n; i++) {
        const struct span pair = span_text(fields->items[i]);
        const size_t equals = span_find_char(pair, '=');
        autofree(str) char *name = span_dup(span_slice(pair, 0, equals));
        autofree(str) char *value = span_dup(span_slice(pair, equals + 1, SIZE_MAX));

        json_str(out, name, *value ? value : NULL);
    }
    json_end(out);
}

static bool edit(const struct verb_call *call, struct err *err)
{
    static const struct member members[] = {
        { "name", offsetof(struct edit_options, name), MEMBER_TEXT },
        { "description", offsetof(struct edit_options, description), MEMBER_TEXT },
        { "business_group", offsetof(struct edit_options, business_group), MEMBER_TEXT_OR_NULL },
        { "tags", offsetof(struct edit_options, tags), MEMBER_TEXTS },
        { 0 },
    };
    const struct edit_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (!cert_path(call->words[0], "", &path, err) || !members_write(&out, members, o, err) ||
        !write_own(&out, "required_names", MEMBER_TEXTS, o->required_names, err) ||
        !write_own(&out, "notification_periods", MEMBER_NUMBERS, o->notification_periods, err))
        return false;
    write_fields(&out, &o->fields);
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_do(call->remote, "PATCH", path, buf_text(&body), err);
}

/* One after the other, so that a refusal names its reason; those before it are gone. */
static bool delete (const struct verb_call *call, struct err *err)
{
    for (size_t i = 0; i < call->n_words; i++) {
        autofree(str) char *path = NULL;

        if (!cert_path(call->words[i], "", &path, err) ||
            !remote_do(call->remote, "DELETE", path, NULL, err))
            return err_wrap(err, "certificate %s is not deleted", call->words[i]);
    }
    return true;
}

static bool watch(const struct verb_call *call, struct err *err)
{
    static const struct member members[] = {
        { "sni", offsetof(struct edit_options, sni), MEMBER_TEXT },
        { "protocol", offsetof(struct edit_options, protocol), MEMBER_TEXT },
        { 0 },
    };
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    autofree(str) char *path = NULL;
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "host", call->words[1]);
    if (!cert_path(call->words[0], "/endpoints", &path, err) ||
        !members_write(&out, members, call->asked, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) && remote_do(call->remote, "POST", path, buf_text(&body), err);
}

struct place {
    const char *wanted; /* "host:port", or an id */
    int64_t id;         /* 0: not found */
};

static void look_at(void *ctx, const struct json *endpoint)
{
    struct place *const place = ctx;
    autofree(str) char *id = output_text(endpoint, "id");

    if (strcmp(place->wanted, output_endpoint(endpoint).text) == 0 ||
        strcmp(place->wanted, id) == 0)
        place->id = json_as_i64(json_member(endpoint, "id"), 0);
}

bool cert_find_endpoint(const struct verb_call *call, int64_t *ret, struct err *err)
{
    struct place place = { .wanted = call->words[1] };
    autofree(str) char *list = NULL;
    bool has_more;

    if (!cert_path(call->words[0], "/endpoints", &list, err) ||
        !items_each(call->remote, list, 0, look_at, &place, &has_more, err))
        return false;
    if (place.id == 0)
        return fail(err, ERR_NOT_FOUND, "certificate %s is not watched at \"%s\": say host:port",
            call->words[0], call->words[1]);
    *ret = place.id;
    return true;
}

static bool unwatch(const struct verb_call *call, struct err *err)
{
    int64_t id;

    if (!cert_find_endpoint(call, &id, err))
        return false;
    autofree(str) char *path = xasprintf("/certificates/%s/endpoints/%" PRId64, call->words[0], id);

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

/* ---- what it was, and what was done to it ---- */

static bool versions(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "certificate_id" }, { "ROLE", "role" },
        { "KEY", "slot" }, { "SINCE", "since" }, { "ENDS", "not_after" }, { "SERIAL", "serial" },
        { "ISSUER", "issuer" }, { "SHA-256", "fingerprint_sha256" }, { 0 } };
    autofree(str) char *path = NULL;

    return cert_path(call->words[0], "/versions", &path, err) &&
           items_print(call->remote, path, columns, call->json, err);
}

static bool show_log(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "AT", "at" }, { "WHO", "actor" },
        { "WHAT", "action" }, { "AFTER", "after" }, { 0 } };
    autofree(str) char *path = NULL;

    return cert_path(call->words[0], "/log", &path, err) &&
           items_print(call->remote, path, columns, call->json, err);
}

int cert_edit_run(int argc, char **argv)
{
    static const struct verb verbs[] = { { "edit", 1, 1, edit }, { "delete", 1, SIZE_MAX, delete },
        { "watch", 2, 2, watch }, { "unwatch", 2, 2, unwatch }, { "versions", 1, 1, versions },
        { "log", 1, 1, show_log }, { 0 } };
    static const struct verbs word = { .usage = "usage: " CERT_EDIT_USAGE "\n",
        .verbs = verbs,
        .options = options };
    struct edit_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
