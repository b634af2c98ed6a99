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
    csv_bad_row bad_row; /* NULL: a bad row ends the reading */
    void *context;
    struct buf bytes;             /* the row's cells, one behind the other */
    size_t ends[CSV_MAX_COLUMNS]; /* where each ends */
    size_t n_cells;
    int64_t line;     /* on which the next cell begins */
    int64_t row_line; /* on which the row began */
    bool is_after_cr; /* the row ended with CR; an LF next belongs to it */
    enum place place;
    uint8_t delimiter;
    bool is_begun; /* past a byte order mark */
    uint8_t head[3];
    size_t n_head;
    int64_t offset;        /* of the next byte to be parsed, in the table */
    int64_t starts[PIECE]; /* where the rows begin that were parsed and not given out yet */
    size_t n_starts;
    size_t n_given;
    int64_t row_offset;
    bool is_in_row;   /* past the first byte of a row */
    bool is_bad;      /* the row is, … */
    struct err bad;   /* … because of this … */
    size_t bad_cell;  /* … in this cell … */
    int64_t bad_line; /* … which is on this line */
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

/* The first reason counts. */
static void spoil(struct csv_reader *reader, enum err_kind kind, int64_t line, const char *what)
{
    if (reader->is_bad)
        return;
    (void)fail(&reader->bad, kind, "%s", what);
    reader->is_bad = true;
    reader->bad_cell = reader->n_cells;
    reader->bad_line = line;
}

/* "byte 0xe9, the 3rd of the cell" is what helps to find it. */
static void spoil_by_bytes(struct csv_reader *reader, struct span cell)
{
    char what[128];
    size_t at = 0;

    for (size_t n; at < cell.size && (n = parse_utf8_sequence(cell, at)) > 0;)
        at += n;
    (void)snprintf(what, sizeof what,
        "a cell is not UTF-8 text: byte 0x%02x, number %zu of the cell; save the table as CSV UTF-8",
        at < cell.size ? (unsigned)cell.data[at] : 0U, at + 1);
    spoil(reader, ERR_INVALID, reader->line, what);
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
        spoil(reader, ERR_LIMIT, reader->line, "a cell is larger than 65536 bytes");
    else if (reader->n_cells == CSV_MAX_COLUMNS)
        spoil(reader, ERR_LIMIT, reader->line, "there are more than 200 columns");
    else if (reader->bytes.size + size > CSV_MAX_ROW)
        spoil(reader, ERR_LIMIT, reader->row_line, "the row is larger than 1048576 bytes");
    else if (!parse_is_utf8(cell))
        spoil_by_bytes(reader, cell);
    if (reader->is_bad && !reader->bad_row)
        fail_at(reader, reader->bad.kind, reader->bad_line, reader->bad.msg);
    reader->line += count_lines(cell);
    if (reader->n_cells < CSV_MAX_COLUMNS && !reader->is_bad) {
        buf_add_span(&reader->bytes, cell);
        reader->ends[reader->n_cells] = reader->bytes.size;
    }
    reader->n_cells++;
}

static bool give_row(struct csv_reader *reader)
{
    struct span cells[CSV_MAX_COLUMNS];
    size_t begin = 0;

    if (reader->is_bad)
        return reader->bad_row(reader->context, reader->row_line, reader->bad_cell, &reader->bad,
            reader->err);
    for (size_t i = 0; i < reader->n_cells; i++) {
        cells[i] = span_slice(buf_span(&reader->bytes), begin, reader->ends[i] - begin);
        begin = reader->ends[i];
    }
    return reader->row(reader->context, reader->row_line, cells, reader->n_cells, reader->err);
}

static void report_row(struct csv_reader *reader)
{
    ASSERT(reader->n_given < reader->n_starts);
    reader->row_offset = reader->starts[reader->n_given++];
    if (!give_row(reader))
        reader->is_failed = true;
    buf_clear(&reader->bytes);
    err_clear(&reader->bad);
    reader->is_bad = false;
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
    reader->delimiter = ',';
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

void csv_reader_set_delimiter(struct csv_reader *reader, char delimiter)
{
    reader->delimiter = (uint8_t)delimiter;
    csv_set_delim(&reader->parser, reader->delimiter);
}

void csv_reader_on_bad_row(struct csv_reader *reader, csv_bad_row bad_row)
{
    reader->bad_row = bad_row;
}

int64_t csv_reader_offset(const struct csv_reader *reader)
{
    return reader->row_offset;
}

void csv_reader_begin_at(struct csv_reader *reader, int64_t offset, int64_t line)
{
    reader->offset = offset;
    reader->line = line;
    reader->is_begun = offset > 0;
}

static enum place next_place(const struct csv_reader *reader, uint8_t c)
{
    const enum place place = reader->place;

    if (place == IN_QUOTES)
        return c == '"' ? AFTER_QUOTE : IN_QUOTES;
    if (c == reader->delimiter || c == '\r' || c == '\n')
        return AT_CELL;
    if (c == '"' && place != IN_BARE)
        return IN_QUOTES;
    return place == AFTER_QUOTE ? AFTER_QUOTE : IN_BARE;
}

/* What was given out makes room. A piece has fewer rows than bytes, and one may have begun before
 * it. */
static void forget_starts(struct csv_reader *reader)
{
    reader->n_starts -= reader->n_given;
    memmove(reader->starts, reader->starts + reader->n_given,
        reader->n_starts * sizeof *reader->starts);
    reader->n_given = 0;
}

static void note_row_start(struct csv_reader *reader, uint8_t c, enum place next, size_t at)
{
    const bool is_line_end = (c == '\n' || c == '\r') && next == AT_CELL;

    if (!is_line_end && !reader->is_in_row)
        reader->starts[reader->n_starts++] = reader->offset + (int64_t)at;
    reader->is_in_row = !is_line_end;
}

/* How many bytes there are before one that follows a closing quote and may not. */
static size_t well_quoted(struct csv_reader *reader, struct span piece)
{
    forget_starts(reader);
    for (size_t i = 0; i < piece.size; i++) {
        const enum place next = next_place(reader, piece.data[i]);

        if (next == AFTER_QUOTE && reader->place == AFTER_QUOTE)
            return i;
        note_row_start(reader, piece.data[i], next, i);
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
        fail_at(reader, ERR_LIMIT, reader->line,
            reader->place == IN_QUOTES
                ? "a quoted cell begins here and does not end within 65536 bytes"
                : "a cell is larger than 65536 bytes");
    reader->offset += (int64_t)n;
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
    if (memcmp(reader->head, BOM, sizeof reader->head) != 0)
        return parse_piece(reader, span_of(reader->head, reader->n_head));
    reader->offset = (int64_t)sizeof reader->head;
    return true;
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
        fail_at(reader, ERR_INVALID, reader->line, "a quoted cell begins here and does not end");
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

static bool needs_quotes(const struct csv_out *out, struct span text)
{
    /* An empty row would be skipped, and a mark of byte order taken off. */
    if ((!out->is_filled && text.size == 0) || span_starts_with(text, BOM))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (strchr(",\"\r\n", text.data[i]))
            return true;
    return false;
}

void csv_span(struct csv_out *out, struct span text)
{
    const bool is_quoted = needs_quotes(out, text);

    begin_cell(out);
    if (is_quoted)
        buf_add_char(out->buf, '"');
    if (is_formula(text))
        buf_add_char(out->buf, '\'');
    if (!is_quoted)
        buf_add_span(out->buf, text);
    for (size_t i = 0; is_quoted && i < text.size; i++) {
        if (text.data[i] == '"')
            buf_add_char(out->buf, '"');
        buf_add_char(out->buf, (char)text.data[i]);
    }
    if (is_quoted)
        buf_add_char(out->buf, '"');
}

void csv_text(struct csv_out *out, const char *text)
{
    csv_span(out, span_text(text));
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
