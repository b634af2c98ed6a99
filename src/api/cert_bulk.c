/* api/cert_bulk: one thing done with many records. A job does it, record by record, with the rights
 * that whoever asked has then. */
#include <string.h>

#include "api/cert_filter.h"
#include "api/cert_new.h"
#include "api/tables.h"
#include "base/err.h"
#include "core/bulk.h"

static bool read_user(struct api_call *call, struct json_in *in, int action, struct err *err)
{
    const char *const user = json_in_text_opt(in, "user", 1, 64, NULL);
    int64_t id;

    if (action == BULK_SET_OWNER && !user)
        json_in_complain(in, "user", "needed: a record has an owner");
    if (user && action != BULK_ASSIGN && action != BULK_SET_OWNER)
        json_in_complain(in, "user", "only for assign and set_owner");
    if (action == BULK_ASSIGN && !json_in_has(in, "user"))
        json_in_complain(in, "user", "needed; null is nobody");
    return !user || api_find_account(call, "user", user, &id, err);
}

/* The job looks for them again; here they are only to be there. */
static void count(void *arg, int64_t account_id, int64_t group_id)
{
    size_t *const n = arg;

    (void)account_id;
    (void)group_id;
    ++*n;
}

static bool read_users_and_groups(struct api_call *call, struct json_in *in, int action,
    struct err *err)
{
    const bool is_theirs = action == BULK_SHARE || action == BULK_UNSHARE;
    size_t n = 0;

    if (!api_each_name(call, in, NULL, SHARES_MAX, count, &n, err))
        return false;
    if (is_theirs != (n > 0))
        json_in_complain(in, "users",
            is_theirs ? "say with whom: users, groups" : "only for share and unshare");
    return true;
}

static void read_rest(struct json_in *in, int action)
{
    autodone(buf) struct buf tags = BUF_INIT(65536);
    const bool is_theirs = action == BULK_TAG || action == BULK_UNTAG;

    cert_new_read_tags(in, &tags);
    if (is_theirs != (tags.size > 0))
        json_in_complain(in, "tags", is_theirs ? "say which" : "only for tag and untag");
    (void)json_in_text_opt(in, "business_group", 0, 100, "");
    if (json_in_has(in, "business_group") != (action == BULK_SET_BUSINESS_GROUP))
        json_in_complain(in, "business_group", "for set_business_group, and needed there");
    (void)json_in_bool_opt(in, "use_key", false);
    if (json_in_has(in, "use_key") && action != BULK_SHARE)
        json_in_complain(in, "use_key", "only for share");
}

static bool act_on_many(struct api_call *call, struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    const int action = json_in_enum(&in, "action", bulk_action_names, N_BULK_ACTIONS);

    cert_selection_check(&in);
    read_rest(&in, action);
    return read_user(call, &in, action, err) && read_users_and_groups(call, &in, action, err) &&
           json_in_end(&in, err) && api_start_job(call, "actions", err);
}

const struct api_route certificate_bulk_routes[] = {
    { "POST", "/certificates/actions", ROLE_USER, API_WRITES | API_IDEMPOTENT, act_on_many, 0 },
    { 0 },
};
