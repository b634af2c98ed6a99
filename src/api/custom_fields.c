/*
 * api/custom_fields: which fields records have besides those that every record has. Admins define
 * them; their values come and go with the records (api/cert_fields).
 */
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/custom_field.h"

#define CHOICES_MAX 100

static const char *const types[] = { "text", "number", "date", "choice" };

static void write_field(struct json_out *out, const struct custom_field_row *row)
{
    json_str(out, "name", row->name);
    json_str(out, "label", row->label);
    json_str(out, "type", field_type_name(row->type));
    json_raw(out, "choices", span_text(row->choices));
    json_bool(out, "required", row->is_required);
    page_write_etag(out, row->row_version);
}

static bool fields_list(struct api_call *call, struct err *err)
{
    autodone(custom_field_rows) struct custom_field_rows rows = { 0 };
    const struct store_viewer viewer = api_viewer(call);

    if (!store_custom_fields(call->tx, &viewer, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_field(&call->reply, &rows.items[i]);
        json_i64(&call->reply, "certificates", rows.items[i].n_used);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static void read_choices(struct json_in *in, struct custom_field_row *row)
{
    autodone(buf) struct buf text = BUF_INIT(JSON_MAX_BYTES);
    size_t n = json_in_array_opt(in, "choices", CHOICES_MAX);

    for (size_t i = 0; i < n; i++)
        (void)json_in_item_text(in, "choices", i, 1, FIELD_VALUE_MAX);
    if (n > 0 && row->type != FIELD_CHOICE)
        json_in_complain(in, "choices", "only a field of the type \"choice\" has them");
    if (n > 0)
        json_write(json_in_value(in, "choices"), &text);
    if (json_in_has(in, "choices"))
        str_set(&row->choices, n ? buf_text(&text) : "[]");
    if (row->type == FIELD_CHOICE && strcmp(row->choices, "[]") == 0)
        json_in_complain(in, "choices", "there must be at least one");
}

static bool answer_with(struct api_call *call, const struct custom_field_row *row)
{
    call->etag = row->row_version;
    write_field(&call->reply, row);
    return true;
}

static bool fields_create(struct api_call *call, struct err *err)
{
    autodone(custom_field_row) struct custom_field_row row = { .choices = xstrdup("[]") };
    struct json_in in;

    api_body(call, &in);
    str_set(&row.name, json_in_text(&in, "name", 1, FIELD_NAME_MAX));
    str_set(&row.label, json_in_text_opt(&in, "label", 1, 100, row.name));
    row.type = (enum field_type)json_in_enum_opt(&in, "type", types, countof(types), FIELD_TEXT);
    row.is_required = json_in_bool_opt(&in, "required", false);
    if (row.name[0] && !field_name_is_valid(row.name))
        json_in_complain(&in, "name", "only a-z, 0-9 and _ are allowed, and a letter comes first");
    read_choices(&in, &row);
    call->status = 201;
    return json_in_end(&in, err) && store_custom_field_add(call->tx, &row, err) &&
           api_audit(call, "custom_field.create", row.id, row.name, NULL, types[row.type], err) &&
           answer_with(call, &row);
}

/* Name and type stay what they are: filters and values rely on them. */
static bool fields_edit(struct api_call *call, struct err *err)
{
    autofree(custom_field_row) struct custom_field_row *row = NULL;
    struct json_in in;

    if (!store_custom_field_get(call->tx, call->path_text, &row, err) ||
        !page_check_match(call, row->row_version, "custom field", err))
        return false;
    api_body(call, &in);
    str_set(&row->label, json_in_text_opt(&in, "label", 1, 100, row->label));
    row->is_required = json_in_bool_opt(&in, "required", row->is_required);
    read_choices(&in, row);
    if (!json_in_end(&in, err))
        return false;
    if (!store_custom_field_save(call->tx, row, err))
        return api_stale(call, err);
    return api_audit(call, "custom_field.edit", row->id, row->name, NULL, row->label, err) &&
           answer_with(call, row);
}

/* DELETE …?discard=true throws values away; without it there must be none. */
static bool fields_delete(struct api_call *call, struct err *err)
{
    autofree(custom_field_row) struct custom_field_row *row = NULL;
    autofree(query) struct query *query = query_new(call);
    bool discard = query_bool(query, "discard", false);
    int64_t n = 0;

    call->status = 204;
    if (!query_end(query, err) || !store_custom_field_get(call->tx, call->path_text, &row, err) ||
        !store_custom_field_count(call->tx, row->id, &n, err))
        return false;
    if (n && !discard)
        return fail(err, ERR_CONFLICT,
            "%" PRId64 " certificates have a value of \"%s\"; discard=true throws these away", n,
            row->name);
    return store_custom_field_delete(call->tx, row->id, err) &&
           api_audit(call, "custom_field.delete", row->id, row->name, row->label, NULL, err);
}

const struct api_route custom_field_routes[] = {
    { "GET", "/custom-fields", ROLE_USER, API_READS, fields_list, 0 },
    { "POST", "/custom-fields", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, fields_create, 0 },
    { "PATCH", "/custom-fields/{name}", ROLE_ADMIN, API_WRITES, fields_edit, 0 },
    { "DELETE", "/custom-fields/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, fields_delete, 0 },
    { 0 },
};
