/* cli/members: see the header. */
#include "cli/members.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/span.h"
#include "cli/items.h"

#define BODY_MAX 262144

static bool is_dash(const char *value)
{
    return strcmp(value, "-") == 0;
}

static bool write_truth(struct json_out *out, const char *key, const char *value, struct err *err)
{
    bool truth = false;

    if (!parse_bool(span_text(value), &truth, err))
        return false;
    json_bool(out, key, truth);
    return true;
}

static bool write_number(struct json_out *out, const char *key, struct span text, struct err *err)
{
    int64_t number = 0;

    if (!parse_i64(span_trim(text), INT64_MIN, INT64_MAX, &number, err))
        return false;
    json_i64(out, key, number);
    return true;
}

static bool write_numbers(struct json_out *out, const char *key, const char *value, struct err *err)
{
    struct span rest = span_text(is_dash(value) ? "" : value);
    struct span part;

    json_begin_array(out, key);
    while (span_split(&rest, ',', &part))
        if (span_trim(part).size > 0 && !write_number(out, NULL, part, err))
            return false;
    json_end(out);
    return true;
}

static void write_texts(struct json_out *out, const char *key, const char *value)
{
    struct span rest = span_text(is_dash(value) ? "" : value);
    struct span part;

    json_begin_array(out, key);
    while (span_split(&rest, ',', &part))
        if (span_trim(part).size > 0)
            json_str_span(out, NULL, span_trim(part));
    json_end(out);
}

#define DAY_LEN 10 /* "2026-12-24" */

static void write_instant(struct json_out *out, const char *key, const char *value)
{
    autofree(str) char *instant =
        xasprintf("%s%s", value, strlen(value) == DAY_LEN ? "T00:00:00Z" : "");

    json_str(out, key, is_dash(value) ? NULL : instant);
}

static bool write_kind(struct json_out *out, const char *key, enum member_kind kind,
    const char *value, struct err *err)
{
    switch (kind) {
    case MEMBER_TEXT:
        json_str(out, key, value);
        return true;
    case MEMBER_TEXT_OR_NULL:
        json_str(out, key, is_dash(value) ? NULL : value);
        return true;
    case MEMBER_NUMBER:
        return write_number(out, key, span_text(value), err);
    case MEMBER_TRUTH:
        return write_truth(out, key, value, err);
    case MEMBER_TEXTS:
        write_texts(out, key, value);
        return true;
    case MEMBER_NUMBERS:
        return write_numbers(out, key, value, err);
    case MEMBER_INSTANT:
        write_instant(out, key, value);
        return true;
    }
    return fail(err, ERR_INTERNAL, "a member of no kind");
}

bool members_write_one(struct json_out *out, const char *key, enum member_kind kind,
    const char *value, struct err *err)
{
    if (!value || write_kind(out, key, kind, value, err))
        return true;
    autofree(str) char *option = xstrdup(key);

    for (char *c = option; *c; c++)
        if (*c == '_')
            *c = '-';
    return err_wrap(err, "--%s", option);
}

bool members_write(struct json_out *out, const struct member *members, const void *asked,
    struct err *err)
{
    for (; members->key; members++) {
        const char *value;

        memcpy(&value, (const char *)asked + members->offset, sizeof value);
        if (!members_write_one(out, members->key, members->kind, value, err))
            return false;
    }
    return true;
}

bool members_send(const struct verb_call *call, const char *method, const char *path,
    const char *name, const struct member *members, struct json **ret, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (!members_write(&out, members, call->asked, err))
        return false;
    json_end(&out);
    return json_out_check(&out, err) &&
           remote_call(call->remote, method, path, buf_text(&body), ret, err);
}

struct search {
    const char *name;
    int64_t number; /* what is looked for, where it is one; else 0 */
    int64_t id;
    size_t n_found;
};

static void look_at(void *ctx, const struct json *item)
{
    struct search *const search = ctx;
    const int64_t id = json_as_i64(json_member(item, "id"), -1);
    const char *const name = json_as_text(json_member(item, "name"));

    if (id != search->number && (!name || strcmp(name, search->name) != 0))
        return;
    search->id = id;
    search->n_found++;
}

bool members_find(struct remote *remote, const char *list, const char *what, const char *name,
    char **ret, struct err *err)
{
    struct search search = { .name = name };
    bool has_more;

    if (!parse_i64(span_text(name), 1, INT64_MAX, &search.number, NULL))
        search.number = 0;
    if (!items_each(remote, list, 0, look_at, &search, &has_more, err))
        return false;
    if (search.n_found == 0)
        return fail(err, ERR_NOT_FOUND, "there is no %s \"%s\"", what, name);
    if (search.n_found > 1)
        return fail(err, ERR_CONFLICT, "there are several of the name \"%s\": say a number", name);
    *ret = xasprintf("%s/%" PRId64, list, search.id);
    return true;
}
