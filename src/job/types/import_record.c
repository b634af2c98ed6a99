/* job/types/import_record: see the header. */
#include "job/types/import_record.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/csv.h"
#include "codec/fold.h"

#define CELLS_MAX (4U << 20)
/* What is cleared keeps room for this much. */
#define PLACES_KEPT 16
#define CELLS_KEPT (16U << 10)

#define ERRORS_MAX 20 /* of one record; the rest is likely more of the same */

static const struct {
    enum sheet_column column;
    size_t max; /* characters */
} limits[] = {
    { SHEET_ID, 20 },
    { SHEET_NAME, CERT_ROW_NAME_MAX },
    { SHEET_DESCRIPTION, 10000 },
    { SHEET_BUSINESS_GROUP, 100 },
    { SHEET_OWNER, 64 },
    { SHEET_ASSIGNEE, 64 },
    { SHEET_SHARE_USERS, 65536 },
    { SHEET_SHARE_GROUPS, 65536 },
    { SHEET_TAGS, 4096 },
};

void import_record_init(struct import_record *record, const struct sheet_header *header)
{
    *record = (struct import_record){ .header = header, .cells = BUF_INIT(CELLS_MAX) };
}

void import_record_clear(struct import_record *record)
{
    for (size_t i = 0; i < N_SHEET_READ; i++) {
        free(record->values[i]);
        record->values[i] = NULL;
    }
    for (size_t i = 0; i < SHEET_FIELDS_MAX; i++) {
        free(record->fields[i]);
        record->fields[i] = NULL;
    }
    for (size_t i = 0; i < record->n_errors; i++)
        free(record->errors[i].message);
    if (record->places_room > PLACES_KEPT) {
        free(take(&record->places));
        record->places_room = 0;
    }
    if (record->cells.size > CELLS_KEPT)
        buf_done(&record->cells);
    free(take(&record->name_lower));
    record->look = IMPORT_LOOK_UNKNOWN;
    record->line = 0;
    record->lines.n = 0;
    record->n_places = 0;
    record->n_errors = 0;
    buf_clear(&record->cells);
}

void import_record_done(struct import_record *record)
{
    import_record_clear(record);
    id_list_done(&record->lines);
    free(record->places);
    free(record->errors);
    buf_done(&record->cells);
}

bool import_record_is_empty(const struct import_record *record)
{
    return record->lines.n == 0;
}

void import_record_complete(struct import_record *record)
{
    free(record->name_lower);
    record->name_lower = text_fold(import_record_name(record));
}

const char *import_record_name(const struct import_record *record)
{
    const char *const name = import_record_value(record, SHEET_NAME);

    if (name[0] || record->n_places == 0)
        return name;
    return record->places[0].sni[0] ? record->places[0].sni : record->places[0].host;
}

const char *import_record_value(const struct import_record *record, enum sheet_column column)
{
    return record->values[column] ? record->values[column] : "";
}

void import_record_complain_at(struct import_record *record, int64_t line, const char *column,
    const char *message)
{
    if (record->n_errors == ERRORS_MAX)
        return;
    record->errors = rows_make_room(record->errors, record->n_errors, &record->errors_room,
        sizeof *record->errors);
    record->errors[record->n_errors++] =
        (struct import_error){ .line = line, .column = column, .message = xstrdup(message) };
}

void import_record_complain(struct import_record *record, enum sheet_column column,
    const char *format, ...)
{
    char message[512];
    int64_t line = record->value_lines[column];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    import_record_complain_at(record, record->values[column] ? line : record->line,
        sheet_column_name(column), message);
}

/* ---- endpoints ---- */

struct typed_place {
    char host[300];
    char sni[300];
    char protocol[32];
    int64_t port; /* 0: not given */
    bool has_sni;
};

static bool copy_cell(const struct sheet_header *header, const struct span *cells,
    enum sheet_column column, char *field, size_t field_size, struct err *err)
{
    const struct span cell = sheet_cell(header, cells, column);

    if (cell.size >= field_size)
        return fail(err, ERR_LIMIT, "longer than %zu bytes", field_size - 1);
    span_copy_text(cell, field, field_size);
    return true;
}

/* As people write it: "HTTPS", "SMTP". */
static void name_protocol(char *protocol, size_t size)
{
    for (char *c = protocol; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (strcmp(protocol, "https") == 0)
        span_copy_text(SPAN_LITERAL("tls"), protocol, size);
}

/* *ret_column is the one to blame. */
static bool read_typed(const struct sheet_header *header, const struct span *cells,
    struct typed_place *typed, const char **ret_column, struct err *err)
{
    const struct span port = sheet_cell(header, cells, SHEET_PORT);

    *ret_column = sheet_column_name(SHEET_HOST);
    if (!copy_cell(header, cells, SHEET_HOST, typed->host, sizeof typed->host, err))
        return false;
    *ret_column = sheet_column_name(SHEET_SNI);
    if (!copy_cell(header, cells, SHEET_SNI, typed->sni, sizeof typed->sni, err))
        return false;
    *ret_column = sheet_column_name(SHEET_PROTOCOL);
    if (!copy_cell(header, cells, SHEET_PROTOCOL, typed->protocol, sizeof typed->protocol, err))
        return false;
    name_protocol(typed->protocol, sizeof typed->protocol);
    *ret_column = sheet_column_name(SHEET_PORT);
    if (port.size > 0 && !parse_i64(port, 1, 65535, &typed->port, err))
        return false;
    *ret_column = sheet_column_name(SHEET_HOST);
    if (!typed->host[0] && (typed->port || typed->sni[0] || typed->protocol[0]))
        return fail(err, ERR_INVALID, "there is no host to connect to");
    typed->has_sni = typed->sni[0] != '\0';
    if (strcmp(typed->sni, SHEET_NO_SNI) == 0)
        typed->sni[0] = '\0';
    return true;
}

bool import_place_read(const struct sheet_header *header, const struct span *cells,
    const char *protocol, struct watch_place *ret, bool *ret_has, const char **ret_column,
    struct err *err)
{
    struct typed_place typed = { 0 };

    if (!read_typed(header, cells, &typed, ret_column, err))
        return false;
    *ret_has = typed.host[0] != '\0';
    return !*ret_has || watch_place_parse(typed.host, typed.port, typed.has_sni ? typed.sni : NULL,
                            typed.protocol[0] ? typed.protocol : protocol, ret, ret_column, err);
}

static void add_place(struct import_record *record, int64_t line, const struct span *cells)
{
    struct watch_place place;
    const char *column = "";
    struct err err = { 0 };
    bool has_place;

    if (!import_place_read(record->header, cells, NULL, &place, &has_place, &column, &err)) {
        import_record_complain_at(record, line, column, err.msg);
        return;
    }
    if (!has_place)
        return;
    if (record->n_places == IMPORT_PLACES_MAX) {
        import_record_complain_at(record, line, sheet_column_name(SHEET_HOST),
            "a record has at most 10000 endpoints");
        return;
    }
    record->places = rows_make_room(record->places, record->n_places, &record->places_room,
        sizeof *record->places);
    record->places[record->n_places++] = place;
}

/* ---- what rows share ---- */

static void add_folded(struct buf *key, struct span text)
{
    autofree(str) char *folded = text_fold_span(text);

    buf_add_text(key, folded);
}

bool import_row_key(const struct sheet_header *header, const struct span *cells, struct buf *key)
{
    const struct span id = sheet_cell(header, cells, SHEET_ID);
    const struct span name = sheet_cell(header, cells, SHEET_NAME);
    const struct span host = sheet_cell(header, cells, SHEET_HOST);
    struct watch_place place;
    const char *column;
    struct err ignored = { 0 };
    bool has_place;

    buf_clear(key);
    buf_add_char(key, id.size ? '#' : '=');
    if (id.size)
        buf_add_span(key, id);
    else if (name.size)
        add_folded(key, name);
    else if (host.size &&
             import_place_read(header, cells, NULL, &place, &has_place, &column, &ignored) &&
             has_place)
        buf_add_text(key, place.sni[0] ? place.sni : place.host);
    else
        add_folded(key, host);
    return key->size > 1;
}

/* One of the values that rows share, in the line where it was first given. */
struct shared_value {
    char **text;
    int64_t *line;
    const char *column;
};

static void add_value(struct import_record *record, int64_t line, struct span cell,
    const struct shared_value *value)
{
    char **const text = value->text;

    if (*text && (cell.size == 0 || span_is(cell, *text)))
        return;
    if (*text && (*text)[0]) {
        autofree(str) char *message =
            xasprintf("another one than in line %" PRId64 ": rows of one record share it",
                *value->line);

        import_record_complain_at(record, line, value->column, message);
        return;
    }
    free(*text);
    *text = span_dup(cell);
    *value->line = line;
}

static void add_values(struct import_record *record, int64_t line, const struct span *cells)
{
    const struct sheet_header *const header = record->header;

    for (int i = 0; i < N_SHEET_READ; i++) {
        const enum sheet_column column = (enum sheet_column)i;
        const struct shared_value value = { &record->values[i], &record->value_lines[i],
            sheet_column_name(column) };

        if (sheet_has(header, column) && !sheet_is_of_endpoint(column))
            add_value(record, line, sheet_cell(header, cells, column), &value);
    }
    for (size_t i = 0; i < header->n_fields; i++) {
        const struct shared_value value = { &record->fields[i], &record->field_lines[i],
            header->fields[i].column };

        add_value(record, line, sheet_field_cell(&header->fields[i], cells), &value);
    }
}

static void check_lengths(struct import_record *record, int64_t line, const struct span *cells)
{
    for (size_t i = 0; i < countof(limits); i++) {
        char message[64];

        if (parse_n_characters(sheet_cell(record->header, cells, limits[i].column)) <=
            limits[i].max)
            continue;
        (void)snprintf(message, sizeof message, "longer than %zu characters", limits[i].max);
        import_record_complain_at(record, line, sheet_column_name(limits[i].column), message);
    }
}

void import_record_keep_cells(struct import_record *record, const struct span *cells, size_t n)
{
    struct csv_out out;

    csv_out_init(&out, &record->cells);
    for (size_t i = 0; i < n; i++)
        csv_span(&out, csv_restore(cells[i]));
    csv_end_row(&out);
}

static void begin_row(struct import_record *record, int64_t line)
{
    if (import_record_is_empty(record))
        record->line = line;
    id_list_add(&record->lines, line);
}

void import_record_add(struct import_record *record, int64_t line, const struct span *cells)
{
    begin_row(record, line);
    check_lengths(record, line, cells);
    add_values(record, line, cells);
    add_place(record, line, cells);
    import_record_keep_cells(record, cells, record->header->n_cells);
}

void import_record_add_bad(struct import_record *record, int64_t line, const char *column,
    const char *message)
{
    begin_row(record, line);
    import_record_complain_at(record, line, column, message);
}
