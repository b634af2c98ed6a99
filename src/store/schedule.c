/* store/schedule: see the header. */
#include "store/schedule.h"

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "store/job.h"

bool store_schedule_put(struct tx *tx, const char *name, const char *cron, int64_t next_run_at,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO schedule(name, cron, next_run_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, next_run_at = excluded.next_run_at"
        " WHERE schedule.cron <> excluded.cron");

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, cron);
    stmt_bind_i64(q, 3, next_run_at);
    return stmt_run(q, err);
}

static struct schedule_row *read_row(struct stmt *q)
{
    struct schedule_row *row = xcalloc(1, sizeof *row);

    row->name = xstrdup(stmt_text(q, 0));
    row->cron = xstrdup(stmt_text(q, 1));
    row->next_run_at = stmt_i64(q, 2);
    row->last_run_at = stmt_i64(q, 3);
    row->last_job_id = stmt_i64(q, 4);
    return row;
}

bool store_schedule_get(struct tx *tx, const char *name, struct schedule_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT name, cron, next_run_at, last_run_at, last_job_id FROM schedule WHERE name = $1");
    autofree(schedule_row) struct schedule_row *row = NULL;

    stmt_bind_text(q, 1, name);
    while (stmt_next(q))
        row = read_row(q);
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no schedule \"%s\"", name);
    *ret = take(&row);
    return true;
}

bool store_schedule_list(struct tx *tx, struct schedule_row **rows, size_t max, size_t *ret_n,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT name, cron, next_run_at, last_run_at, last_job_id FROM schedule"
                       " ORDER BY name LIMIT $1");
    size_t n = 0;

    stmt_bind_i64(q, 1, (int64_t)max);
    while (stmt_next(q))
        rows[n++] = read_row(q);
    if (!stmt_end(q, err)) {
        while (n > 0)
            schedule_row_free(rows[--n]);
        return false;
    }
    *ret_n = n;
    return true;
}

bool store_schedule_move(struct tx *tx, const char *name, int64_t from, int64_t to, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE schedule SET next_run_at = $3 WHERE name = $1 AND next_run_at = $2");

    stmt_bind_text(q, 1, name);
    stmt_bind_i64(q, 2, from);
    stmt_bind_i64(q, 3, to);
    return stmt_run(q, err);
}

bool store_schedule_start(struct tx *tx, const struct schedule_row *schedule,
    const struct schedule_start *start, int64_t now, int64_t *ret_job, struct err *err)
{
    autofree(str) char *key = xasprintf("schedule:%s", schedule->name);
    struct job_new job = { .type = start->job_type,
        .dedupe_key = key,
        .due_at = now,
        .account_id = start->account_id };
    int64_t id;

    if (!store_job_add(tx, &job, now, &id, err))
        return false;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE schedule SET next_run_at = $2, last_job_id = $4,"
                       "  last_run_at = CASE WHEN last_job_id = $4 THEN last_run_at ELSE $3 END"
                       " WHERE name = $1 AND next_run_at = $5");

    stmt_bind_text(q, 1, schedule->name);
    stmt_bind_i64(q, 2, start->next_run_at);
    stmt_bind_i64(q, 3, now);
    stmt_bind_i64(q, 4, id);
    stmt_bind_i64(q, 5, schedule->next_run_at);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_CONFLICT, "another node has just started \"%s\"", schedule->name);
    *ret_job = id;
    return true;
}

bool store_lease_take(struct tx *tx, const char *name, const char *owner, int64_t now,
    int64_t until, bool *ret_held, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO lease(name, owner, until_at, fence) VALUES ($1, $2, $3, 1)"
        " ON CONFLICT (name) DO UPDATE"
        " SET owner = excluded.owner, until_at = excluded.until_at, fence = lease.fence + 1"
        " WHERE lease.owner = excluded.owner OR lease.until_at < $4"
        " RETURNING fence");
    bool held = false;

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, owner);
    stmt_bind_i64(q, 3, until);
    stmt_bind_i64(q, 4, now);
    while (stmt_next(q))
        held = true;
    if (!stmt_end(q, err))
        return false;
    *ret_held = held;
    return true;
}

bool store_lease_end(struct tx *tx, const char *owner, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE lease SET until_at = 0 WHERE owner = $1");

    stmt_bind_text(q, 1, owner);
    return stmt_run(q, err);
}
