/* core/sheet: see the header. */
#include "core/sheet.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
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

/* What spreadsheets put between cells, by the country they are in, and when a table is pasted. */
static const struct {
    char delimiter;
    const char *word;
} delimiters[] = { { ',', "comma" }, { ';', "semicolon" }, { '\t', "tab" } };

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

/* "Business Group" is how people head the column "business_group". */
static bool is_named(struct span name, const char *column)
{
    char text[32];

    if (name.size != strlen(column) || name.size >= sizeof text)
        return false;
    span_copy_text(name, text, sizeof text);
    for (char *c = strpbrk(text, " -"); c; c = strpbrk(c, " -"))
        *c = '_';
    return span_is_nocase(span_text(text), column);
}

static bool is_field(struct span name)
{
    return span_is_nocase(span_slice(name, 0, strlen(SHEET_FIELD_PREFIX)), SHEET_FIELD_PREFIX);
}

/* N_SHEET_COLUMNS: it is none of them. */
static int find_column(struct span name)
{
    int column = 0;

    while (column < N_SHEET_COLUMNS && !is_named(name, names[column]))
        column++;
    return column;
}

static bool is_known(struct span name)
{
    return find_column(name) < N_SHEET_COLUMNS || is_field(name) || is_passed_over(name);
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

/* All that are none are named at once, as a table from elsewhere has many. */
static bool no_column(const struct span *cells, size_t n_cells, size_t first, struct err *err)
{
    const struct span name = span_trim(csv_restore(cells[first]));
    autodone(buf) struct buf others = BUF_INIT(200);

    if (span_starts_with(name, "PK\3\4"))
        return fail(err, ERR_INVALID, "this is a workbook or an archive: save the table as CSV");
    for (size_t i = first + 1; i < n_cells; i++) {
        const struct span other = span_trim(csv_restore(cells[i]));

        if (is_known(other))
            continue;
        if (others.size + other.size > 150) {
            buf_add_text(&others, ", …");
            break;
        }
        buf_add_text(&others, others.size ? ", \"" : " (nor \"");
        buf_add_span(&others, other);
        buf_add_char(&others, '"');
    }
    return fail(err, ERR_INVALID,
        "there is no column \"%.*s\"%s%s; take it out, or head it \"field.NAME\" after a custom "
        "field",
        (int)(name.size < 100 ? name.size : 100), (const char *)name.data,
        others.size ? buf_text(&others) : "", others.size ? ")" : "");
}

static bool read_name(const struct span *cells, size_t n_cells, size_t cell,
    struct sheet_header *header, struct err *err)
{
    const struct span name = span_trim(csv_restore(cells[cell]));
    const int column = find_column(name);

    if (is_field(name))
        return read_field(name, cell, header, err);
    if (!is_known(name))
        return no_column(cells, n_cells, cell, err);
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
    struct sheet_header header = { 0 };

    header.n_cells = sheet_row_width(&header, cells, n_cells);
    for (int i = 0; i < N_SHEET_READ; i++)
        header.at[i] = -1;
    for (size_t i = 0; i < header.n_cells; i++) {
        *ret_cell = i;
        if (!read_name(cells, header.n_cells, i, &header, err))
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

size_t sheet_row_width(const struct sheet_header *header, const struct span *cells, size_t n_cells)
{
    while (n_cells > header->n_cells && span_trim(cells[n_cells - 1]).size == 0)
        n_cells--;
    return n_cells;
}

bool sheet_row_is_blank(const struct span *cells, size_t n_cells)
{
    const struct sheet_header none = { 0 };

    return sheet_row_width(&none, cells, n_cells) == 0;
}

/* ---- what is between the cells ---- */

static bool is_preamble(struct span line)
{
    return span_starts_with(line, "#TYPE ") ||
           span_is_nocase(span_slice(line, 0, strlen("sep=")), "sep=");
}

bool sheet_is_preamble(const struct span *cells, size_t n_cells)
{
    return is_preamble(cells[0]) && sheet_row_is_blank(cells + 1, n_cells - 1);
}

static struct span without_quotes(struct span cell)
{
    cell = span_trim(cell);
    return cell.size >= 2 && cell.data[0] == '"' ? span_trim(span_slice(cell, 1, cell.size - 2))
                                                 : cell;
}

static size_t count_known(struct span line, char delimiter)
{
    struct span cell;
    size_t n = 0;

    while (span_split(&line, delimiter, &cell))
        n += is_known(without_quotes(cell));
    return n;
}

char sheet_delimiter(struct span table)
{
    struct span line = SPAN_EMPTY;
    char best = delimiters[0].delimiter;
    size_t most = 0;

    if (span_starts_with(table, "\xEF\xBB\xBF"))
        table = span_slice(table, 3, SIZE_MAX);
    while (span_split(&table, '\n', &line) && (is_preamble(line) || span_trim(line).size == 0))
        continue;
    line = span_slice(line, 0, span_find_char(line, '\r'));
    for (size_t i = 0; i < countof(delimiters); i++) {
        const size_t n = count_known(line, delimiters[i].delimiter);

        if (n > most)
            best = delimiters[i].delimiter;
        most = n > most ? n : most;
    }
    return best;
}

const char *sheet_delimiter_word(char delimiter)
{
    size_t i = 0;

    while (i + 1 < countof(delimiters) && delimiters[i].delimiter != delimiter)
        i++;
    return delimiters[i].word;
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
