/* api/cert_fields: see the header. */
#include "api/cert_fields.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/custom_field.h"

void cert_fields_done(struct cert_fields *fields)
{
    for (size_t i = 0; fields->values && i < fields->rows.n; i++)
        free(fields->values[i]);
    free(fields->values);
    fields->values = NULL;
    custom_field_rows_done(&fields->rows);
}

static char *read_value(struct json_in *in, const struct custom_field_row *row)
{
    struct err err = { 0 };
    char *ret = NULL;

    if (!custom_field_value_of_json(row, json_in_value(in, row->name), &ret, &err))
        json_in_complain(in, row->name, "%s", err.msg);
    return ret;
}

/* null, "" and blanks take a value away. */
static bool is_empty(struct json_in *in, const char *name)
{
    const char *text = json_as_text(json_in_value(in, name));

    return json_in_is_null(in, name) || (text && span_trim(span_text(text)).size == 0);
}

static void read_field(struct json_in *in, const struct custom_field_row *row, bool is_new,
    char **ret)
{
    bool is_there = json_in_has(in, row->name);
    bool is_given = is_there && !is_empty(in, row->name);

    if (row->is_required && !is_given && (is_new || is_there))
        json_in_complain(in, row->name, "must be filled in");
    else if (is_given)
        *ret = read_value(in, row);
    else if (is_there)
        *ret = xstrdup("");
}

bool cert_fields_read(struct api_call *call, struct json_in *in, bool is_new,
    struct cert_fields *ret, struct err *err)
{
    struct json_in fields;
    bool has_fields = json_in_object_opt(in, "fields", &fields);

    if (!has_fields && !is_new)
        return true;
    if (!store_custom_fields(call->tx, NULL, &ret->rows, err))
        return false;
    ret->values = xcalloc(ret->rows.n, sizeof *ret->values);
    for (size_t i = 0; i < ret->rows.n; i++) {
        const struct custom_field_row *row = &ret->rows.items[i];

        if (has_fields)
            read_field(&fields, row, is_new, &ret->values[i]);
        else if (row->is_required)
            json_in_complain(in, "fields", "\"%s\" must be filled in", row->name);
    }
    if (has_fields)
        json_in_leave(&fields);
    return true;
}

bool cert_fields_write(struct api_call *call, int64_t certificate_id,
    const struct cert_fields *fields, struct err *err)
{
    for (size_t i = 0; fields->values && i < fields->rows.n; i++) {
        if (fields->values[i] && !store_custom_field_put(call->tx, certificate_id,
                                     fields->rows.items[i].id, fields->values[i], err))
            return false;
    }
    return true;
}
