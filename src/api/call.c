/* api/call: what many handlers do with a call (api/api.h). */
#include "api/api.h"

#include <unistd.h>

#include "base/err.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/group.h"
#include "store/job.h"

struct store_viewer api_viewer(const struct api_call *call)
{
    return (struct store_viewer){
        .account_id = call->who.account_id,
        .sees_all = permission_sees_all(&call->who),
    };
}

void api_body(struct api_call *call, struct json_in *in)
{
    json_in_init(in, call->json, call->problems);
}

bool api_read_body(const struct api_call *call, struct buf *body, struct err *err)
{
    const struct http_request *const request = call->request;
    uint8_t chunk[16384];

    if (request->body_fd == -1)
        buf_add_span(body, request->body);
    /* A body above 64 KiB lies in a file. */
    for (int64_t at = 0; request->body_fd != -1 && at < request->body_size;) {
        const ssize_t n = pread(request->body_fd, chunk, sizeof chunk, at);

        if (n <= 0)
            return fail(err, ERR_INTERNAL, "could not read the body again");
        buf_add(body, chunk, (size_t)n);
        at += n;
    }
    return buf_check(body, "body", err);
}

bool api_stale(struct api_call *call, struct err *err)
{
    if (store_is_stale(err) && call->if_match)
        call->status = 412;
    return false;
}

bool api_find_account(struct api_call *call, const char *field, const char *name, int64_t *ret_id,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_find(call->tx, name, &account, err))
        return false;
    if (!account) {
        json_problems_addf(call->problems, field, "there is no user \"%s\"", name);
        return fail(err, ERR_INVALID, "%s: there is no user \"%s\"", field, name);
    }
    *ret_id = account->id;
    return true;
}

bool api_each_name(struct api_call *call, struct json_in *in, const char *object, size_t max,
    void (*found)(void *arg, int64_t account_id, int64_t group_id), void *arg, struct err *err)
{
    const size_t n_users = json_in_array_opt(in, "users", max);
    const size_t n_groups = json_in_array_opt(in, "groups", max);
    char field[64];

    (void)snprintf(field, sizeof field, "%s%susers", object ? object : "", object ? "." : "");
    for (size_t i = 0; i < n_users; i++) {
        int64_t id;

        if (!api_find_account(call, field, json_in_item_text(in, "users", i, 1, 64), &id, err))
            return false;
        found(arg, id, 0);
    }
    for (size_t i = 0; i < n_groups; i++) {
        const char *const name = json_in_item_text(in, "groups", i, 1, 200);
        int64_t id;

        if (!store_group_find(call->tx, name, &id, err))
            return false;
        if (id)
            found(arg, 0, id);
        else
            json_in_complain(in, "groups", "there is no group \"%s\"", name);
    }
    return true;
}

bool api_start_job(struct api_call *call, const char *type, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(2 * JSON_MAX_BYTES);
    struct job_new job = { .type = type, .due_at = call->now, .account_id = call->who.account_id };
    int64_t id;

    json_write(call->json, &payload);
    job.payload = buf_text(&payload);
    if (!buf_check(&payload, "payload of the job", err) ||
        !store_job_add(call->tx, &job, call->now, &id, err))
        return false;
    json_i64(&call->reply, "job", id);
    call->status = 202;
    call->wakes_jobs = true;
    return true;
}

bool api_audit(struct api_call *call, const char *action, int64_t object_id,
    const char *object_name, const char *before, const char *after, struct err *err)
{
    char object_type[32];
    struct span type = span_text(action);

    type.size = span_find_char(type, '.');
    ASSERT(type.size < sizeof object_type);
    span_copy_text(type, object_type, sizeof object_type);
    struct audit_entry entry = {
        .at = call->now,
        .account_id = call->who.account_id,
        .actor = call->who.name[0] ? call->who.name : "-",
        .address = call->address,
        .action = action,
        .object_type = object_type,
        .object_id = object_id,
        .object_name = object_name,
        .before = before,
        .after = after,
    };

    return store_audit_add(call->tx, &entry, err);
}
