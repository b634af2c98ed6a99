/*
 * api/views: saved views: a filter, an order and columns by a name. Everybody has their own; one
 * that is shared is used by all, and changed by whose it is and by admins.
 */
#include <string.h>

#include "api/cert_filter.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/view.h"

#define COLUMNS_MAX 60

static void write_view(struct json_out *out, const struct view_row *row)
{
    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    json_str(out, "owner", row->owner);
    json_bool(out, "shared", row->is_shared);
    json_bool(out, "default", row->is_default);
    json_raw(out, "query", span_text(row->query));
    json_raw(out, "columns", span_text(row->columns));
    json_time(out, "created_at", row->created_at);
    json_time(out, "updated_at", row->updated_at);
    page_write_etag(out, row->row_version);
}

static bool answer_with(struct api_call *call, int64_t id, struct err *err)
{
    autofree(view_row) struct view_row *row = NULL;

    if (!store_view_get(call->tx, id, call->who.account_id, &row, err))
        return false;
    call->etag = row->row_version;
    write_view(&call->reply, row);
    return true;
}

static bool views_list(struct api_call *call, struct err *err)
{
    autodone(view_rows) struct view_rows rows = { 0 };

    if (!store_views(call->tx, call->who.account_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_view(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool views_get(struct api_call *call, struct err *err)
{
    return answer_with(call, call->path_id, err);
}

static bool is_column(const char *name)
{
    return name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(name);
}

/* "query" as the list of certificates takes it: what is wrong there is wrong here. */
static void read_query(struct json_in *in, struct view_row *row)
{
    autodone(buf) struct buf text = BUF_INIT(JSON_MAX_BYTES);
    struct cert_filter filter = { 0 };
    struct json_in query;
    enum cert_sort ignored;

    if (!json_in_object_opt(in, "query", &query))
        return;
    cert_filter_from_json(&query, &filter);
    const char *sort = json_in_text_opt(&query, "sort", 1, 40, NULL);

    if (sort && !cert_sort_from_name(sort + (sort[0] == '-'), &ignored))
        json_in_complain(&query, "sort", "the list cannot be sorted by this");
    json_in_leave(&query);
    json_write(json_in_value(in, "query"), &text);
    str_set(&row->query, buf_text(&text));
}

static void read_columns(struct json_in *in, struct view_row *row)
{
    autodone(buf) struct buf text = BUF_INIT(JSON_MAX_BYTES);

    if (!json_in_has(in, "columns"))
        return;
    size_t n = json_in_array(in, "columns", COLUMNS_MAX);

    for (size_t i = 0; i < n; i++) {
        const char *name = json_in_item_text(in, "columns", i, 1, 80);

        if (!is_column(name))
            json_in_complain(in, "columns", "\"%s\" is no name of a column", name);
    }
    if (json_in_value(in, "columns"))
        json_write(json_in_value(in, "columns"), &text);
    str_set(&row->columns, text.size ? buf_text(&text) : "[]");
}

/* What is not given stays; *ret_default is -1 where nothing is said about it. */
static bool read_view(struct api_call *call, struct view_row *row, int *ret_default,
    struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    const char *name = row->name ? json_in_text_opt(&in, "name", 1, 100, row->name)
                                 : json_in_text(&in, "name", 1, 100);

    str_set(&row->name, name);
    row->is_shared = json_in_bool_opt(&in, "shared", row->is_shared);
    *ret_default = json_in_has(&in, "default") ? json_in_bool(&in, "default") : -1;
    read_query(&in, row);
    read_columns(&in, row);
    return json_in_end(&in, err);
}

static bool set_default(struct api_call *call, const struct view_row *row, int is_default,
    struct err *err)
{
    if (is_default < 0 || is_default == row->is_default)
        return true;
    return store_view_set_default(call->tx, call->who.account_id, is_default ? row->id : 0, err);
}

static bool views_create(struct api_call *call, struct err *err)
{
    autodone(view_row) struct view_row row = { .account_id = call->who.account_id,
        .query = xstrdup("{}"),
        .columns = xstrdup("[]") };
    int is_default;

    if (!read_view(call, &row, &is_default, err) ||
        !store_view_add(call->tx, &row, call->now, err) ||
        !set_default(call, &row, is_default, err) ||
        !api_audit(call, "view.create", row.id, row.name, NULL, row.query, err))
        return false;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/views/%" PRId64, row.id);
    return answer_with(call, row.id, err);
}

static bool require_edit(struct api_call *call, const struct view_row *row, struct err *err)
{
    if (row->account_id == call->who.account_id || call->who.role == ROLE_ADMIN)
        return true;
    return fail(err, ERR_DENIED, "only \"%s\" and admins may change this view", row->owner);
}

static bool save(struct api_call *call, struct view_row *row, const char *before, struct err *err)
{
    if (!store_view_save(call->tx, row, call->now, err))
        return api_stale(call, err);
    return api_audit(call, "view.edit", row->id, row->name, before, row->query, err);
}

/* Whoever sees it may make it their default; the rest is its owner's. */
static bool views_edit(struct api_call *call, struct err *err)
{
    autofree(view_row) struct view_row *row = NULL;
    autofree(view_row) struct view_row *before = NULL;
    int is_default;

    if (!store_view_get(call->tx, call->path_id, call->who.account_id, &row, err) ||
        !store_view_get(call->tx, call->path_id, call->who.account_id, &before, err) ||
        !page_check_match(call, row->row_version, "view", err) ||
        !read_view(call, row, &is_default, err))
        return false;
    bool is_changed =
        strcmp(row->name, before->name) != 0 || strcmp(row->query, before->query) != 0 ||
        strcmp(row->columns, before->columns) != 0 || row->is_shared != before->is_shared;

    if ((is_changed || is_default < 0) && !require_edit(call, row, err))
        return false;
    return (!is_changed || save(call, row, before->query, err)) &&
           set_default(call, before, is_default, err) && answer_with(call, row->id, err);
}

static bool views_delete(struct api_call *call, struct err *err)
{
    autofree(view_row) struct view_row *row = NULL;

    call->status = 204;
    return store_view_get(call->tx, call->path_id, call->who.account_id, &row, err) &&
           require_edit(call, row, err) && store_view_delete(call->tx, row->id, err) &&
           api_audit(call, "view.delete", row->id, row->name, row->query, NULL, err);
}

const struct api_route view_routes[] = {
    { "GET", "/views", ROLE_USER, API_READS, views_list, 0 },
    { "POST", "/views", ROLE_USER, API_WRITES | API_IDEMPOTENT, views_create, 0 },
    { "GET", "/views/{id}", ROLE_USER, API_READS, views_get, 0 },
    { "PATCH", "/views/{id}", ROLE_USER, API_WRITES, views_edit, 0 },
    { "DELETE", "/views/{id}", ROLE_USER, API_WRITES | API_BODY_NONE, views_delete, 0 },
    { 0 },
};
