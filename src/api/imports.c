/*
 * api/imports: tables that come in: sent, tried, done in earnest, looked at, forgotten.
 *
 * A table may be larger than any transaction should be, so what takes it and what takes it away
 * work piece by piece, in transactions of their own.
 */
#include "api/imports.h"

#include <string.h>

#include "api/import_body.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "db/db.h"
#include "net/http.h"
#include "store/import.h"
#include "store/import_file.h"
#include "store/job.h"

#define FILE_MAX 1000000000 /* two million rows of an export */
#define CHUNKS_AT_ONCE 32   /* to a transaction */

/* ---- taking the file ---- */

static bool add_chunks(struct api_call *call, int64_t file_id, struct import_body *body,
    bool *ret_is_all, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool is_all = false;

    if (!tx_begin(call->db, TX_WRITE_LONG, &tx, err))
        return false;
    for (int i = 0; i < CHUNKS_AT_ONCE && !is_all; i++) {
        const int64_t at = body->given;
        struct span chunk;

        if (!import_body_next(body, &chunk, err))
            return false;
        is_all = chunk.size == 0;
        if (!is_all && !store_import_file_add(tx, file_id, at / IMPORT_CHUNK_SIZE, chunk, err))
            return false;
    }
    if (!tx_commit(take(&tx), err))
        return false;
    *ret_is_all = is_all;
    return true;
}

/* Cut short, it leaves a file that belongs to no import; job/cleanup takes those away. */
static bool take_file(struct api_call *call, struct import_new *import, struct err *err)
{
    autodone(import_body) struct import_body body = { 0 };
    autofree(tx) struct tx *tx = NULL;

    import_body_init(&body, call->request);
    if (!tx_begin(call->db, TX_WRITE, &tx, err) ||
        !store_import_file_begin(tx, call->now, &import->file_id, err) ||
        !tx_commit(take(&tx), err))
        return false;
    for (bool is_all = false; !is_all;)
        if (!add_chunks(call, import->file_id, &body, &is_all, err))
            return err_wrap(err, "could not keep the file");
    import->size = body.given;
    return import->size > 0 || fail(err, ERR_INVALID, "the file is empty");
}

/* ---- beginning ---- */

static bool start(struct api_call *call, const struct import_new *import, int64_t *ret_id,
    int64_t *ret_job, struct err *err)
{
    struct job_new job = { .type = "import_csv",
        .due_at = call->now,
        .account_id = call->who.account_id };

    if (!store_import_add(call->tx, import, call->now, ret_id, err))
        return false;
    job.object_id = *ret_id;
    return store_job_add(call->tx, &job, call->now, ret_job, err) &&
           store_import_set_job(call->tx, *ret_id, *ret_job, err) &&
           api_audit(call, import->is_dry_run ? "import.try" : "import.start", *ret_id,
               import->filename, NULL, NULL, err);
}

static void answer_started(struct api_call *call, int64_t id, int64_t job)
{
    json_i64(&call->reply, "id", id);
    json_i64(&call->reply, "job", job);
    (void)snprintf(call->location, sizeof call->location, "/api/v1/imports/%" PRId64, id);
    call->status = 202;
    call->wakes_jobs = true;
}

static bool start_file(struct api_call *call, const struct import_new *import, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t id = 0;
    int64_t job = 0;

    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    bool works = store_import_file_end(tx, import->file_id, import->size, err) &&
                 start(call, import, &id, &job, err);

    call->tx = NULL;
    if (!works || !tx_commit(take(&tx), err))
        return false;
    answer_started(call, id, job);
    return true;
}

static bool imports_create(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct import_new import = { .account_id = call->who.account_id,
        .is_dry_run = query_bool(query, "dry_run", false) };
    const char *filename = query_text(query, "filename", 255);

    import.filename = filename ? filename : "";
    if (!query_end(query, err))
        return false;
    if (!http_request_is_type(call->request, "text/csv")) {
        call->status = 415;
        return fail(err, ERR_INVALID, "the body must be text/csv");
    }
    if (call->request->body_size == 0)
        return fail(err, ERR_INVALID, "the body is empty: it is the CSV file");
    return take_file(call, &import, err) && start_file(call, &import, err);
}

static bool imports_apply(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(import_row) struct import_row *tried = NULL;
    int64_t id;
    int64_t job;

    if (!store_import_get(call->tx, &viewer, call->path_id, &tried, err))
        return false;
    if (tried->account_id != call->who.account_id)
        return fail(err, ERR_DENIED, "only who has sent the file may have it imported");
    if (!tried->is_dry_run)
        return fail(err, ERR_CONFLICT, "this was no trial");
    if (!tried->finished_at)
        return fail(err, ERR_CONFLICT, "the trial is still under way");
    if (!tried->file_id)
        return fail(err, ERR_CONFLICT, "the file is not kept any more; send it again");
    const struct import_new import = { .file_id = tried->file_id,
        .account_id = call->who.account_id,
        .filename = tried->filename,
        .size = tried->size };

    if (!start(call, &import, &id, &job, err))
        return false;
    answer_started(call, id, job);
    return true;
}

/* ---- looking ---- */

static void write_import(struct json_out *out, const struct import_row *import)
{
    json_i64(out, "id", import->id);
    json_str(out, "filename", import->filename);
    json_i64(out, "size", import->size);
    json_bool(out, "dry_run", import->is_dry_run);
    json_time(out, "created_at", import->created_at);
    json_time_or_null(out, "finished_at", import->finished_at);
    json_str(out, "by", import->account);
    json_str(out, "state", import->job_state ? import->job_state : "done");
    json_i64_or_null(out, "job", import->job_id);
    json_bool(out, "can_apply",
        import->is_dry_run && import->finished_at && import->file_id && !import->problem[0]);
    json_raw(out, "result", span_text(import->result));
}

static bool imports_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const struct store_viewer viewer = api_viewer(call);
    autodone(import_rows) struct import_rows rows = { 0 };
    const int64_t limit = page_limit(query);
    const int64_t before_id = page_after_id(query);

    if (!query_end(query, err) ||
        !store_import_list(call->tx, &viewer, before_id, limit + 1, &rows, err))
        return false;
    const size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        write_import(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, (int64_t)rows.n,
        rows.n > shown || before_id);
    return true;
}

static bool imports_get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(import_row) struct import_row *import = NULL;

    if (!store_import_get(call->tx, &viewer, call->path_id, &import, err))
        return false;
    write_import(&call->reply, import);
    return true;
}

static void write_list(struct json_out *out, const char *key, const struct json *list)
{
    if (list) {
        json_value(out, key, list);
        return;
    }
    json_begin_array(out, key);
    json_end(out);
}

static bool write_record(struct json_out *out, const struct import_record_row *row, struct err *err)
{
    autofree(json) struct json *detail = NULL;

    if (row->detail[0] && !json_parse(span_text(row->detail), &detail, err))
        return false;
    json_begin_object(out, NULL);
    json_i64(out, "line", row->line);
    if (row->lines[0]) {
        json_raw(out, "lines", span_text(row->lines));
    } else {
        json_begin_array(out, "lines");
        json_i64(out, NULL, row->line);
        json_end(out);
    }
    json_str(out, "action", import_action_name(row->action));
    json_str(out, "name", row->name);
    if (row->certificate_id) {
        json_begin_object(out, "certificate");
        json_i64(out, "id", row->certificate_id);
        json_str(out, "name", row->certificate);
        json_end(out);
    } else {
        json_put_null(out, "certificate");
    }
    write_list(out, "changes", json_member(detail, "changes"));
    write_list(out, "errors", json_member(detail, "errors"));
    json_end(out);
    return true;
}

static int64_t count_records(const struct import_row *import, int action)
{
    int64_t n = 0;

    for (int i = 0; i < N_IMPORT_ACTIONS; i++)
        n += action < 0 || action == i ? import->place.n[i] : 0;
    return n;
}

static int read_action(struct query *query)
{
    const char *const word = query_text(query, "action", 16);
    enum import_action action;

    if (!word)
        return -1;
    if (import_action_from_name(word, &action))
        return (int)action;
    query_complain(query, "action", "created, updated, unchanged or failed");
    return -1;
}

static bool imports_rows(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const struct store_viewer viewer = api_viewer(call);
    autofree(import_row) struct import_row *import = NULL;
    autodone(import_record_rows) struct import_record_rows rows = { 0 };
    struct import_records_request request = { .id = call->path_id,
        .action = read_action(query),
        .after_line = page_after_id(query) };
    const int64_t limit = page_limit(query);

    request.limit = limit + 1;
    if (!query_end(query, err) ||
        !store_import_get(call->tx, &viewer, call->path_id, &import, err) ||
        !store_import_records(call->tx, &viewer, &request, &rows, err))
        return false;
    const size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++)
        if (!write_record(&call->reply, &rows.items[i], err))
            return false;
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].line : 0,
        count_records(import, request.action), false);
    return true;
}

static bool imports_errors(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(import_row) struct import_row *import = NULL;

    if (!store_import_get(call->tx, &viewer, call->path_id, &import, err))
        return false;
    import_errors_answer(call, import);
    return true;
}

/* ---- forgetting ---- */

static bool check_deletable(struct api_call *call, const struct import_row *import, struct err *err)
{
    const bool is_over = !import->job_state || strcmp(import->job_state, "done") == 0 ||
                         strcmp(import->job_state, "failed") == 0;

    if (import->account_id != call->who.account_id && call->who.role != ROLE_ADMIN)
        return fail(err, ERR_DENIED, "only who has sent the file may have it forgotten");
    return is_over || fail(err, ERR_CONFLICT, "the import is under way");
}

static bool begin_delete(struct api_call *call, int64_t *ret_file, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(import_row) struct import_row *import = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    bool works = store_import_get(tx, &viewer, call->path_id, &import, err) &&
                 check_deletable(call, import, err) &&
                 api_audit(call, "import.delete", import->id, import->filename, NULL, NULL, err);

    call->tx = NULL;
    if (works && import->is_dry_run)
        *ret_file = import->file_id;
    return works && tx_commit(take(&tx), err);
}

static bool imports_delete(struct api_call *call, struct err *err)
{
    int64_t file_id = 0;

    call->status = 204;
    return begin_delete(call, &file_id, err) &&
           store_import_delete_all(call->db, call->path_id, file_id, err);
}

const struct api_route import_routes[] = {
    { "GET", "/imports", ROLE_USER, API_READS, imports_list, 0 },
    { "POST", "/imports", ROLE_USER, API_WRITES | API_NO_TX | API_BODY_RAW, imports_create,
        FILE_MAX },
    { "GET", "/imports/{id}", ROLE_USER, API_READS, imports_get, 0 },
    { "DELETE", "/imports/{id}", ROLE_USER, API_WRITES | API_NO_TX | API_BODY_NONE, imports_delete,
        0 },
    { "GET", "/imports/{id}/rows", ROLE_USER, API_READS, imports_rows, 0 },
    { "GET", "/imports/{id}/errors.csv", ROLE_USER, API_READS | API_REPLY_RAW, imports_errors, 0 },
    { "POST", "/imports/{id}/apply", ROLE_USER, API_WRITES | API_BODY_NONE, imports_apply, 0 },
    { 0 },
};
