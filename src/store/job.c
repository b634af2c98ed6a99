/* store/job: see the header. */
#include "store/job.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "store/pending.h"

#define COLUMNS                                                                                    \
    "id, type, object_id, payload, state, due_at, attempt, fence, progress_done, progress_total,"  \
    " result, error, account_id, created_at, started_at, finished_at"

static struct job_row *read_row(struct stmt *q)
{
    struct job_row *row = xcalloc(1, sizeof *row);

    row->id = stmt_i64(q, 0);
    row->type = xstrdup(stmt_text(q, 1));
    row->object_id = stmt_i64(q, 2);
    row->payload = xstrdup(stmt_text(q, 3));
    if (!job_state_from_name(stmt_text(q, 4), &row->state))
        row->state = JOB_FAILED;
    row->due_at = stmt_i64(q, 5);
    row->attempt = stmt_i64(q, 6);
    row->fence = stmt_i64(q, 7);
    row->progress_done = stmt_i64(q, 8);
    row->progress_total = stmt_i64(q, 9);
    row->result = stmt_is_null(q, 10) ? NULL : xstrdup(stmt_text(q, 10));
    row->error = xstrdup(stmt_text(q, 11));
    row->account_id = stmt_i64(q, 12);
    row->created_at = stmt_i64(q, 13);
    row->started_at = stmt_i64(q, 14);
    row->finished_at = stmt_i64(q, 15);
    return row;
}

static void bind_id_or_null(struct stmt *q, int parameter, int64_t id)
{
    if (id)
        stmt_bind_i64(q, parameter, id);
    else
        stmt_bind_null(q, parameter);
}

static void bind_new(struct stmt *q, const struct job_new *job, int64_t now)
{
    stmt_bind_text(q, 1, job->type);
    bind_id_or_null(q, 2, job->object_id);
    stmt_bind_text(q, 3, job->dedupe_key);
    stmt_bind_text(q, 4, job->payload ? job->payload : "{}");
    stmt_bind_i64(q, 5, job->due_at);
    bind_id_or_null(q, 6, job->account_id);
    stmt_bind_i64(q, 7, now);
}

bool store_job_unfinished(struct tx *tx, const char *key, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT id FROM job WHERE dedupe_key = $1 AND state IN ('queued', 'running')");
    int64_t id = 0;

    stmt_bind_text(q, 1, key);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    *ret_id = id;
    return true;
}

bool store_job_add(struct tx *tx, const struct job_new *job, int64_t now, int64_t *ret_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO job(type, object_id, dedupe_key, payload, state, due_at, account_id, created_at)"
        " VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7)"
        " ON CONFLICT DO NOTHING"
        " RETURNING id");
    int64_t id = 0;

    bind_new(q, job, now);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return err_wrap(err, "could not queue a job of type %s", job->type);
    if (id == 0 && job->dedupe_key && !store_job_unfinished(tx, job->dedupe_key, &id, err))
        return false;
    if (id == 0)
        return fail(err, ERR_UNAVAILABLE, "could not queue a job of type %s: it has just ended",
            job->type);
    *ret_id = id;
    return true;
}

bool store_job_hurry(struct tx *tx, const char *dedupe_key, int64_t due_at, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE job SET due_at = CASE WHEN state = 'queued' THEN $2 ELSE due_at END,"
                       "  wanted_at = CASE WHEN state = 'running' THEN $2 ELSE NULL END"
                       " WHERE dedupe_key = $1 AND ((state = 'queued' AND due_at > $2)"
                       "   OR (state = 'running' AND (wanted_at IS NULL OR wanted_at > $2)))");

    stmt_bind_text(q, 1, dedupe_key);
    stmt_bind_i64(q, 2, due_at);
    return stmt_run(q, err);
}

void store_job_want(struct tx *tx, const struct job_new *job, int64_t now)
{
    ASSERT(job->dedupe_key && !job->payload && !job->account_id);
    pending_job(tx, job, now);
}

/*
 * Also where nothing is to be changed, PostgreSQL keeps the row for us until the transaction ends:
 * whoever is about to claim the job, or to call it done, comes after us, and sees what we have
 * written. A job that went by without waiting for us might end without having seen it. One that
 * nobody claims before long is left alone, so that others need not wait for us in vain.
 */
bool job_want_now(struct tx *tx, const struct job_new *job, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO job(type, object_id, dedupe_key, payload, state, due_at, account_id, created_at)"
        " SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), 'queued',"
        "  CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT)"
        "  WHERE NOT EXISTS (SELECT 1 FROM job WHERE dedupe_key = $3 AND state = 'queued'"
        "    AND due_at <= $5 AND due_at > CAST($7 AS BIGINT) + 10)"
        " ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL AND state IN ('queued', 'running')"
        " DO UPDATE SET"
        "  due_at = CASE WHEN job.state = 'queued' THEN excluded.due_at ELSE job.due_at END,"
        "  wanted_at = CASE WHEN job.state = 'running' THEN excluded.due_at ELSE NULL END"
        " WHERE (job.state = 'queued' AND job.due_at > excluded.due_at)"
        "   OR (job.state = 'running'"
        "     AND (job.wanted_at IS NULL OR job.wanted_at > excluded.due_at))");

    bind_new(q, job, now);
    return stmt_send(q, err) || err_wrap(err, "could not want a job of type %s", job->type);
}

/* On PostgreSQL a row that another is just claiming is passed over, not waited for. */
static bool find_locked(struct tx *tx, struct sql *sql, int64_t now, int64_t *ret_id,
    struct err *err)
{
    if (db_is_postgres(tx_db(tx)))
        sql_add(sql, " FOR UPDATE SKIP LOCKED");
    autofree(stmt) struct stmt *q = tx_prepare_sql(tx, sql);
    int64_t id = 0;

    stmt_bind_i64(q, 1, now);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

/* What a node left behind has waited longest. */
static bool find_claimable(struct tx *tx, int64_t now, int64_t *ret_id, struct err *err)
{
    autodone(sql) struct sql left = SQL_INIT;
    autodone(sql) struct sql due = SQL_INIT;

    sql_add(&left, "SELECT id FROM job WHERE state = 'running' AND lease_until < $1"
                   " ORDER BY lease_until LIMIT 1");
    sql_add(&due, "SELECT id FROM job WHERE state = 'queued' AND due_at <= $1"
                  " ORDER BY due_at, id LIMIT 1");
    if (!find_locked(tx, &left, now, ret_id, err))
        return false;
    return *ret_id != 0 || find_locked(tx, &due, now, ret_id, err);
}

bool store_job_claim(struct tx *tx, const char *owner, int64_t now, int64_t lease_until,
    struct job_row **ret, struct err *err)
{
    int64_t id;

    if (!find_claimable(tx, now, &id, err))
        return false;
    if (id == 0) {
        *ret = NULL;
        return true;
    }
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET state = 'running', lease_owner = $2, lease_until = $3, fence = fence + 1,"
        "  wanted_at = NULL, attempt = attempt + 1, started_at = COALESCE(started_at, $4)"
        " WHERE id = $1 RETURNING " COLUMNS);
    autofree(job_row) struct job_row *row = NULL;

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, owner);
    stmt_bind_i64(q, 3, lease_until);
    stmt_bind_i64(q, 4, now);
    while (stmt_next(q))
        row = read_row(q);
    if (!stmt_end(q, err))
        return false;
    *ret = take(&row);
    return true;
}

/* Run a write that names the job and its fence as $1 and $2; nothing changed means another has it.
 */
static bool run_fenced(struct stmt *q, const struct job_row *job, struct err *err)
{
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_CONFLICT, "job %" PRId64 " has been taken over", job->id);
    return true;
}

bool store_job_progress(struct tx *tx, const struct job_row *job, int64_t lease_until, int64_t done,
    int64_t total, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE job SET lease_until = $3, progress_done = $4, progress_total = $5"
                       " WHERE id = $1 AND fence = $2 AND state = 'running'");

    stmt_bind_i64(q, 1, job->id);
    stmt_bind_i64(q, 2, job->fence);
    stmt_bind_i64(q, 3, lease_until);
    stmt_bind_i64(q, 4, done);
    stmt_bind_i64(q, 5, total);
    return run_fenced(q, job, err);
}

bool store_job_done(struct tx *tx, const struct job_row *job, const char *result, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE job SET result = $3, error = '', lease_until = NULL,"
                       "  progress_done = progress_total, due_at = coalesce(wanted_at, due_at),"
                       "  state = CASE WHEN wanted_at IS NULL THEN 'done' ELSE 'queued' END,"
                       "  finished_at = CASE WHEN wanted_at IS NULL THEN $4 ELSE finished_at END"
                       " WHERE id = $1 AND fence = $2 AND state = 'running'");

    stmt_bind_i64(q, 1, job->id);
    stmt_bind_i64(q, 2, job->fence);
    stmt_bind_text(q, 3, result);
    stmt_bind_i64(q, 4, now);
    return run_fenced(q, job, err);
}

bool store_job_again(struct tx *tx, const struct job_row *job, int64_t due_at, const char *error,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE job SET state = 'queued', error = $4, lease_until = NULL,"
                       "  due_at = CASE WHEN wanted_at < $3 THEN wanted_at ELSE $3 END"
                       " WHERE id = $1 AND fence = $2 AND state = 'running'");

    stmt_bind_i64(q, 1, job->id);
    stmt_bind_i64(q, 2, job->fence);
    stmt_bind_i64(q, 3, due_at);
    stmt_bind_text(q, 4, error);
    return run_fenced(q, job, err);
}

bool store_job_postpone(struct tx *tx, const struct job_row *job, int64_t due_at, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET state = 'queued', due_at = $3, lease_until = NULL, attempt = attempt - 1"
        " WHERE id = $1 AND fence = $2 AND state = 'running'");

    stmt_bind_i64(q, 1, job->id);
    stmt_bind_i64(q, 2, job->fence);
    stmt_bind_i64(q, 3, due_at);
    return run_fenced(q, job, err);
}

bool store_job_failed(struct tx *tx, const struct job_row *job, const char *error, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET state = 'failed', error = $3, finished_at = $4, lease_until = NULL"
        " WHERE id = $1 AND fence = $2 AND state = 'running'");

    stmt_bind_i64(q, 1, job->id);
    stmt_bind_i64(q, 2, job->fence);
    stmt_bind_text(q, 3, error);
    stmt_bind_i64(q, 4, now);
    return run_fenced(q, job, err);
}

bool store_job_hurry_type(struct tx *tx, const char *type, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET due_at = $2 WHERE type = $1 AND state = 'queued' AND due_at > $2");

    stmt_bind_text(q, 1, type);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

bool store_job_release(struct tx *tx, const char *owner, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET state = 'queued', lease_until = NULL, lease_owner = NULL"
        " WHERE state = 'running' AND (CAST($1 AS TEXT) IS NULL OR lease_owner = $1)");

    stmt_bind_text(q, 1, owner);
    return stmt_run(q, err);
}

bool store_job_retry(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE job SET state = 'queued', due_at = $2, attempt = 0, finished_at = NULL"
        " WHERE id = $1 AND state = 'failed'");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    if (!stmt_run(q, err)) {
        if (err->kind == ERR_CONFLICT)
            return fail(err, ERR_CONFLICT, "another job does the work of job %" PRId64 " already",
                id);
        return false;
    }
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_CONFLICT, "job %" PRId64 " has not failed", id);
    return true;
}

bool store_job_get(struct tx *tx, int64_t id, struct job_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT " COLUMNS " FROM job WHERE id = $1");
    autofree(job_row) struct job_row *row = NULL;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        row = read_row(q);
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no job %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_job_list(struct tx *tx, const struct job_filter *filter, int64_t limit,
    struct job_row **rows, size_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM job"
        " WHERE id < $1 AND (CAST($2 AS BIGINT) = 0 OR account_id = $2)"
        "  AND (CAST($3 AS TEXT) = '' OR state = $3) AND (CAST($4 AS TEXT) = '' OR type = $4)"
        " ORDER BY id DESC LIMIT $5");
    size_t n = 0;

    stmt_bind_i64(q, 1, filter->before_id ? filter->before_id : INT64_MAX);
    stmt_bind_i64(q, 2, filter->account_id);
    stmt_bind_text(q, 3, filter->state ? filter->state : "");
    stmt_bind_text(q, 4, filter->type ? filter->type : "");
    stmt_bind_i64(q, 5, limit);
    while (stmt_next(q))
        rows[n++] = read_row(q);
    if (!stmt_end(q, err)) {
        while (n > 0)
            job_row_free(rows[--n]);
        return false;
    }
    *ret_n = n;
    return true;
}

bool store_job_next_due(struct tx *tx, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT MIN(at) FROM ("
                       "  SELECT MIN(due_at) AS at FROM job WHERE state = 'queued'"
                       "  UNION ALL"
                       "  SELECT MIN(lease_until) AS at FROM job WHERE state = 'running') AS next");
    int64_t at = INT64_MAX;

    while (stmt_next(q))
        if (!stmt_is_null(q, 0))
            at = stmt_i64(q, 0);
    *ret = at;
    return stmt_end(q, err);
}

bool store_job_counts(struct tx *tx, int64_t now, int64_t counts[static 4], struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT state, COUNT(*) FROM job WHERE state = 'queued' GROUP BY state"
        " UNION ALL SELECT state, COUNT(*) FROM job WHERE state = 'running' GROUP BY state"
        " UNION ALL SELECT state, COUNT(*) FROM job WHERE finished_at > $1 GROUP BY state");
    enum job_state state;

    memset(counts, 0, 4 * sizeof counts[0]);
    stmt_bind_i64(q, 1, now - 86400);
    while (stmt_next(q))
        if (job_state_from_name(stmt_text(q, 0), &state))
            counts[state] = stmt_i64(q, 1);
    return stmt_end(q, err);
}

bool store_job_forget(struct tx *tx, int64_t before, int64_t limit, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "DELETE FROM job WHERE id IN"
        " (SELECT id FROM job WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)");

    stmt_bind_i64(q, 1, before);
    stmt_bind_i64(q, 2, limit);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}
