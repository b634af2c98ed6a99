/* core/sheet: see the header. */
#include "core/sheet.h"

#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "codec/csv.h"

static const char *const names[N_SHEET_COLUMNS] = {
    [SHEET_ID] = "id",
    [SHEET_NAME] = "name",
    [SHEET_HOST] = "host",
    [SHEET_PORT] = "port",
    [SHEET_SNI] = "sni",
    [SHEET_PROTOCOL] = "protocol",
    [SHEET_DESCRIPTION] = "description",
    [SHEET_BUSINESS_GROUP] = "business_group",
    [SHEET_OWNER] = "owner",
    [SHEET_ASSIGNEE] = "assignee",
    [SHEET_SHARE_USERS] = "share_users",
    [SHEET_SHARE_GROUPS] = "share_groups",
    [SHEET_TAGS] = "tags",
    [SHEET_SOURCE] = "source",
    [SHEET_STATUS] = "status",
    [SHEET_EXPIRES_AT] = "expires_at",
    [SHEET_DAYS_LEFT] = "days_left",
    [SHEET_ISSUER] = "issuer",
    [SHEET_SERIAL] = "serial",
    [SHEET_FINGERPRINT_SHA256] = "fingerprint_sha256",
    [SHEET_SANS] = "sans",
    [SHEET_RESOURCES] = "resources",
    [SHEET_LAST_CHECKED_AT] = "last_checked_at",
    [SHEET_LAST_ERROR] = "last_error",
};

/* Of a table of refused rows, which comes back repaired. */
static const char *const passed_over[] = { "line", "column", "message" };

const char *sheet_column_name(enum sheet_column column)
{
    return names[column];
}

bool sheet_is_of_endpoint(enum sheet_column column)
{
    return column >= SHEET_HOST && column <= SHEET_PROTOCOL;
}

static bool is_passed_over(struct span name)
{
    for (size_t i = 0; i < countof(passed_over); i++)
        if (span_is_nocase(name, passed_over[i]))
            return true;
    return false;
}

static bool read_field(struct span name, size_t cell, struct sheet_header *header, struct err *err)
{
    struct sheet_field field = { .at = cell };

    if (name.size < sizeof field.column)
        span_copy_text(name, field.column, sizeof field.column);
    for (char *c = field.column; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!field_name_is_valid(sheet_field_name(&field)))
        return fail(err, ERR_INVALID, "there is no column \"%.*s\"",
            (int)(name.size < 100 ? name.size : 100), (const char *)name.data);
    for (size_t i = 0; i < header->n_fields; i++)
        if (strcmp(header->fields[i].column, field.column) == 0)
            return fail(err, ERR_INVALID, "the column \"%s\" is there twice", field.column);
    if (header->n_fields == SHEET_FIELDS_MAX)
        return fail(err, ERR_LIMIT, "there are more than %d columns of custom fields",
            SHEET_FIELDS_MAX);
    header->fields[header->n_fields++] = field;
    return true;
}

/* Spreadsheets of half of the world save "CSV" with semicolons. */
static bool no_column(struct span name, struct err *err)
{
    const int shown = (int)(name.size < 100 ? name.size : 100);
    const char *const between = span_find(name, SPAN_LITERAL(";")) != SIZE_MAX    ? "semicolons"
                                : span_find(name, SPAN_LITERAL("\t")) != SIZE_MAX ? "tabs"
                                                                                  : NULL;

    if (span_starts_with(name, "PK\3\4"))
        return fail(err, ERR_INVALID, "this is a workbook or an archive: save the table as CSV");
    if (between)
        return fail(err, ERR_INVALID,
            "there is no column \"%.*s\": between the columns are %s, and must be commas", shown,
            (const char *)name.data, between);
    return fail(err, ERR_INVALID, "there is no column \"%.*s\"", shown, (const char *)name.data);
}

static bool read_name(struct span name, size_t cell, struct sheet_header *header, struct err *err)
{
    int column = 0;

    if (span_is_nocase(span_slice(name, 0, strlen(SHEET_FIELD_PREFIX)), SHEET_FIELD_PREFIX))
        return read_field(name, cell, header, err);
    while (column < N_SHEET_COLUMNS && !span_is_nocase(name, names[column]))
        column++;
    if (column == N_SHEET_COLUMNS && !is_passed_over(name))
        return no_column(name, err);
    if (column >= N_SHEET_READ)
        return true;
    if (header->at[column] >= 0)
        return fail(err, ERR_INVALID, "the column \"%s\" is there twice", names[column]);
    header->at[column] = (int)cell;
    return true;
}

bool sheet_header_read(const struct span *cells, size_t n_cells, struct sheet_header *ret,
    size_t *ret_cell, struct err *err)
{
    struct sheet_header header = { .n_cells = n_cells };

    for (int i = 0; i < N_SHEET_READ; i++)
        header.at[i] = -1;
    for (size_t i = 0; i < n_cells; i++) {
        *ret_cell = i;
        if (!read_name(span_trim(csv_restore(cells[i])), i, &header, err))
            return false;
    }
    *ret_cell = 0;
    if (!sheet_has(&header, SHEET_NAME) && !sheet_has(&header, SHEET_HOST) &&
        !sheet_has(&header, SHEET_ID))
        return fail(err, ERR_INVALID,
            "the first line names the columns, and \"name\" or \"host\" must be among them");
    *ret = header;
    return true;
}

const char *sheet_field_name(const struct sheet_field *field)
{
    return field->column[0] ? field->column + strlen(SHEET_FIELD_PREFIX) : "";
}

struct span sheet_field_cell(const struct sheet_field *field, const struct span *cells)
{
    return span_trim(csv_restore(cells[field->at]));
}

bool sheet_has(const struct sheet_header *header, enum sheet_column column)
{
    return header->at[column] >= 0;
}

struct span sheet_cell(const struct sheet_header *header, const struct span *cells,
    enum sheet_column column)
{
    struct span cell;

    if (!sheet_has(header, column))
        return SPAN_EMPTY;
    cell = csv_restore(cells[header->at[column]]);
    return column == SHEET_DESCRIPTION ? cell : span_trim(cell);
}
