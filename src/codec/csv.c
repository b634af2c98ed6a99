/*
 * codec/csv: see the header. Quotes are libcsv's to understand; lines are counted and limits kept
 * here.
 */
#include "codec/csv.h"

#include <csv.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"

#define PIECE 4096 /* libcsv's buffer grows within a piece; after each it is looked at */
#define BOM "\xef\xbb\xbf"

/* Where the byte last read is. libcsv's own strictness also refuses a quote within a bare cell (5'
 * 3"). */
enum place { AT_CELL, IN_BARE, IN_QUOTES, AFTER_QUOTE };

struct csv_reader {
    struct csv_parser parser;
    csv_row row;
    void *context;
    struct buf bytes;             /* the row's cells, one behind the other */
    size_t ends[CSV_MAX_COLUMNS]; /* where each ends */
    size_t n_cells;
    int64_t line;     /* on which the next cell begins */
    int64_t row_line; /* on which the row began */
    bool is_after_cr; /* the row ended with CR; an LF next belongs to it */
    enum place place;
    bool is_begun; /* past a byte order mark */
    uint8_t head[3];
    size_t n_head;
    bool is_failed;
    struct err *err; /* of the call under way */
};

/* ---- libcsv calls back ---- */

static void fail_at(struct csv_reader *reader, enum err_kind kind, int64_t line, const char *what)
{
    if (!reader->is_failed)
        (void)fail(reader->err, kind, "line %" PRId64 ": %s", line, what);
    reader->is_failed = true;
}

static int64_t count_lines(struct span text)
{
    int64_t n = 0;

    for (size_t i = 0; i < text.size; i++)
        n += text.data[i] == '\n' ||
             (text.data[i] == '\r' && (i + 1 == text.size || text.data[i + 1] != '\n'));
    return n;
}

static void take_cell(void *data, size_t size, void *context)
{
    struct csv_reader *const reader = context;
    const struct span cell = span_of(data, size);

    reader->is_after_cr = false;
    if (reader->is_failed)
        return;
    if (reader->n_cells == 0)
        reader->row_line = reader->line;
    if (size > CSV_MAX_CELL)
        fail_at(reader, ERR_LIMIT, reader->line, "a cell is larger than 65536 bytes");
    else if (reader->n_cells == CSV_MAX_COLUMNS)
        fail_at(reader, ERR_LIMIT, reader->line, "there are more than 200 columns");
    else if (reader->bytes.size + size > CSV_MAX_ROW)
        fail_at(reader, ERR_LIMIT, reader->row_line, "the row is larger than 1048576 bytes");
    else if (!parse_is_utf8(cell))
        fail_at(reader, ERR_INVALID, reader->line, "a cell is not UTF-8 text");
    if (reader->is_failed)
        return;
    buf_add_span(&reader->bytes, cell);
    reader->ends[reader->n_cells++] = reader->bytes.size;
    reader->line += count_lines(cell);
}

static void report_row(struct csv_reader *reader)
{
    struct span cells[CSV_MAX_COLUMNS];
    size_t begin = 0;

    for (size_t i = 0; i < reader->n_cells; i++) {
        cells[i] = span_slice(buf_span(&reader->bytes), begin, reader->ends[i] - begin);
        begin = reader->ends[i];
    }
    if (!reader->row(reader->context, reader->row_line, cells, reader->n_cells, reader->err))
        reader->is_failed = true;
    buf_clear(&reader->bytes);
    reader->n_cells = 0;
}

/* Every CR and LF outside of quotes, and -1 at the end of the table. */
static void take_line_end(int c, void *context)
{
    struct csv_reader *const reader = context;

    if (reader->n_cells > 0 && !reader->is_failed)
        report_row(reader);
    if (c == '\r' || (c == '\n' && !reader->is_after_cr))
        reader->line++;
    reader->is_after_cr = c == '\r';
}

/* Blanks at the ends of a cell belong to it (RFC 4180, 2.4). */
static int is_no_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* ---- reading ---- */

struct csv_reader *csv_reader_new(csv_row row, void *context)
{
    struct csv_reader *const reader = xcalloc(1, sizeof *reader);

    reader->row = row;
    reader->context = context;
    reader->line = 1;
    buf_init(&reader->bytes, CSV_MAX_ROW);
    csv_init(&reader->parser, CSV_REPALL_NL);
    csv_set_space_func(&reader->parser, is_no_space);
    return reader;
}

void csv_reader_free(struct csv_reader *reader)
{
    if (!reader)
        return;
    csv_free(&reader->parser);
    buf_done(&reader->bytes);
    free(reader);
}

static enum place next_place(enum place place, uint8_t c)
{
    if (place == IN_QUOTES)
        return c == '"' ? AFTER_QUOTE : IN_QUOTES;
    if (c == ',' || c == '\r' || c == '\n')
        return AT_CELL;
    if (c == '"' && place != IN_BARE)
        return IN_QUOTES;
    return place == AFTER_QUOTE ? AFTER_QUOTE : IN_BARE;
}

/* How many bytes there are before one that follows a closing quote and may not. */
static size_t well_quoted(struct csv_reader *reader, struct span piece)
{
    for (size_t i = 0; i < piece.size; i++) {
        const enum place next = next_place(reader->place, piece.data[i]);

        if (next == AFTER_QUOTE && reader->place == AFTER_QUOTE)
            return i;
        reader->place = next;
    }
    return piece.size;
}

static bool parse_piece(struct csv_reader *reader, struct span piece)
{
    const size_t n = well_quoted(reader, piece);

    if (csv_parse(&reader->parser, piece.data, n, take_cell, take_line_end, reader) != n)
        fail_at(reader, ERR_INTERNAL, reader->line, csv_strerror(csv_error(&reader->parser)));
    else if (n < piece.size)
        fail_at(reader, ERR_INVALID, reader->line,
            "there is text behind a closing quote; within quotes they are doubled");
    else if (csv_get_buffer_size(&reader->parser) > CSV_MAX_CELL + 2 * PIECE)
        fail_at(reader, ERR_LIMIT, reader->line, "a cell is larger than 65536 bytes");
    return !reader->is_failed;
}

/* Hold back the first bytes until it is known whether they are a byte order mark. */
static bool begin(struct csv_reader *reader, struct span *piece)
{
    while (piece->size > 0 && reader->n_head < sizeof reader->head) {
        reader->head[reader->n_head++] = piece->data[0];
        *piece = span_slice(*piece, 1, SIZE_MAX);
    }
    if (reader->n_head < sizeof reader->head)
        return true;
    reader->is_begun = true;
    return memcmp(reader->head, BOM, sizeof reader->head) == 0 ||
           parse_piece(reader, span_of(reader->head, reader->n_head));
}

bool csv_reader_feed(struct csv_reader *reader, struct span piece, struct err *err)
{
    reader->err = err;
    if (!reader->is_begun && !begin(reader, &piece))
        return false;
    for (size_t at = 0; at < piece.size; at += PIECE)
        if (!parse_piece(reader, span_slice(piece, at, PIECE)))
            return false;
    return true;
}

bool csv_reader_finish(struct csv_reader *reader, struct err *err)
{
    reader->err = err;
    if (!reader->is_begun && !parse_piece(reader, span_of(reader->head, reader->n_head)))
        return false;
    if (reader->place == IN_QUOTES)
        fail_at(reader, ERR_INVALID, reader->line, "a quoted cell does not end");
    else if (csv_fini(&reader->parser, take_cell, take_line_end, reader) != 0)
        fail_at(reader, ERR_INTERNAL, reader->line, csv_strerror(csv_error(&reader->parser)));
    return !reader->is_failed;
}

/* ---- formulas ---- */

/* Would it be run, but for any number of "'" before it? */
static bool is_formula(struct span text)
{
    size_t at = 0;

    while (at < text.size && text.data[at] == '\'')
        at++;
    return at < text.size && strchr("=+-@\t\r\n", text.data[at]);
}

struct span csv_restore(struct span cell)
{
    return cell.size > 0 && cell.data[0] == '\'' && is_formula(cell) ? span_slice(cell, 1, SIZE_MAX)
                                                                     : cell;
}

/* ---- writing ---- */

void csv_out_init(struct csv_out *out, struct buf *buf)
{
    *out = (struct csv_out){ .buf = buf };
}

static void begin_cell(struct csv_out *out)
{
    if (out->is_filled)
        buf_add_char(out->buf, ',');
    out->is_filled = true;
}

void csv_text(struct csv_out *out, const char *text)
{
    const char *const shown = text ? text : "";
    const bool is_run = is_formula(span_text(shown));
    /* An empty row would be skipped, and a mark of byte order taken off. */
    const bool is_quoted = strpbrk(shown, ",\"\r\n") || strncmp(shown, BOM, 3) == 0 ||
                           (!out->is_filled && shown[0] == '\0');

    begin_cell(out);
    if (is_quoted)
        buf_add_char(out->buf, '"');
    if (is_run)
        buf_add_char(out->buf, '\'');
    for (const char *p = shown; *p; p++) {
        if (*p == '"')
            buf_add_char(out->buf, '"');
        buf_add_char(out->buf, *p);
    }
    if (is_quoted)
        buf_add_char(out->buf, '"');
}

void csv_i64(struct csv_out *out, int64_t value)
{
    begin_cell(out);
    buf_addf(out->buf, "%" PRId64, value);
}

void csv_end_row(struct csv_out *out)
{
    buf_add_text(out->buf, "\r\n");
    out->is_filled = false;
}
