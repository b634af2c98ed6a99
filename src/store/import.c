/* store/import: see the header. */
#include "store/import.h"

#include "base/err.h"
#include "db/many.h"
#include "store/import_file.h"
#include "store/read.h"

/* What is taken away in one transaction. */
#define FILE_STEP 64
#define RECORDS_STEP 5000

#define COLUMNS                                                                                    \
    "SELECT i.id, i.file_id, i.account_id, a.name, i.filename, i.size, i.is_dry_run, i.job_id,"    \
    " j.state, i.header, i.problem, i.n_rows, i.next_offset, i.next_line, i.next_row,"             \
    " i.n_created, i.n_updated, i.n_unchanged, i.n_failed, i.probed_line, i.created_at,"           \
    " i.finished_at, j.result, i.delimiter"                                                        \
    "  FROM csv_import i LEFT JOIN account a ON a.id = i.account_id"                               \
    "  LEFT JOIN job j ON j.id = i.job_id"

static void read_row(struct stmt *q, struct import_row *row)
{
    row->id = stmt_i64(q, 0);
    row->file_id = stmt_i64(q, 1);
    row->account_id = stmt_i64(q, 2);
    row->account = read_text_or_null(q, 3);
    row->filename = read_text(q, 4);
    row->size = stmt_i64(q, 5);
    row->is_dry_run = stmt_bool(q, 6);
    row->job_id = stmt_i64(q, 7);
    row->job_state = read_text_or_null(q, 8);
    row->header = read_text(q, 9);
    row->problem = read_text(q, 10);
    row->n_rows = stmt_i64(q, 11);
    row->place.offset = stmt_i64(q, 12);
    row->place.line = stmt_i64(q, 13);
    row->place.row = stmt_i64(q, 14);
    row->place.n[IMPORT_CREATED] = stmt_i64(q, 15);
    row->place.n[IMPORT_UPDATED] = stmt_i64(q, 16);
    row->place.n[IMPORT_UNCHANGED] = stmt_i64(q, 17);
    row->place.n[IMPORT_FAILED] = stmt_i64(q, 18);
    row->probed_line = stmt_i64(q, 19);
    row->created_at = stmt_i64(q, 20);
    row->finished_at = stmt_i64(q, 21);
    row->result = read_text_or_null(q, 22);
    row->delimiter = read_text(q, 23);
}

bool store_import_add(struct tx *tx, const struct import_new *import, int64_t now, int64_t *ret_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO csv_import(file_id, account_id, filename, size, is_dry_run, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id");

    stmt_bind_i64(q, 1, import->file_id);
    stmt_bind_i64(q, 2, import->account_id);
    stmt_bind_text(q, 3, import->filename);
    stmt_bind_i64(q, 4, import->size);
    stmt_bind_bool(q, 5, import->is_dry_run);
    stmt_bind_i64(q, 6, now);
    return read_number(q, ret_id, err);
}

bool store_import_set_job(struct tx *tx, int64_t id, int64_t job_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE csv_import SET job_id = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, job_id);
    return stmt_run(q, err);
}

bool store_import_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct import_row **ret, struct err *err)
{
    autofree(import_row) struct import_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, COLUMNS " WHERE i.id = $1 AND ($2 = TRUE OR i.account_id = $3)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        read_row(q, row);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no import %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_import_list(struct tx *tx, const struct store_viewer *viewer, int64_t before_id,
    int64_t limit, struct import_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, COLUMNS
        " WHERE ($2 = TRUE OR i.account_id = $3) AND i.id < $1 ORDER BY i.id DESC LIMIT $4");

    stmt_bind_i64(q, 1, before_id ? before_id : INT64_MAX);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    stmt_bind_i64(q, 4, limit);
    while (stmt_next(q))
        read_row(q, import_rows_add(rows));
    return stmt_end(q, err);
}

bool store_import_counted(struct tx *tx, int64_t id, const struct import_counted *counted,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE csv_import SET header = $2, n_rows = $3, problem = $4, delimiter = $5"
        " WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, counted->header);
    stmt_bind_i64(q, 3, counted->n_rows);
    stmt_bind_text(q, 4, counted->problem);
    stmt_bind_text(q, 5, counted->delimiter);
    return stmt_run(q, err);
}

bool store_import_advance(struct tx *tx, int64_t id, const struct import_place *place,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE csv_import SET next_offset = $2, next_line = $3, next_row = $4, n_created = $5,"
        " n_updated = $6, n_unchanged = $7, n_failed = $8 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, place->offset);
    stmt_bind_i64(q, 3, place->line);
    stmt_bind_i64(q, 4, place->row);
    stmt_bind_i64(q, 5, place->n[IMPORT_CREATED]);
    stmt_bind_i64(q, 6, place->n[IMPORT_UPDATED]);
    stmt_bind_i64(q, 7, place->n[IMPORT_UNCHANGED]);
    stmt_bind_i64(q, 8, place->n[IMPORT_FAILED]);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail(err, ERR_CONFLICT, "the import has been deleted");
}

bool store_import_finish(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE csv_import SET finished_at = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

bool store_import_settle(struct tx *tx, struct err *err)
{
    if (!db_is_postgres(tx_db(tx)))
        return true;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "ANALYZE certificate, certificate_access, certificate_check, certificate_endpoint,"
        " certificate_field, certificate_search, certificate_tag, csv_row, endpoint");

    return stmt_run(q, err);
}

bool store_import_records_add(struct tx *tx, int64_t id, const struct import_record_row *records,
    size_t n, struct err *err)
{
    static const struct many_sql sql = {
        "INSERT INTO csv_row(import_id, line, lines, action, name, certificate_id, detail, cells)",
        "iitttitt", "$1, $2, $3, $4, $5, $6, $7, $8", ""
    };
    autofree(many) struct many *rows = tx_prepare_many(tx, &sql);

    for (size_t i = 0; i < n; i++) {
        const struct import_record_row *const record = &records[i];

        many_i64(rows, id);
        many_i64(rows, record->line);
        many_text(rows, record->lines ? record->lines : "");
        many_text(rows, import_action_name(record->action));
        many_text(rows, record->name ? record->name : "");
        many_i64_or_null(rows, record->certificate_id);
        many_text(rows, record->detail ? record->detail : "");
        many_text(rows, record->cells ? record->cells : "");
    }
    return many_run(rows, err);
}

#define RECORD_COLUMNS                                                                             \
    "SELECT r.line, r.lines, r.action, r.name, c.id, c.name, r.detail, r.cells FROM csv_row r"     \
    " LEFT JOIN certificate c ON c.id = r.certificate_id AND " VISIBLE("c.id", "$2", "$3")

static void read_record(struct stmt *q, struct import_record_row *row)
{
    row->line = stmt_i64(q, 0);
    row->lines = read_text(q, 1);
    if (!import_action_from_name(stmt_text(q, 2), &row->action))
        row->action = IMPORT_FAILED;
    row->name = read_text(q, 3);
    row->certificate_id = stmt_i64(q, 4);
    row->certificate = read_text_or_null(q, 5);
    row->detail = read_text(q, 6);
    row->cells = read_text(q, 7);
}

bool store_import_records(struct tx *tx, const struct store_viewer *viewer,
    const struct import_records_request *request, struct import_record_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (request->action < 0)
        q = tx_prepare(tx, RECORD_COLUMNS " WHERE r.import_id = $1 AND r.line > $4"
                                          " ORDER BY r.line LIMIT $5");
    else
        q = tx_prepare(tx,
            RECORD_COLUMNS " WHERE r.import_id = $1 AND r.action = $6 AND r.line > $4"
                           " ORDER BY r.line LIMIT $5");
    stmt_bind_i64(q, 1, request->id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    stmt_bind_i64(q, 4, request->after_line);
    stmt_bind_i64(q, 5, request->limit);
    if (request->action >= 0)
        stmt_bind_text(q, 6, import_action_name((enum import_action)request->action));
    while (stmt_next(q))
        read_record(q, import_record_rows_add(rows));
    return stmt_end(q, err);
}

bool store_import_met(struct tx *tx, int64_t id, int64_t certificate_id, int64_t *ret_line,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT line FROM csv_row"
        " WHERE import_id = $1 AND certificate_id = $2 AND action <> 'created' LIMIT 1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, certificate_id);
    return read_number(q, ret_line, err);
}

bool store_import_changed(struct tx *tx, int64_t id, int64_t after_line, int64_t limit,
    struct id_list *certificate_ids, int64_t *ret_line, struct err *err)
{
    int64_t last = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT line, certificate_id FROM csv_row WHERE import_id = $1 AND line > $2"
                       " AND action IN ('created', 'updated') AND certificate_id IS NOT NULL"
                       " ORDER BY line LIMIT $3");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, after_line);
    stmt_bind_i64(q, 3, limit);
    while (stmt_next(q)) {
        last = stmt_i64(q, 0);
        id_list_add(certificate_ids, stmt_i64(q, 1));
    }
    *ret_line = last;
    return stmt_end(q, err);
}

bool store_import_probed(struct tx *tx, int64_t id, int64_t line, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE csv_import SET probed_line = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, line);
    return stmt_run(q, err);
}

static bool delete_row(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM csv_import WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_import_delete(struct tx *tx, int64_t id, int64_t limit, bool *ret_done, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM csv_row WHERE import_id = $1 AND line IN"
                       " (SELECT line FROM csv_row WHERE import_id = $1 ORDER BY line LIMIT $2)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, limit);
    if (!stmt_run(q, err))
        return false;
    *ret_done = stmt_n_changed(q) < limit;
    return !*ret_done || delete_row(tx, id, err);
}

bool store_import_old(struct tx *tx, int64_t before, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM csv_import WHERE finished_at < $1 ORDER BY id LIMIT 1");

    stmt_bind_i64(q, 1, before);
    return read_number(q, ret_id, err);
}

bool store_import_delete_all(struct db *db, int64_t id, int64_t file_id, struct err *err)
{
    bool is_gone = file_id == 0;
    bool is_done = false;

    while (!is_gone || !is_done) {
        autofree(tx) struct tx *tx = NULL;

        if (!tx_begin(db, TX_WRITE_LONG, &tx, err))
            return false;
        if (!is_gone && !store_import_file_delete(tx, file_id, FILE_STEP, &is_gone, err))
            return false;
        if (is_gone && !store_import_delete(tx, id, RECORDS_STEP, &is_done, err))
            return false;
        if (!tx_commit(take(&tx), err))
            return false;
    }
    return true;
}
