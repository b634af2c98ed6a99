/*
 * api/resources: what serves certificates. Everybody may know which there are; of what is on them,
 * each sees the records that they may see. What is on one is in associations.c.
 */
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/resource.h"

static void write_resource(struct json_out *out, const struct resource_row *row)
{
    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    json_str(out, "type", row->type);
    json_str(out, "description", row->description);
    json_i64(out, "associations", row->n_associations);
    json_time(out, "created_at", row->created_at);
    page_write_etag(out, row->row_version);
}

static bool resources_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(resource_rows) struct resource_rows rows = { 0 };
    const struct store_viewer viewer = api_viewer(call);
    int64_t limit = page_limit(query);
    struct resource_page_request request = { .q = query_text(query, "q", 200),
        .after = query_text(query, "cursor", 800),
        .limit = limit + 1 };

    if (!query_end(query, err) || !store_resources(call->tx, &viewer, &request, &rows, err))
        return false;
    bool has_more = rows.n > (size_t)limit;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n - has_more; i++) {
        json_begin_object(&call->reply, NULL);
        write_resource(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end(call, has_more ? rows.items[limit - 1].name : NULL, (int64_t)rows.n,
        has_more || request.after);
    return true;
}

static bool find(struct api_call *call, struct resource_row **ret, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    return store_resource_get(call->tx, &viewer, call->path_id, ret, err);
}

static bool answer_with(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *row = NULL;

    if (!store_resource_get(call->tx, &viewer, id, &row, err))
        return false;
    call->etag = row->row_version;
    write_resource(&call->reply, row);
    return true;
}

static bool resources_get(struct api_call *call, struct err *err)
{
    return answer_with(call, call->path_id, err);
}

static bool resources_create(struct api_call *call, struct err *err)
{
    static const char *const types[] = { "manual" };
    struct json_in in;
    int64_t id;

    api_body(call, &in);
    const char *name = json_in_text(&in, "name", 1, 200);
    const char *description = json_in_text_opt(&in, "description", 0, 2000, "");

    (void)json_in_enum_opt(&in, "type", types, countof(types), 0);
    if (!json_in_end(&in, err) ||
        !store_resource_add(call->tx, name, description, call->now, &id, err) ||
        !api_audit(call, "resource.create", id, name, NULL, description, err))
        return false;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/resources/%" PRId64, id);
    return answer_with(call, id, err);
}

static bool resources_edit(struct api_call *call, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;
    autofree(str) char *before = NULL;
    struct json_in in;

    if (!find(call, &row, err) || !page_check_match(call, row->row_version, "resource", err))
        return false;
    before = xstrdup(row->name);
    api_body(call, &in);
    str_set(&row->name, json_in_text_opt(&in, "name", 1, 200, row->name));
    str_set(&row->description, json_in_text_opt(&in, "description", 0, 2000, row->description));
    if (!json_in_end(&in, err))
        return false;
    if (!store_resource_save(call->tx, row, err))
        return api_stale(call, err);
    return api_audit(call, "resource.edit", row->id, row->name, before, row->name, err) &&
           answer_with(call, row->id, err);
}

static bool resources_delete(struct api_call *call, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;

    call->status = 204;
    return find(call, &row, err) && page_check_match(call, row->row_version, "resource", err) &&
           store_resource_delete(call->tx, row->id, err) &&
           api_audit(call, "resource.delete", row->id, row->name, row->description, NULL, err);
}

const struct api_route resource_routes[] = {
    { "GET", "/resources", ROLE_USER, API_READS, resources_list, 0 },
    { "POST", "/resources", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, resources_create, 0 },
    { "GET", "/resources/{id}", ROLE_USER, API_READS, resources_get, 0 },
    { "PATCH", "/resources/{id}", ROLE_ADMIN, API_WRITES, resources_edit, 0 },
    { "DELETE", "/resources/{id}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, resources_delete, 0 },
    { 0 },
};
