/* api/profile_json: see the header. */
#include "api/profile_json.h"

#include <string.h>

#include "api/page.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/ca.h"
#include "store/group.h"
#include "store/profile.h"

#define LIFETIME_DAYS_MAX 36500
#define LIFETIME_DAYS_DEFAULT 90
#define PERCENT_MAX 66 /* core/renewal cuts longer windows, too */
#define PERCENT_DEFAULT 33
#define SCAN_MINUTES_MAX (7 * 24 * 60)
#define APPROVALS_MAX 20

bool profile_find(struct api_call *call, struct profile_row **ret, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;
    struct policy_use use = { 0 };

    if (!store_profile_find(call->tx, call->path_text, &row, err) ||
        (row && !store_profile_use(call->tx, row->id, call->who.account_id, &use, err)))
        return false;
    use.is_admin = permission_sees_all(&call->who);
    if (!row || !policy_use_sees(&use, false))
        return fail(err, ERR_NOT_FOUND, "there is no profile \"%s\"", call->path_text);
    *ret = take(&row);
    return true;
}

/* ---- writing ---- */

struct user_lists {
    struct json_out *out;
    bool wants_groups;
};

static void write_user(void *context, const char *account, const char *group)
{
    const struct user_lists *const lists = context;
    const char *const name = lists->wants_groups ? group : account;

    if (name)
        json_str(lists->out, NULL, name);
}

static bool write_users(struct api_call *call, struct json_out *out, const struct profile_row *row,
    struct err *err)
{
    struct user_lists lists = { .out = out };

    if (!permission_sees_all(&call->who)) {
        json_put_null(out, "users");
        return true;
    }
    json_begin_object(out, "users");
    json_begin_array(out, "users");
    if (!store_profile_users(call->tx, row->id, write_user, &lists, err))
        return false;
    json_end(out);
    lists.wants_groups = true;
    json_begin_array(out, "groups");
    if (!store_profile_users(call->tx, row->id, write_user, &lists, err))
        return false;
    json_end(out);
    json_bool(out, "everybody", !row->is_restricted);
    json_end(out);
    return true;
}

static void write_window(struct json_out *out, const struct profile_row *row)
{
    json_begin_object(out, "window");
    if (row->window_seconds)
        json_i64(out, "days", row->window_seconds / SECONDS_PER_DAY);
    else
        json_i64(out, "percent", row->window_percent);
    json_end(out);
}

bool profile_write(struct api_call *call, struct json_out *out, const struct profile_row *row,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(policy) struct policy *policy = NULL;
    int64_t n = 0;

    if (!policy_from_json(row->rules, &policy, err) ||
        !store_profile_n_certificates(call->tx, &viewer, row->id, &n, err))
        return false;
    json_str(out, "name", row->name);
    json_str(out, "description", row->description);
    json_str(out, "ca", row->ca);
    policy_write(policy, out);
    json_i64(out, "lifetime_days", row->lifetime_seconds / SECONDS_PER_DAY);
    write_window(out, row);
    json_bool(out, "renews_itself", row->renews_itself);
    json_i64_or_null(out, "scan_minutes", row->scan_seconds / 60);
    json_str(out, "renewal_key", renewal_key_name(row->renewal_key));
    if (!write_users(call, out, row, err))
        return false;
    json_begin_object(out, "approvals");
    json_i64(out, "needed", row->n_approvals);
    json_str(out, "group", row->approver_group);
    json_end(out);
    json_bool(out, "disabled", row->is_disabled);
    json_bool(out, "is_forcing", row->is_forcing);
    json_i64(out, "n_certificates", n);
    json_time(out, "created_at", row->created_at);
    json_time(out, "updated_at", row->updated_at);
    page_write_etag(out, row->row_version);
    return true;
}

/* ---- reading ---- */

static void read_name(struct json_in *in, bool is_new, struct profile_row *row)
{
    const char *const name = is_new ? json_in_text(in, "name", 1, PROFILE_NAME_MAX)
                                    : json_in_text_opt(in, "name", 1, PROFILE_NAME_MAX, row->name);
    const struct span text = span_text(name);

    if (span_trim(text).size != text.size)
        json_in_complain(in, "name", "no blanks at the beginning or end");
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f || text.data[i] == '/') {
            json_in_complain(in, "name", "no control characters, and no \"/\"");
            break;
        }
    }
    str_set(&row->name, name);
}

static bool read_ca(struct api_call *call, struct json_in *in, bool is_new, struct profile_row *row,
    struct err *err)
{
    autofree(ca_row) struct ca_row *ca = NULL;
    const char *name;

    if (!is_new && !json_in_has(in, "ca"))
        return true;
    name = json_in_text(in, "ca", 1, 100);
    if (!store_ca_find(call->tx, name, &ca, err))
        return false;
    if (name[0] && !ca)
        json_in_complain(in, "ca", "there is no CA \"%s\"", name);
    row->ca_id = ca ? ca->id : 0;
    return true;
}

static void read_window(struct json_in *body, struct profile_row *row)
{
    struct json_in in;

    if (json_in_object_opt(body, "window", &in)) {
        const int64_t days = json_in_i64_opt(&in, "days", 1, LIFETIME_DAYS_MAX, 0);
        const int64_t percent = json_in_i64_opt(&in, "percent", 1, PERCENT_MAX, 0);

        if ((days == 0) == (percent == 0))
            json_in_complain(body, "window", "give either days or percent");
        row->window_seconds = days * SECONDS_PER_DAY;
        row->window_percent = percent;
        json_in_leave(&in);
    }
    if (row->window_seconds > row->lifetime_seconds / 3 * 2)
        json_in_complain(body, "window",
            "it is longer than two thirds of the lifetime: it would hardly ever be closed");
}

static void read_times(struct json_in *in, struct profile_row *row)
{
    const int64_t days = json_in_i64_opt(in, "lifetime_days", 1, LIFETIME_DAYS_MAX,
        row->lifetime_seconds / SECONDS_PER_DAY);

    row->lifetime_seconds = days * SECONDS_PER_DAY;
    read_window(in, row);
    row->renews_itself = json_in_bool_opt(in, "renews_itself", row->renews_itself);
    if (json_in_has(in, "scan_minutes"))
        row->scan_seconds = 60 * json_in_i64_opt(in, "scan_minutes", 1, SCAN_MINUTES_MAX, 0);
}

static void read_renewal_key(struct json_in *in, bool is_new, struct profile_wish *wish)
{
    static const char *const names[N_RENEWAL_KEYS] = { "same", "new", "ask" };
    const enum policy_maker maker = wish->policy->maker;
    const enum renewal_key otherwise = !is_new                        ? wish->row.renewal_key
                                       : maker == POLICY_BY_REQUESTER ? RENEWAL_SAME_CSR
                                       : maker == POLICY_BY_SERVER    ? RENEWAL_NEW_KEY
                                                                      : RENEWAL_SAME_CSR;
    const enum renewal_key key = (enum renewal_key)json_in_enum_opt(in, "renewal_key", names,
        N_RENEWAL_KEYS, (int)otherwise);

    if (key == RENEWAL_NEW_KEY && maker == POLICY_BY_REQUESTER)
        json_in_complain(in, "renewal_key",
            "the server makes no keys for this profile (key.made_by)");
    if (key == RENEWAL_ASK && maker == POLICY_BY_SERVER)
        json_in_complain(in, "renewal_key",
            "only the server makes keys for this profile (key.made_by)");
    wish->row.renewal_key = key;
}

static bool read_accounts(struct api_call *call, struct json_in *in, struct id_list *ret,
    struct err *err)
{
    const size_t n = json_in_array_opt(in, "users", PROFILE_USERS_MAX);

    for (size_t i = 0; i < n; i++) {
        int64_t id = 0;

        if (!api_find_account(call, "users.users", json_in_item_text(in, "users", i, 1, 64), &id,
                err))
            return false;
        id_list_add(ret, id);
    }
    return true;
}

static bool find_group(struct api_call *call, struct json_in *in, const char *field,
    const char *name, int64_t *ret_id, struct err *err)
{
    if (!store_group_find(call->tx, name, ret_id, err))
        return false;
    if (!*ret_id && name[0])
        json_in_complain(in, field, "there is no group \"%s\"", name);
    return true;
}

/* Two empty lists are everybody, unless it is said that they are nobody. */
static bool read_users(struct api_call *call, struct json_in *body, struct profile_wish *wish,
    struct err *err)
{
    struct json_in in;
    bool is_empty;

    if (!json_in_object_opt(body, "users", &in))
        return true;
    wish->has_users = true;
    if (!read_accounts(call, &in, &wish->accounts, err))
        return false;
    const size_t n = json_in_array_opt(&in, "groups", PROFILE_USERS_MAX);

    for (size_t i = 0; i < n; i++) {
        int64_t id = 0;

        if (!find_group(call, &in, "groups", json_in_item_text(&in, "groups", i, 1, 200), &id, err))
            return false;
        id_list_add(&wish->groups, id);
    }
    is_empty = wish->accounts.n == 0 && wish->groups.n == 0;
    wish->row.is_restricted = !json_in_bool_opt(&in, "everybody", is_empty);
    if (!wish->row.is_restricted && !is_empty)
        json_in_complain(&in, "everybody", "then there are no lists");
    json_in_leave(&in);
    return true;
}

static bool read_approvals(struct api_call *call, struct json_in *body, struct profile_row *row,
    struct err *err)
{
    struct json_in in;
    const char *group;

    if (!json_in_object_opt(body, "approvals", &in))
        return true;
    row->n_approvals = json_in_i64_opt(&in, "needed", 0, APPROVALS_MAX, row->n_approvals);
    group = json_in_text_opt(&in, "group", 1, 200,
        json_in_has(&in, "group") || !row->approver_group ? "" : row->approver_group);
    if (!find_group(call, &in, "group", group, &row->approver_group_id, err))
        return false;
    if (row->n_approvals > 0 && !group[0])
        json_in_complain(&in, "group", "say which group approves");
    json_in_leave(&in);
    return true;
}

static void begin(struct profile_row *row)
{
    row->lifetime_seconds = LIFETIME_DAYS_DEFAULT * SECONDS_PER_DAY;
    row->window_percent = PERCENT_DEFAULT;
    row->renews_itself = true;
    row->description = xstrdup("");
}

static void finish(struct profile_wish *wish, struct json_in *in)
{
    autodone(buf) struct buf rules = BUF_INIT(POLICY_RULES_MAX);
    struct json_out out;
    struct err err = { 0 };

    if (!policy_allows_any_name(wish->policy))
        json_in_complain(in, "names",
            "the profile allows no names: give domains ([\"*\"] is all), ip, email or uri");
    json_out_init(&out, &rules);
    json_begin_object(&out, NULL);
    policy_write(wish->policy, &out);
    json_end(&out);
    if (!json_out_check(&out, &err))
        json_in_complain(in, "names", "they have more than %u bytes", POLICY_RULES_MAX);
    str_set(&wish->row.rules, buf_text(&rules));
}

bool profile_wish_read(struct api_call *call, bool is_new, struct profile_wish *wish,
    struct err *err)
{
    struct profile_row *const row = &wish->row;
    struct json_in in;

    if (is_new)
        begin(row);
    api_body(call, &in);
    read_name(&in, is_new, row);
    str_set(&row->description, json_in_text_opt(&in, "description", 0, 10000, row->description));
    policy_read(wish->policy, &in);
    read_times(&in, row);
    read_renewal_key(&in, is_new, wish);
    row->is_disabled = json_in_bool_opt(&in, "disabled", row->is_disabled);
    finish(wish, &in);
    return read_ca(call, &in, is_new, row, err) && read_users(call, &in, wish, err) &&
           read_approvals(call, &in, row, err) && json_in_end(&in, err);
}

void profile_wish_done(struct profile_wish *wish)
{
    profile_row_done(&wish->row);
    policy_free(wish->policy);
    id_list_done(&wish->accounts);
    id_list_done(&wish->groups);
    *wish = (struct profile_wish){ 0 };
}
