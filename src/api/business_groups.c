/*
 * api/business_groups: labels for records, and the tags that people have given them. Both filter,
 * and grant nothing; their counts are of records that the caller may see.
 */
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "store/business_group.h"
#include "store/tags.h"

#define TAGS_SHOWN 200

static void write_row(void *context, const struct business_group_row *row)
{
    json_begin_object(context, NULL);
    json_str(context, "name", row->name);
    json_str(context, "description", row->description);
    json_i64(context, "certificates", row->n_certificates);
    json_end(context);
}

static bool groups_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    json_begin_array(&call->reply, "items");
    if (!store_business_groups(call->tx, &viewer, write_row, &call->reply, err))
        return false;
    json_end(&call->reply);
    return true;
}

static bool find(struct api_call *call, int64_t *ret_id, struct err *err)
{
    if (!store_business_group_find(call->tx, call->path_text, ret_id, err))
        return false;
    return *ret_id != 0 ||
           fail(err, ERR_NOT_FOUND, "there is no business group \"%s\"", call->path_text);
}

static bool answer_with(struct api_call *call, const char *name, const char *description)
{
    json_str(&call->reply, "name", name);
    json_str(&call->reply, "description", description);
    return true;
}

static bool groups_create(struct api_call *call, struct err *err)
{
    struct json_in in;
    int64_t id;

    api_body(call, &in);
    const char *name = json_in_text(&in, "name", 1, 100);
    const char *description = json_in_text_opt(&in, "description", 0, 1000, "");

    call->status = 201;
    return json_in_end(&in, err) &&
           store_business_group_add(call->tx, name, description, &id, err) &&
           api_audit(call, "business_group.create", id, name, NULL, NULL, err) &&
           answer_with(call, name, description);
}

struct description {
    int64_t id;
    char text[1024 * 4 + 1];
};

static void keep_description(void *context, const struct business_group_row *row)
{
    struct description *description = context;

    if (row->id == description->id)
        span_copy_text(span_text(row->description), description->text, sizeof description->text);
}

static bool groups_edit(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = { .sees_all = false };
    struct description old = { 0 };
    struct json_in in;

    if (!find(call, &old.id, err) ||
        !store_business_groups(call->tx, &viewer, keep_description, &old, err))
        return false;
    api_body(call, &in);
    const char *name = json_in_text_opt(&in, "name", 1, 100, call->path_text);
    const char *description = json_in_text_opt(&in, "description", 0, 1000, old.text);

    return json_in_end(&in, err) &&
           store_business_group_edit(call->tx, old.id, name, description, err) &&
           api_audit(call, "business_group.edit", old.id, call->path_text, NULL, name, err) &&
           answer_with(call, name, description);
}

/* DELETE …?reassign_to=NAME; "-" is none. */
static bool read_heir(struct api_call *call, const char *name, int64_t id, int64_t *ret_heir,
    struct err *err)
{
    int64_t n = 0;

    if (name && strcmp(name, "-") == 0)
        return true;
    if (name) {
        if (!store_business_group_find(call->tx, name, ret_heir, err))
            return false;
        if (!*ret_heir || *ret_heir == id) {
            json_problems_addf(call->problems, "reassign_to", "there is no other group \"%s\"",
                name);
            return fail(err, ERR_INVALID, "reassign_to: there is no other group \"%s\"", name);
        }
        return true;
    }
    if (!store_business_group_count(call->tx, id, &n, err))
        return false;
    return n == 0 ||
           fail(err, ERR_CONFLICT,
               "%" PRId64 " certificates and requests are in the group; say with reassign_to which"
               " group they get, or \"-\" for none",
               n);
}

static bool groups_delete(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const char *heir = query_text(query, "reassign_to", 400);
    int64_t heir_id = 0;
    int64_t id = 0;
    int64_t n = 0;

    if (!query_end(query, err) || !find(call, &id, err) ||
        !read_heir(call, heir, id, &heir_id, err) ||
        !store_business_group_delete(call->tx, id, heir_id, call->now, &n, err))
        return false;
    json_i64(&call->reply, "certificates", n);
    return api_audit(call, "business_group.delete", id, call->path_text, NULL, heir, err);
}

static void write_tag(void *context, const char *tag, int64_t n)
{
    json_begin_object(context, NULL);
    json_str(context, "tag", tag);
    json_i64(context, "certificates", n);
    json_end(context);
}

static bool tags_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const char *q = query_text(query, "q", 64);
    int64_t limit = query_i64(query, "limit", 1, TAGS_SHOWN, TAGS_SHOWN);
    const struct store_viewer viewer = api_viewer(call);

    if (!query_end(query, err))
        return false;
    json_begin_array(&call->reply, "items");
    if (!store_tags(call->tx, &viewer, q ? q : "", limit, write_tag, &call->reply, err))
        return false;
    json_end(&call->reply);
    return true;
}

const struct api_route business_group_routes[] = {
    { "GET", "/business-groups", ROLE_USER, API_READS, groups_list, 0 },
    { "POST", "/business-groups", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, groups_create, 0 },
    { "PATCH", "/business-groups/{name}", ROLE_ADMIN, API_WRITES, groups_edit, 0 },
    { "DELETE", "/business-groups/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, groups_delete,
        0 },
    { "GET", "/tags", ROLE_USER, API_READS, tags_list, 0 },
    { 0 },
};
