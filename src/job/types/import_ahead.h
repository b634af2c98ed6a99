/*
 * job/types/import_ahead: the records of a table, read by a thread before they are asked for.
 *
 * Cells, the rows that belong together, and what is wrong with them need no database: that is done
 * here, beside the writing of earlier records. The pieces of the file are brought by whoever asks
 * for records, in their transaction. What is read ahead is limited in number and in bytes.
 */
#pragma once

#include "core/rows_import.h"
#include "job/types/import_file.h"
#include "job/types/import_record.h"

struct db;
struct err;
struct tx;

enum import_item_kind {
    IMPORT_ITEM_RECORD,
    IMPORT_ITEM_SCATTERED, /* a record the rows of which lie apart: they are to be read */
    IMPORT_ITEM_END,       /* there are no more */
};

struct import_item {
    enum import_item_kind kind;
    int64_t offset; /* in the file, where it begins; its end for the last */
    int64_t line;
    int64_t row;                         /* its number, from 0 */
    int64_t end_row;                     /* of the row after it */
    struct import_record record;         /* may be swapped for one that is done with */
    size_t weight;                       /* of the record, in bytes */
    const struct import_index_row *rows; /* of a scattered record; the index's */
    size_t n_rows;
};

struct import_ahead;

/* From `from` on. The others are borrowed, and do not change meanwhile. */
bool import_ahead_new(const struct import_row *import, const struct import_index *index,
    const struct import_place *from, struct import_ahead **ret, struct err *err) must_check;
void import_ahead_free(struct import_ahead *ahead);

/* The next one; the same until it is taken. *ret is borrowed until then. */
bool import_ahead_look(struct import_ahead *ahead, struct db *db, struct tx *tx,
    struct import_item **ret, struct err *err) must_check;
void import_ahead_take(struct import_ahead *ahead);

/* How many are ready, and the i-th of them, from 0: the asking thread's until it is taken. */
size_t import_ahead_n_ready(struct import_ahead *ahead);
struct import_item *import_ahead_ready(struct import_ahead *ahead, size_t i);

DEFINE_AUTOFREE(import_ahead);
