/*
 * job/types/import_file: see the header.
 *
 * Rows of one record mostly follow one another. To know those that do not, each row's hash and
 * place are noted in the first pass and sorted; only the rows of scattered records are kept.
 */
#include "job/types/import_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/digest.h"
#include "db/db.h"
#include "job/queue.h"
#include "job/types/import_record.h"
#include "store/import_file.h"

#define HEADER_MAX (2U << 20)

bool import_file_piece(struct db *db, struct tx *tx, int64_t file_id, int64_t seq,
    struct buf *piece, struct err *err)
{
    autofree(tx) struct tx *own = NULL;

    if (!tx && !tx_begin(db, TX_READ, &own, err))
        return false;
    return store_import_file_chunk(tx ? tx : own, file_id, seq, piece, err);
}

bool import_file_feed(struct db *db, struct tx *tx, const struct import_row *import, int64_t offset,
    struct csv_reader *reader, struct err *err)
{
    autodone(buf) struct buf chunk = BUF_INIT(IMPORT_CHUNK_SIZE);

    while (offset < import->size) {
        const size_t skip = (size_t)(offset % IMPORT_CHUNK_SIZE);

        if (!import_file_piece(db, tx, import->file_id, offset / IMPORT_CHUNK_SIZE, &chunk, err))
            return false;
        if (chunk.size <= skip)
            return fail(err, ERR_INTERNAL, "a piece of the file is missing");
        if (!csv_reader_feed(reader, span_slice(buf_span(&chunk), skip, SIZE_MAX), err))
            return false;
        offset += (int64_t)(chunk.size - skip);
    }
    return csv_reader_finish(reader, err);
}

/* ---- the first pass ---- */

void import_index_init(struct import_index *index)
{
    *index = (struct import_index){ .delimiter = ',', .header_row = BUF_INIT(HEADER_MAX) };
}

void import_index_done(struct import_index *index)
{
    for (size_t i = 0; i < index->n_header_names; i++)
        free(index->header_names[i]);
    buf_done(&index->header_row);
    free(index->rows);
    free(index->problem);
    free(index->problem_column);
}

uint64_t import_index_hash(struct span key)
{
    uint8_t digest[SHA256_SIZE];
    uint64_t hash;

    digest_sha256(key, digest);
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

struct indexing {
    struct import_index *index;
    struct csv_reader *reader;
    struct job_run *run;
    struct buf key;
    uint64_t last_hash;
    bool has_last;     /* the row before has a key */
    bool is_scattered; /* some record is */
    bool has_header;
};

void import_index_complain(struct import_index *index, int64_t line, const char *column,
    const char *what)
{
    index->problem = xstrdup(what);
    index->problem_line = line;
    index->problem_column = column ? xstrdup(column) : NULL;
}

static bool complain(struct import_index *index, int64_t line, const char *column, const char *what)
{
    import_index_complain(index, line, column, what);
    return false;
}

static bool take_header(struct indexing *work, int64_t line, const struct span *cells, size_t n,
    struct err *err)
{
    struct import_index *const index = work->index;
    struct csv_out out;
    size_t bad_cell;

    work->has_header = true;
    n = sheet_row_width(&index->header, cells, n);
    csv_out_init(&out, &index->header_row);
    for (size_t i = 0; i < n; i++) {
        index->header_names[index->n_header_names++] = span_dup(csv_restore(cells[i]));
        csv_span(&out, csv_restore(cells[i]));
    }
    csv_end_row(&out);
    if (sheet_header_read(cells, n, &index->header, &bad_cell, err))
        return true;
    return complain(index, line, import_index_column(index, bad_cell), err->msg);
}

static void note_row(struct indexing *work, int64_t line)
{
    struct import_index *const index = work->index;
    const uint64_t hash = import_index_hash(buf_span(&work->key));

    index->rows = rows_make_room(index->rows, index->n, &index->room, sizeof *index->rows);
    index->rows[index->n++] = (struct import_index_row){ .hash = hash,
        .offset = csv_reader_offset(work->reader),
        .line = (uint32_t)line,
        .row = (uint32_t)index->n_rows };
}

static bool count_row(struct indexing *work, int64_t line, struct err *err)
{
    struct import_index *const index = work->index;

    if (++index->n_rows > IMPORT_ROWS_MAX) {
        (void)complain(index, line, NULL, "the file has more than 2000000 rows; split it");
        return fail(err, ERR_LIMIT, "%s", index->problem);
    }
    return index->n_rows % 100000 != 0 || job_run_progress(work->run, 0, 0, err);
}

static bool index_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct indexing *const work = context;

    if (sheet_row_is_blank(cells, n_cells) ||
        (!work->has_header && sheet_is_preamble(cells, n_cells)))
        return true;
    if (!work->has_header)
        return take_header(work, line, cells, n_cells, err);
    n_cells = sheet_row_width(&work->index->header, cells, n_cells);
    if (n_cells == work->index->header.n_cells &&
        import_row_key(&work->index->header, cells, &work->key))
        note_row(work, line);
    return count_row(work, line, err);
}

static bool index_bad_row(void *context, int64_t line, size_t cell, const struct err *why,
    struct err *err)
{
    struct indexing *const work = context;

    (void)cell;
    if (!work->has_header) {
        (void)complain(work->index, line, NULL, why->msg);
        *err = *why;
        return false;
    }
    return count_row(work, line, err);
}

static int compare_rows(const void *a, const void *b)
{
    const struct import_index_row *const left = a;
    const struct import_index_row *const right = b;

    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

/* By hash, and then by row. Hashes are spread evenly, so the rows are brought into 256 parts where
 * they lie first: to sort all at once, qsort() would ask for as much memory as they take. */
static void sort_rows(struct import_index_row *rows, size_t n)
{
    size_t ends[256] = { 0 };
    size_t next[256];

    for (size_t i = 0; i < n; i++)
        ends[rows[i].hash >> 56]++;
    for (size_t part = 0, end = 0; part < countof(ends); part++) {
        next[part] = end;
        end += ends[part];
        ends[part] = end;
    }
    for (size_t part = 0; part < countof(ends); part++) {
        const size_t begin = part ? ends[part - 1] : 0;

        while (next[part] < ends[part]) {
            struct import_index_row *const row = &rows[next[part]];
            const struct import_index_row here = *row;
            struct import_index_row *const place = &rows[next[here.hash >> 56]++];

            *row = *place;
            *place = here;
        }
        if (ends[part] - begin > 1)
            qsort(&rows[begin], ends[part] - begin, sizeof *rows, compare_rows);
    }
}

/* Of the sorted rows keep those whose record does not lie in one piece. */
static void keep_scattered(struct import_index *index)
{
    size_t kept = 0;

    if (index->n == 0)
        return;
    sort_rows(index->rows, index->n);
    for (size_t i = 0, end; i < index->n; i = end) {
        bool is_whole = true;

        for (end = i + 1; end < index->n && index->rows[end].hash == index->rows[i].hash; end++)
            is_whole = is_whole && index->rows[end].row == index->rows[end - 1].row + 1;
        if (is_whole)
            continue;
        memmove(index->rows + kept, index->rows + i, (end - i) * sizeof *index->rows);
        kept += end - i;
    }
    index->n = index->room = kept;
    if (kept) {
        index->rows = xreallocarray(index->rows, kept, sizeof *index->rows);
        return;
    }
    free(index->rows);
    index->rows = NULL;
}

/* "line 7: …" of the reader's own words. */
static void take_reader_problem(struct import_index *index, const struct err *why)
{
    int64_t line = 0;
    const char *text = why->msg;

    if (strncmp(text, "line ", 5) == 0) {
        for (text += 5; *text >= '0' && *text <= '9'; text++)
            line = line * 10 + (*text - '0');
        text += strncmp(text, ": ", 2) == 0 ? 2 : 0;
    }
    (void)complain(index, line, NULL, text);
}

static bool find_delimiter(struct db *db, const struct import_row *import,
    struct import_index *index, struct err *err)
{
    autodone(buf) struct buf chunk = BUF_INIT(IMPORT_CHUNK_SIZE);

    if (!import_file_piece(db, NULL, import->file_id, 0, &chunk, err))
        return false;
    index->delimiter = sheet_delimiter(buf_span(&chunk));
    return true;
}

bool import_index_make(struct job_run *run, const struct import_row *import,
    struct import_index *index, struct err *err)
{
    struct indexing work = { .index = index, .run = run, .key = BUF_INIT(CSV_MAX_CELL + 1) };
    struct err why = { 0 };
    bool works;

    if (!find_delimiter(run->db, import, index, err))
        return false;
    work.reader = csv_reader_new(index_row, &work);
    csv_reader_set_delimiter(work.reader, index->delimiter);
    csv_reader_on_bad_row(work.reader, index_bad_row);
    works = import_file_feed(run->db, NULL, import, 0, work.reader, &why);
    csv_reader_free(work.reader);
    buf_done(&work.key);
    if (!works && !index->problem) {
        if (why.kind != ERR_INVALID && why.kind != ERR_LIMIT) {
            *err = why;
            return false;
        }
        take_reader_problem(index, &why);
    }
    if (!index->problem && !work.has_header)
        (void)complain(index, 1, NULL, "the file is empty: its first line names the columns");
    keep_scattered(index);
    return true;
}

const struct import_index_row *import_index_find(const struct import_index *index, uint64_t hash,
    size_t *ret_n)
{
    size_t low = 0;
    size_t high = index->n;
    size_t end;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (index->rows[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < index->n && index->rows[end].hash == hash;)
        end++;
    *ret_n = end - low;
    return *ret_n ? index->rows + low : NULL;
}

const char *import_index_column(const struct import_index *index, size_t cell)
{
    return cell < index->n_header_names ? index->header_names[cell] : "";
}
