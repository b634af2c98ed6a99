/*
 * api/table_stream: a CSV table as an answer, made piece by piece while the client takes it.
 *
 * However long the table, a few rows of it are in memory, and no transaction is open while the
 * client is waited for: so it shows each record as it was when its row was made.
 */
#pragma once

#include "api/api.h"

struct table_stream {
    void *state;
    /* Append some rows, and say when they were the last. Several workers do this in turn. */
    bool (*fill)(void *state, struct tx *tx, struct buf *rows, bool *ret_done, struct err *err);
    void (*release)(void *state);
};

/* Answer with the table; takes stream->state, whatever comes of it. `head` is its first row. */
void table_stream_answer(struct api_call *call, const struct table_stream *stream,
    const char *filename, struct span head);
