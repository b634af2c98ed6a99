/* api/jobs: work under way and work done. Everybody sees their own; admins and auditors see all. */
#include "api/job_result.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "store/account.h"
#include "store/job.h"

static bool write_job(struct api_call *call, const struct job_row *job, struct err *err)
{
    struct json_out *out = &call->reply;
    autofree(account_row) struct account_row *account = NULL;
    struct err ignored = { 0 };

    if (job->account_id && !store_account_get(call->tx, job->account_id, &account, &ignored))
        account = NULL;
    json_i64(out, "id", job->id);
    json_str(out, "type", job->type);
    json_str(out, "state", job_state_name(job->state));
    json_i64_or_null(out, "object_id", job->object_id);
    json_begin_object(out, "progress");
    json_i64(out, "done", job->progress_done);
    json_i64(out, "total", job->progress_total);
    json_end(out);
    if (!job_result_write(call, "result", job->result, err))
        return false;
    json_str(out, "error", job->error[0] ? job->error : NULL);
    json_str(out, "actor", account ? account->name : NULL);
    json_time(out, "created_at", job->created_at);
    json_time_or_null(out, "started_at", job->started_at);
    json_time_or_null(out, "finished_at", job->finished_at);
    return true;
}

static bool jobs_get(struct api_call *call, struct err *err)
{
    autofree(job_row) struct job_row *job = NULL;

    if (!store_job_get(call->tx, call->path_id, &job, err))
        return false;
    if (!permission_sees_all(&call->who) && job->account_id != call->who.account_id)
        return fail(err, ERR_NOT_FOUND, "there is no job %" PRId64, call->path_id);
    return write_job(call, job, err);
}

static bool jobs_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct job_row *rows[API_PAGE_MAX + 1];
    int64_t limit = page_limit(query);
    struct job_filter filter = {
        .account_id = permission_sees_all(&call->who) ? 0 : call->who.account_id,
        .state = query_text(query, "state", 16),
        .type = query_text(query, "type", 64),
        .before_id = page_after_id(query),
    };
    size_t n = 0;

    if (!query_end(query, err) || !store_job_list(call->tx, &filter, limit + 1, rows, &n, err))
        return false;
    size_t shown = n > (size_t)limit ? (size_t)limit : n;

    bool works = true;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; works && i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        works = write_job(call, rows[i], err);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, n > shown ? rows[shown - 1]->id : 0, (int64_t)n,
        n > shown || filter.before_id);
    for (size_t i = 0; i < n; i++)
        job_row_free(rows[i]);
    return works;
}

static bool jobs_retry(struct api_call *call, struct err *err)
{
    autofree(job_row) struct job_row *job = NULL;

    if (!store_job_get(call->tx, call->path_id, &job, err))
        return false;
    call->status = 202;
    call->wakes_jobs = true;
    json_i64(&call->reply, "job", call->path_id);
    return store_job_retry(call->tx, call->path_id, call->now, err) &&
           api_audit(call, "job.retry", call->path_id, NULL, NULL, NULL, err);
}

const struct api_route job_routes[] = {
    { "GET", "/jobs", ROLE_USER, API_READS, jobs_list, 0 },
    { "GET", "/jobs/{id}", ROLE_USER, API_READS, jobs_get, 0 },
    { "POST", "/jobs/{id}/retry", ROLE_ADMIN, API_WRITES | API_BODY_NONE, jobs_retry, 0 },
    { 0 },
};
