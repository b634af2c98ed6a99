/*
 * store/import: imports of tables, how far each is, and what came of its records.
 *
 * Whoever sent a table in sees it, and so does who sees everything; to others it is ERR_NOT_FOUND.
 */
#pragma once

#include "core/rows_import.h"
#include "store/viewer.h"

struct db;
struct err;
struct tx;

struct import_new {
    int64_t file_id;
    int64_t account_id;
    const char *filename;
    int64_t size;
    bool is_dry_run;
};

bool store_import_add(struct tx *tx, const struct import_new *import, int64_t now, int64_t *ret_id,
    struct err *err) must_check;
bool store_import_set_job(struct tx *tx, int64_t id, int64_t job_id, struct err *err) must_check;

bool store_import_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct import_row **ret, struct err *err) must_check;

/* Newest first, below before_id (0: from the newest): up to `limit` more rows. */
bool store_import_list(struct tx *tx, const struct store_viewer *viewer, int64_t before_id,
    int64_t limit, struct import_rows *rows, struct err *err) must_check;

/* What counting its rows has found out. */
struct import_counted {
    const char *header;
    const char *delimiter;
    int64_t n_rows;
    const char *problem; /* "" or why none of them could be believed */
};
bool store_import_counted(struct tx *tx, int64_t id, const struct import_counted *counted,
    struct err *err) must_check;

bool store_import_advance(struct tx *tx, int64_t id, const struct import_place *place,
    struct err *err) must_check;
bool store_import_finish(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

/* Let the database learn what its tables hold now. PostgreSQL plans by that, and of rows by the
 * thousand it would go on not to know until it comes to look by itself; SQLite does not. */
bool store_import_settle(struct tx *tx, struct err *err) must_check;

/* What came of n records. Written once for each; `certificate` is not looked at. */
bool store_import_records_add(struct tx *tx, int64_t id, const struct import_record_row *records,
    size_t n, struct err *err) must_check;

struct import_records_request {
    int64_t id;
    int action;         /* enum import_action; -1: any */
    int64_t after_line; /* 0: from the first */
    int64_t limit;
};

/* By line. Of a record that the viewer may not see now there is no more than was in the table. */
bool store_import_records(struct tx *tx, const struct store_viewer *viewer,
    const struct import_records_request *request, struct import_record_rows *rows, struct err *err)
    must_check;

/* The line at which this import has met a record that was there before; *ret_line is 0 if it has
 * not. */
bool store_import_met(struct tx *tx, int64_t id, int64_t certificate_id, int64_t *ret_line,
    struct err *err) must_check;

/* The next records that the import made or changed, to be looked at; *ret_line is the last one's
 * line, or 0 when there are no more. */
bool store_import_changed(struct tx *tx, int64_t id, int64_t after_line, int64_t limit,
    struct id_list *certificate_ids, int64_t *ret_line, struct err *err) must_check;
bool store_import_probed(struct tx *tx, int64_t id, int64_t line, struct err *err) must_check;

/* Take away up to `limit` of its records, and the import with the last of them. */
bool store_import_delete(struct tx *tx, int64_t id, int64_t limit, bool *ret_done, struct err *err)
    must_check;

/* An import that was finished before `before`; *ret_id is 0 when there is none. */
bool store_import_old(struct tx *tx, int64_t before, int64_t *ret_id, struct err *err) must_check;

/* Take it away whole, with the file where file_id is not 0, in as many transactions as that takes.
 */
bool store_import_delete_all(struct db *db, int64_t id, int64_t file_id, struct err *err)
    must_check;
