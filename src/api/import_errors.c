/*
 * api/import_errors: the refused rows of an import (api/imports.h).
 *
 * Each row stands as it came, behind line, column and message; the columns of these names are
 * passed over when the table comes back repaired.
 */
#include "api/imports.h"

#include <stdlib.h>

#include "api/table_stream.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/csv.h"
#include "store/import.h"

#define RECORDS_AT_ONCE 20

struct refused {
    struct store_viewer viewer;
    int64_t id;
    int64_t after_line;
    char *problem; /* "": the file could be read */
};

static void refused_free(void *state)
{
    struct refused *refused = state;

    free(refused->problem);
    free(refused);
}

/* The rows of one record, one after the other. */
struct rewriting {
    struct csv_out out;
    const struct json *errors;
    const struct json *lines; /* NULL: one */
    int64_t line;
    size_t n_rows;
};

static int64_t line_of(const struct rewriting *work, size_t i)
{
    return work->lines ? json_as_i64(json_list_item(work->lines, i), 0) : work->line;
}

/* What is wrong with this line; else that another one of its record is. */
static void put_reasons(struct rewriting *work, int64_t line)
{
    autodone(buf) struct buf messages = BUF_INIT(65536);
    const char *column = NULL;
    size_t n = 0;

    for (size_t i = 0; i < json_list_size(work->errors); i++) {
        const struct json *error = json_list_item(work->errors, i);

        if (json_as_i64(json_member(error, "line"), 0) != line)
            continue;
        if (n++ == 0)
            column = json_as_text(json_member(error, "column"));
        buf_add_text(&messages, n > 1 ? "; " : "");
        buf_add_text(&messages, json_as_text(json_member(error, "message")));
    }
    if (n == 0)
        buf_add_text(&messages, "another row of the record is refused");
    csv_i64(&work->out, line);
    csv_text(&work->out, column);
    csv_span(&work->out, buf_span(&messages));
}

static bool put_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct rewriting *work = context;

    (void)line;
    (void)err;
    put_reasons(work, line_of(work, work->n_rows++));
    for (size_t i = 0; i < n_cells; i++)
        csv_span(&work->out, csv_restore(cells[i]));
    csv_end_row(&work->out);
    return true;
}

static bool put_record(const struct import_record_row *row, struct buf *rows, struct err *err)
{
    autofree(json) struct json *detail = NULL;
    autofree(json) struct json *lines = NULL;
    struct rewriting work = { .line = row->line };
    autofree(csv_reader) struct csv_reader *reader = csv_reader_new(put_row, &work);

    csv_out_init(&work.out, rows);
    if (!json_parse(span_text(row->detail), &detail, err) ||
        (row->lines[0] && !json_parse(span_text(row->lines), &lines, err)))
        return false;
    work.errors = json_member(detail, "errors");
    work.lines = lines;
    if (!csv_reader_feed(reader, span_text(row->cells), err) || !csv_reader_finish(reader, err))
        return false;
    if (work.n_rows == 0) { /* it could not even be read */
        put_reasons(&work, row->line);
        csv_end_row(&work.out);
    }
    return true;
}

static bool put_problem(const char *problem, struct buf *rows, struct err *err)
{
    autofree(json) struct json *json = NULL;
    struct csv_out out;

    if (!json_parse(span_text(problem), &json, err))
        return false;
    csv_out_init(&out, rows);
    csv_i64(&out, json_as_i64(json_member(json, "line"), 0));
    csv_text(&out, json_as_text(json_member(json, "column")));
    csv_text(&out, json_as_text(json_member(json, "message")));
    csv_end_row(&out);
    return true;
}

static bool fill(void *state, struct tx *tx, struct buf *rows, bool *ret_done, struct err *err)
{
    struct refused *refused = state;
    autodone(import_record_rows) struct import_record_rows records = { 0 };
    const struct import_records_request request = { .id = refused->id,
        .action = IMPORT_FAILED,
        .after_line = refused->after_line,
        .limit = RECORDS_AT_ONCE };

    if (refused->problem[0]) {
        *ret_done = true;
        return put_problem(refused->problem, rows, err);
    }
    if (!store_import_records(tx, &refused->viewer, &request, &records, err))
        return false;
    for (size_t i = 0; i < records.n; i++) {
        if (!put_record(&records.items[i], rows, err))
            return false;
        refused->after_line = records.items[i].line;
    }
    *ret_done = records.n < RECORDS_AT_ONCE;
    return true;
}

void import_errors_answer(struct api_call *call, const struct import_row *import)
{
    struct refused *refused = xcalloc(1, sizeof *refused);
    const struct table_stream stream = { .state = refused, .fill = fill, .release = refused_free };
    autodone(buf) struct buf head = BUF_INIT(4U << 20);

    refused->viewer = api_viewer(call);
    refused->id = import->id;
    refused->problem = xstrdup(import->problem);
    buf_add_text(&head, "line,column,message");
    if (import->header[0] && !import->problem[0]) {
        buf_add_char(&head, ',');
        buf_add_text(&head, import->header);
    } else {
        buf_add_text(&head, "\r\n");
    }
    table_stream_answer(call, &stream, "refused.csv", buf_span(&head));
}
