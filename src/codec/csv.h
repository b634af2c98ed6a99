/*
 * codec/csv: tables as RFC 4180 has them, read piece by piece and written row by row.
 *
 * Reading is strict about quotes and lenient about line ends (LF, CRLF), a byte order mark, and
 * blank lines, which are skipped. The cells are text: UTF-8 without NUL. libcsv's types stay in
 * codec/.
 *
 * A spreadsheet runs a cell that begins with "=", "+", "-", "@", a tab or a line break as a
 * formula. Such texts are written with a "'" before them, which is taken away again when they are
 * read.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct csv_reader;
struct err;

#define CSV_MAX_CELL (64U << 10)
#define CSV_MAX_ROW (1U << 20)
#define CSV_MAX_COLUMNS 200

/*
 * Called for each row, with the line on which it begins. The cells are valid during the call.
 * Returning false ends the reading with that error.
 */
typedef bool (*csv_row)(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err);

struct csv_reader *csv_reader_new(csv_row row, void *context) must_check;
void csv_reader_free(struct csv_reader *reader);

/* What is between cells, where it is no comma: before the first piece. */
void csv_reader_set_delimiter(struct csv_reader *reader, char delimiter);

/*
 * Called for a row that cannot be given out: too many cells, too much in them, a cell that is no
 * text. `cell` counts from 0, `why` has no line. Without it such a row ends the reading; with it
 * only what makes the rows to come doubtful does: quotes, and a cell without an end.
 */
typedef bool (
    *csv_bad_row)(void *context, int64_t line, size_t cell, const struct err *why, struct err *err);
void csv_reader_on_bad_row(struct csv_reader *reader, csv_bad_row bad_row);

/* The row that is being given out begins at this byte of the table, and can be read again from
 * there by a reader that was told so: csv_reader_begin_at(), before the first piece. */
int64_t csv_reader_offset(const struct csv_reader *reader);
void csv_reader_begin_at(struct csv_reader *reader, int64_t offset, int64_t line);

/*
 * The next piece of the table, cut anywhere. ERR_INVALID and ERR_LIMIT name the line; after a
 * failure the reader may only be freed.
 */
bool csv_reader_feed(struct csv_reader *reader, struct span piece, struct err *err) must_check;

/* There is no more: report the last row. ERR_INVALID if it ends within quotes. */
bool csv_reader_finish(struct csv_reader *reader, struct err *err) must_check;

/* The text that was meant: without the "'" that keeps it from being run. Points into `cell`. */
struct span csv_restore(struct span cell);

/* Writes rows behind what is in `buf`. The fields may be looked at by no one but codec/csv. */
struct csv_out {
    struct buf *buf;
    bool is_filled; /* the row has a cell */
};

void csv_out_init(struct csv_out *out, struct buf *buf);
void csv_text(struct csv_out *out, const char *text); /* NULL: an empty cell */
void csv_span(struct csv_out *out, struct span text);
void csv_i64(struct csv_out *out, int64_t value);
void csv_end_row(struct csv_out *out);

DEFINE_AUTOFREE(csv_reader);
