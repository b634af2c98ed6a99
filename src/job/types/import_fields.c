/* job/types/import_fields: custom fields of a record of a table (job/types/import_plan.h). */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/types/import_plan.h"
#include "store/custom_field.h"

static bool has_column(const struct sheet_header *header, const char *name)
{
    for (size_t i = 0; i < header->n_fields; i++)
        if (strcmp(sheet_field_name(&header->fields[i]), name) == 0)
            return true;
    return false;
}

static bool find_missing(struct tx *tx, const struct sheet_header *header,
    struct import_context *context, struct err *err)
{
    autodone(custom_field_rows) struct custom_field_rows all = { 0 };

    if (!store_custom_fields(tx, NULL, &all, err))
        return false;
    context->n_missing = 0;
    for (size_t i = 0; i < all.n && context->n_missing < countof(context->missing); i++) {
        const struct custom_field_row *const row = &all.items[i];

        if (!row->is_required || has_column(header, row->name))
            continue;
        struct sheet_field *const field = &context->missing[context->n_missing++];

        (void)snprintf(field->column, sizeof field->column, SHEET_FIELD_PREFIX "%.*s",
            FIELD_NAME_MAX, row->name);
    }
    return true;
}

bool import_fields_find(struct tx *tx, const struct sheet_header *header,
    struct import_context *context, const char **ret_column, struct err *err)
{
    struct custom_field_rows *const ret = &context->fields;

    for (size_t i = 0; i < header->n_fields; i++) {
        const struct sheet_field *const field = &header->fields[i];
        autofree(custom_field_row) struct custom_field_row *row = NULL;
        struct err why = { 0 };

        *ret_column = field->column;
        if (!store_custom_field_get(tx, sheet_field_name(field), &row, &why)) {
            if (why.kind == ERR_NOT_FOUND)
                return fail(err, ERR_INVALID, "%s", why.msg);
            *err = why;
            return false;
        }
        *custom_field_rows_add(ret) = *row;
        *row = (struct custom_field_row){ 0 }; /* moved */
    }
    return find_missing(tx, header, context, err);
}

static void complain_of_missing(const struct import_context *context, struct import_record *record)
{
    char message[FIELD_NAME_MAX + 128];

    for (size_t i = 0; i < context->n_missing; i++) {
        const struct sheet_field *const field = &context->missing[i];

        (void)snprintf(message, sizeof message,
            "a new record must have the field \"%s\", and the table has no column \"%s\"",
            sheet_field_name(field), field->column);
        import_record_complain_at(record, record->line, field->column, message);
    }
}

/* NULL, and the record complained of, where the text is no value of the field. */
static char *read_value(struct import_record *record, size_t i, const struct custom_field_row *row)
{
    const char *const text = record->fields[i];
    const char *problem = "must be filled in";
    struct err err = { 0 };
    char *value = NULL;

    if (!text[0] && !row->is_required)
        return xstrdup("");
    if (text[0] && custom_field_value(row, text, &value, &err))
        return value;
    if (text[0])
        problem = err.msg;
    import_record_complain_at(record, record->field_lines[i], record->header->fields[i].column,
        problem);
    return NULL;
}

bool import_plan_fields(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err)
{
    if (!plan->before)
        complain_of_missing(context, record);
    for (size_t i = 0; i < record->header->n_fields; i++) {
        const struct custom_field_row *const row = &context->fields.items[i];
        autofree(str) char *before = NULL;
        autofree(str) char *value = read_value(record, i, row);

        if (plan->before && !store_custom_field_value(tx, plan->before->id, row->id, &before, err))
            return false;
        if (!value || strcmp(value, before ? before : "") == 0)
            continue;
        if (plan->before)
            import_plan_change_in(plan, record->header->fields[i].column, before ? before : "",
                value);
        plan->fields[i] = take(&value);
    }
    return true;
}

bool import_plan_write_fields(struct import_context *context, struct tx *tx,
    const struct import_plan *plan, int64_t id, struct err *err)
{
    for (size_t i = 0; i < context->fields.n; i++)
        if (plan->fields[i] &&
            !store_custom_field_put(tx, id, context->fields.items[i].id, plan->fields[i], err))
            return false;
    return true;
}
