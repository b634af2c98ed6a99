/* api/schedules: what runs by itself, when next, and how the last run went. */
#include "api/schedules.h"

#include "api/query.h"
#include "api/tables.h"
#include "base/err.h"
#include "codec/cron.h"
#include "job/scheduler.h"
#include "store/job.h"
#include "store/schedule.h"

#define MAX_SCHEDULES 32
#define N_NEXT_RUNS 5
#define PREVIEW_MAX 50

static void write_next_runs(struct json_out *out, const struct schedule_row *row, int64_t now)
{
    int64_t runs[N_NEXT_RUNS];
    struct cron cron;
    struct err ignored = { 0 };

    json_begin_array(out, "next_runs");
    if (cron_parse(span_text(row->cron), &cron, &ignored)) {
        cron_next_runs(&cron, now, 0, runs, N_NEXT_RUNS);
        for (size_t i = 0; i < N_NEXT_RUNS; i++)
            json_time(out, NULL, runs[i]);
    }
    json_end(out);
}

static void write_last_job(struct api_call *call, int64_t job_id)
{
    autofree(job_row) struct job_row *job = NULL;
    struct err ignored = { 0 };

    if (!job_id || !store_job_get(call->tx, job_id, &job, &ignored)) {
        json_put_null(&call->reply, "last_job");
        return;
    }
    json_begin_object(&call->reply, "last_job");
    json_i64(&call->reply, "id", job->id);
    json_str(&call->reply, "state", job_state_name(job->state));
    json_end(&call->reply);
}

bool schedules_write(struct api_call *call, const char *key, struct err *err)
{
    struct schedule_row *rows[MAX_SCHEDULES];
    size_t n = 0;

    if (!store_schedule_list(call->tx, rows, MAX_SCHEDULES, &n, err))
        return false;
    json_begin_array(&call->reply, key);
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "name", rows[i]->name);
        json_str(&call->reply, "cron", rows[i]->cron);
        json_time(&call->reply, "next_run_at", rows[i]->next_run_at);
        write_next_runs(&call->reply, rows[i], call->now);
        json_time_or_null(&call->reply, "last_run_at", rows[i]->last_run_at);
        write_last_job(call, rows[i]->last_job_id);
        json_end(&call->reply);
        schedule_row_free(rows[i]);
    }
    json_end(&call->reply);
    return true;
}

static bool schedules_list(struct api_call *call, struct err *err)
{
    return schedules_write(call, "items", err);
}

/* What an expression means, before it is saved. */
static bool schedules_preview(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const char *text = query_text(query, "cron", 200);
    int64_t count = query_i64(query, "count", 1, PREVIEW_MAX, N_NEXT_RUNS);
    int64_t runs[PREVIEW_MAX];
    struct cron cron;
    struct err problem = { 0 };

    if (!cron_parse(span_text(text), &cron, &problem))
        query_complain(query, "cron", text ? problem.msg : "this is needed");
    if (!query_end(query, err))
        return false;
    cron_next_runs(&cron, call->now, 0, runs, (size_t)count);
    json_str(&call->reply, "cron", text);
    json_str(&call->reply, "time_zone", "UTC");
    json_begin_array(&call->reply, "runs");
    for (int64_t i = 0; i < count; i++)
        json_time(&call->reply, NULL, runs[i]);
    json_end(&call->reply);
    return true;
}

static bool schedules_run(struct api_call *call, struct err *err)
{
    int64_t job;

    if (!scheduler_run_now(call->tx, call->path_text, call->who.account_id, call->now, &job, err) ||
        !api_audit(call, "schedule.run", 0, call->path_text, NULL, NULL, err))
        return false;
    json_i64(&call->reply, "job", job);
    call->status = 202;
    call->wakes_jobs = true;
    return true;
}

const struct api_route schedule_routes[] = {
    { "GET", "/schedules", ROLE_USER, API_READS, schedules_list, 0 },
    { "GET", "/schedules/preview", ROLE_USER, API_READS, schedules_preview, 0 },
    { "POST", "/schedules/{name}/run", ROLE_ADMIN, API_WRITES, schedules_run, 0 },
    { 0 },
};
