/*
 * store/import_file: tables that were sent in, kept in pieces where every node finds them.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct tx;

/* Every piece but the last has this size. */
#define IMPORT_CHUNK_SIZE ((int64_t)256 * 1024)

/* A file comes in over several transactions: begun, piece after piece, ended. */
bool store_import_file_begin(struct tx *tx, int64_t now, int64_t *ret_id, struct err *err)
    must_check;
bool store_import_file_add(struct tx *tx, int64_t file_id, int64_t seq, struct span piece,
    struct err *err) must_check;
bool store_import_file_end(struct tx *tx, int64_t file_id, int64_t size, struct err *err)
    must_check;

/* Piece `seq` in place of what is in `buf`. ERR_NOT_FOUND if it is not there. */
bool store_import_file_chunk(struct tx *tx, int64_t file_id, int64_t seq, struct buf *buf,
    struct err *err) must_check;

/*
 * Take away up to `limit` pieces of the file, and the file with the last of them; *ret_done says
 * that it is gone. Imports that have it lose it first.
 */
bool store_import_file_delete(struct tx *tx, int64_t file_id, int64_t limit, bool *ret_done,
    struct err *err) must_check;

/* A file that no import has, begun before `before`; *ret_id is 0 when there is none. */
bool store_import_file_orphan(struct tx *tx, int64_t before, int64_t *ret_id, struct err *err)
    must_check;
