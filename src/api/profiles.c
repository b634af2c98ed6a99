/*
 * api/profiles: what may be issued, by which CA, and to whom. Admins make profiles; everybody sees
 * those that they may use, and can ask what one would say of a request.
 */
#include <string.h>

#include "api/csr_new.h"
#include "api/page.h"
#include "api/profile_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/job.h"
#include "store/life.h"
#include "store/profile.h"
#include "x509/csr.h"

/* So many certificates are planned anew while the caller waits. */
#define REPLAN_AT_ONCE 200

static bool profiles_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = query_new(call);
    autodone(profile_rows) struct profile_rows rows = { 0 };

    if (!query_end(query, err) || !store_profiles(call->tx, &viewer, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!profile_write(call, &call->reply, &rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool answer_with(struct api_call *call, int64_t id, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;

    if (!store_profile_get(call->tx, id, &row, err))
        return false;
    call->etag = row->row_version;
    return profile_write(call, &call->reply, row, err);
}

static bool snapshot(struct api_call *call, const struct profile_row *row, struct buf *ret,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, ret);
    json_begin_object(&out, NULL);
    if (!profile_write(call, &out, row, err))
        return false;
    json_end(&out);
    return true;
}

/* The audit entry with the profile as it has become. */
static bool note(struct api_call *call, const char *action, int64_t id, const struct buf *before,
    struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(API_REPLY_MAX);
    autofree(profile_row) struct profile_row *row = NULL;

    return store_profile_get(call->tx, id, &row, err) && snapshot(call, row, &after, err) &&
           api_audit(call, action, id, row->name, before ? buf_text(before) : NULL,
               buf_text(&after), err);
}

static bool profiles_get(struct api_call *call, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;

    if (!profile_find(call, &row, err))
        return false;
    call->etag = row->row_version;
    return profile_write(call, &call->reply, row, err);
}

static bool save_users(struct api_call *call, const struct profile_wish *wish, struct err *err)
{
    return !wish->has_users ||
           store_profile_set_users(call->tx, wish->row.id, &wish->accounts, &wish->groups, err);
}

static bool profiles_create(struct api_call *call, struct err *err)
{
    autodone(profile_wish) struct profile_wish wish = { .policy = policy_new() };

    if (!profile_wish_read(call, true, &wish, err) ||
        !store_profile_add(call->tx, &wish.row, call->now, err) || !save_users(call, &wish, err) ||
        !note(call, "profile.create", wish.row.id, NULL, err))
        return false;
    call->status = 201;
    return answer_with(call, wish.row.id, err);
}

/* When its certificates renew follows from it: at once for a few, by a job for many. */
static bool replan(struct api_call *call, int64_t id, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;
    autofree(str) char *key = NULL;
    struct job_new job = { .type = "replan", .object_id = id, .due_at = call->now };
    int64_t last = 0;
    int64_t ignored;

    if (!store_life_replan_profile(call->tx, id, 0, REPLAN_AT_ONCE, call->now, &last, err) ||
        !store_profile_get(call->tx, id, &row, err))
        return false;
    if (!last)
        return true;
    /* One that runs already may be past some that this edit changes. */
    key = xasprintf("replan:%" PRId64 ":%" PRId64, id, row->row_version);
    job.dedupe_key = key;
    call->wakes_jobs = true;
    return store_job_add(call->tx, &job, call->now, &ignored, err);
}

static bool profiles_edit(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf before = BUF_INIT(API_REPLY_MAX);
    autodone(profile_wish) struct profile_wish wish = { 0 };
    autofree(profile_row) struct profile_row *row = NULL;

    if (!profile_find(call, &row, err) ||
        !page_check_match(call, row->row_version, "profile", err) ||
        !snapshot(call, row, &before, err) || !policy_from_json(row->rules, &wish.policy, err))
        return false;
    wish.row = *row;
    *row = (struct profile_row){ 0 };
    if (!profile_wish_read(call, false, &wish, err))
        return false;
    if (!store_profile_save(call->tx, &wish.row, call->now, err))
        return api_stale(call, err);
    return save_users(call, &wish, err) && replan(call, wish.row.id, err) &&
           note(call, "profile.edit", wish.row.id, &before, err) &&
           answer_with(call, wish.row.id, err);
}

static bool profiles_delete(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf before = BUF_INIT(API_REPLY_MAX);
    autofree(profile_row) struct profile_row *row = NULL;

    if (!profile_find(call, &row, err) ||
        !page_check_match(call, row->row_version, "profile", err) ||
        !snapshot(call, row, &before, err))
        return false;
    if (!store_profile_delete(call->tx, row, err))
        return api_stale(call, err);
    call->status = 204;
    return api_audit(call, "profile.delete", row->id, row->name, buf_text(&before), NULL, err);
}

/* ---- Force Renewal ---- */

static bool set_forcing(struct api_call *call, bool is_forcing, const char *action, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;

    if (!profile_find(call, &row, err) || !page_check_match(call, row->row_version, "profile", err))
        return false;
    if (row->is_forcing != is_forcing || is_forcing) {
        if (!store_profile_force(call->tx, row->id, is_forcing, call->now, err) ||
            !replan(call, row->id, err) || !note(call, action, row->id, NULL, err))
            return false;
    }
    return answer_with(call, row->id, err);
}

static bool profiles_force(struct api_call *call, struct err *err)
{
    call->status = 202;
    return set_forcing(call, true, "profile.force", err);
}

static bool profiles_force_stop(struct api_call *call, struct err *err)
{
    return set_forcing(call, false, "profile.force_stop", err);
}

/* ---- what would it say? ---- */

/* The names of a wish as core/policy reads them. */
static bool write_names(const struct csr_wish *wish, struct buf *ret, struct err *err)
{
    const struct vault_csr *const subject = &wish->subject;
    const struct {
        const char *name;
        const char *value;
    } fields[] = { { "CN", subject->common_name }, { "O", subject->organization },
        { "OU", subject->organizational_unit }, { "L", subject->locality },
        { "ST", subject->state }, { "C", subject->country },
        { "emailAddress", subject->email_address }, { "serialNumber", subject->serial_number } };
    struct json_out out;

    json_out_init(&out, ret);
    json_begin_object(&out, NULL);
    json_begin_object(&out, "subject");
    for (size_t i = 0; i < countof(fields); i++)
        if (fields[i].value)
            json_str(&out, fields[i].name, fields[i].value);
    json_end(&out);
    json_raw(&out, "sans", buf_span(&wish->sans_json));
    json_end(&out);
    return json_out_check(&out, err);
}

static bool check_names(struct api_call *call, const struct policy *policy,
    struct policy_verdict *verdict, struct err *err)
{
    autodone(csr_wish) struct csr_wish wish = { 0 };
    autodone(policy_input) struct policy_input input = { 0 };
    autodone(buf) struct buf names = BUF_INIT(JSON_MAX_BYTES);
    enum policy_key key = N_POLICY_KEYS;

    if (!csr_wish_read(call, &wish, err) || !write_names(&wish, &names, err))
        return false;
    if (!json_member(call->json, "key"))
        (void)policy_default_key(policy, &key);
    else
        (void)policy_key_from_name(vault_algorithm_name(wish.algorithm), &key);
    if (!policy_input_from_names(buf_text(&names), key, &input, err))
        return false;
    policy_judge(policy, &input, verdict);
    return true;
}

static bool check_csr(struct api_call *call, const struct policy *policy,
    struct policy_verdict *verdict, struct err *err)
{
    autodone(policy_input) struct policy_input input = { 0 };
    autofree(csr) struct csr *csr = NULL;
    struct json_in in;

    api_body(call, &in);
    const char *const text = json_in_text(&in, "csr", 1, CSR_MAX_BYTES);

    if (!json_in_end(&in, err))
        return false;
    if (!csr_from_any(span_text(text), &csr, err)) {
        json_problems_add(call->problems, "csr", err->msg);
        return false;
    }
    policy_input_from_csr(csr, &input);
    policy_judge(policy, &input, verdict);
    return true;
}

static bool profiles_check(struct api_call *call, struct err *err)
{
    autodone(policy_verdict) struct policy_verdict verdict = { 0 };
    autofree(profile_row) struct profile_row *row = NULL;
    autofree(policy) struct policy *policy = NULL;
    bool works;

    if (!profile_find(call, &row, err) || !policy_from_json(row->rules, &policy, err))
        return false;
    works = call->json && json_member(call->json, "csr") ? check_csr(call, policy, &verdict, err)
                                                         : check_names(call, policy, &verdict, err);
    if (!works)
        return false;
    json_bool(&call->reply, "allowed", verdict.n == 0);
    policy_verdict_write(&verdict, &call->reply);
    return true;
}

const struct api_route profile_routes[] = {
    { "GET", "/profiles", ROLE_USER, API_READS, profiles_list, 0 },
    { "POST", "/profiles", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, profiles_create, 0 },
    { "GET", "/profiles/{name}", ROLE_USER, API_READS, profiles_get, 0 },
    { "PATCH", "/profiles/{name}", ROLE_ADMIN, API_WRITES, profiles_edit, 0 },
    { "DELETE", "/profiles/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, profiles_delete, 0 },
    { "POST", "/profiles/{name}/check", ROLE_USER, API_READS, profiles_check, 0 },
    { "POST", "/profiles/{name}/force-renewal", ROLE_ADMIN, API_WRITES | API_BODY_NONE,
        profiles_force, 0 },
    { "DELETE", "/profiles/{name}/force-renewal", ROLE_ADMIN, API_WRITES | API_BODY_NONE,
        profiles_force_stop, 0 },
    { 0 },
};
