/* codec/csv: a table from a stranger; the first byte says how it is cut. What is read can be
 * written and read again. */
#include "base/alloc.h"
#include "base/err.h"
#include "codec/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct csv_out *const out = context;

    (void)err;
    ASSERT(line > 0 && n_cells > 0 && n_cells <= CSV_MAX_COLUMNS);
    for (size_t i = 0; i < n_cells; i++) {
        autofree(str) char *text = span_dup(csv_restore(cells[i]));

        csv_text(out, text);
    }
    csv_end_row(out);
    return true;
}

static bool read_table(struct span table, size_t step, struct buf *written)
{
    struct csv_out out;
    autofree(csv_reader) struct csv_reader *reader = csv_reader_new(write_row, &out);
    struct err err = { 0 };

    csv_out_init(&out, written);
    for (size_t at = 0; at < table.size; at += step)
        if (!csv_reader_feed(reader, span_slice(table, at, step), &err))
            return false;
    return csv_reader_finish(reader, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autodone(buf) struct buf once = BUF_INIT(16U << 20);
    autodone(buf) struct buf twice = BUF_INIT(16U << 20);

    if (size == 0 || size > 65536)
        return 0;
    if (!read_table(span_of(data + 1, size - 1), data[0] + 1U, &once))
        return 0;
    ASSERT(read_table(buf_span(&once), 4096, &twice));
    ASSERT(span_equal(buf_span(&once), buf_span(&twice)));
    return 0;
}
