/*
 * job/types/import_file: a table that was sent in, read from the database in pieces.
 */
#pragma once

#include "base/base.h"
#include "codec/csv.h"
#include "core/rows_import.h"
#include "core/sheet.h"

struct db;
struct err;
struct job_run;
struct tx;

#define IMPORT_ROWS_MAX 2000000

/* A piece of the file, put in place of what is in `piece`. With `tx` NULL it is read in a
 * transaction of its own. */
bool import_file_piece(struct db *db, struct tx *tx, int64_t file_id, int64_t seq,
    struct buf *piece, struct err *err) must_check;

/* Feed the file to a reader, from a byte on, to its end; a callback of the reader ends it earlier.
 * With `tx` NULL each piece is read in a transaction of its own. */
bool import_file_feed(struct db *db, struct tx *tx, const struct import_row *import, int64_t offset,
    struct csv_reader *reader, struct err *err) must_check;

/* A row of a record the rows of which lie apart. */
struct import_index_row {
    uint64_t hash; /* of what makes it the record's: import_index_hash() */
    int64_t offset;
    uint32_t line;
    uint32_t row; /* its number, from 0 */
};

/* What is found out before the first row is taken. */
struct import_index {
    char delimiter;
    struct sheet_header header;
    char *header_names[CSV_MAX_COLUMNS]; /* as they are in the file */
    size_t n_header_names;
    struct buf header_row; /* as CSV */
    int64_t n_rows;
    struct import_index_row *rows; /* of scattered records only, by hash and then by offset */
    size_t n;
    size_t room;
    char *problem; /* NULL, or why nothing in the file can be believed … */
    int64_t problem_line;
    char *problem_column; /* … and in which column; NULL: in none */
};

void import_index_init(struct import_index *index);
void import_index_done(struct import_index *index);

/* Read the file once. What is wrong with it is index->problem; false is for the database's errors.
 */
bool import_index_make(struct job_run *run, const struct import_row *import,
    struct import_index *index, struct err *err) must_check;

/* Nothing in the file can be believed, because of this. It has not been complained of before. */
void import_index_complain(struct import_index *index, int64_t line, const char *column,
    const char *what);

uint64_t import_index_hash(struct span key);

/* The rows of a scattered record, or NULL for one that is not; *ret_n says how many. */
const struct import_index_row *import_index_find(const struct import_index *index, uint64_t hash,
    size_t *ret_n);

/* What came of the import, as the job's result: counts, and the first of what was wrong. */
bool import_result_write(struct job_run *run, int64_t import_id, struct err *err) must_check;

/* The name of a cell's column, as the file has it; "" past the last. Lives as long as the index. */
const char *import_index_column(const struct import_index *index, size_t cell);

DEFINE_AUTODONE(import_index);
