/* api/table_stream: see the header. */
#include "api/table_stream.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"

#define PIECE ((size_t)192 * 1024)
#define ROWS_MAX (16U << 20) /* what one call of fill() may make */

struct streaming {
    struct table_stream stream;
    struct buf rows; /* made, and not given out yet from `at` on */
    size_t at;
    bool is_done;
};

static bool fill(struct streaming *streaming, struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    buf_clear(&streaming->rows);
    streaming->at = 0;
    return tx_begin(db, TX_READ, &tx, err) &&
           streaming->stream.fill(streaming->stream.state, tx, &streaming->rows,
               &streaming->is_done, err) &&
           buf_check(&streaming->rows, "piece of the table", err);
}

static enum http_more produce(void *arg, void *worker, struct buf *chunk)
{
    struct streaming *streaming = arg;

    while (chunk->size < PIECE) {
        struct span rest = span_slice(buf_span(&streaming->rows), streaming->at, SIZE_MAX);
        struct err err = { 0 };

        if (rest.size > 0) {
            rest = span_slice(rest, 0, PIECE - chunk->size);
            buf_add_span(chunk, rest);
            streaming->at += rest.size;
        } else if (streaming->is_done) {
            return HTTP_LAST;
        } else if (!fill(streaming, worker, &err)) {
            log_error("table.cut", KV_ERR(&err));
            return HTTP_BROKEN;
        }
    }
    return HTTP_MORE;
}

static void release(void *arg)
{
    struct streaming *streaming = arg;

    streaming->stream.release(streaming->stream.state);
    buf_done(&streaming->rows);
    free(streaming);
}

void table_stream_answer(struct api_call *call, const struct table_stream *stream,
    const char *filename, struct span head)
{
    struct streaming *streaming = xcalloc(1, sizeof *streaming);

    streaming->stream = *stream;
    buf_init(&streaming->rows, ROWS_MAX);
    buf_add_span(&streaming->rows, head);
    call->media_type = "text/csv; charset=utf-8";
    span_copy_text(span_text(filename), call->filename, sizeof call->filename);
    call->producer = (struct http_producer){ .produce = produce,
        .release = release,
        .arg = streaming,
        .size = -1 };
}
