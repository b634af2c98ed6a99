/* job/types/selection: see the header. */
#include "job/types/selection.h"

#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "store/account.h"

bool job_principal(struct tx *tx, int64_t account_id, struct principal *ret, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    memset(ret, 0, sizeof *ret);
    if (account_id == 0) {
        ret->role = ROLE_ADMIN;
        ret->scopes = SCOPE_ALL;
        return true;
    }
    if (!store_account_get(tx, account_id, &account, err))
        return false;
    ret->account_id = account_id;
    ret->scopes = SCOPE_ALL;
    span_copy_text(span_text(account->name), ret->name, sizeof ret->name);
    if (account->is_disabled || !role_from_name(account->role, &ret->role))
        return fail(err, ERR_DENIED, "the user \"%s\" may not do anything any more", account->name);
    return true;
}

struct store_viewer job_viewer(const struct principal *who)
{
    return (
        struct store_viewer){ .account_id = who->account_id, .sees_all = permission_sees_all(who) };
}

static void add_statuses(const struct json *list, struct cert_filter *filter)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *word = json_as_text(json_list_item(list, i));
        enum cert_status status;

        if (word && cert_status_from_name(word, &status))
            filter->statuses |= 1U << status;
    }
}

static void add_sources(const struct json *list, struct cert_filter *filter)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *word = json_as_text(json_list_item(list, i));
        enum cert_source source;

        if (word && cert_source_from_name(word, &source))
            filter->sources |= 1U << source;
    }
}

/* The API has checked it; the texts live as long as the JSON. */
static void read_filter(const struct json *json, struct cert_filter *ret)
{
    struct json_problems ignored = { 0 };
    struct json_in in;
    const char *assignee;

    memset(ret, 0, sizeof *ret);
    json_in_init(&in, json, &ignored);
    add_statuses(json_member(json, "status"), ret);
    add_sources(json_member(json, "source"), ret);
    ret->q = json_as_text(json_member(json, "q"));
    ret->business_group = json_as_text(json_member(json, "business_group"));
    ret->owner = json_as_text(json_member(json, "owner"));
    assignee = json_as_text(json_member(json, "assignee"));
    ret->assignee = assignee && strcmp(assignee, "-") == 0 ? "" : assignee;
    ret->resource = json_as_text(json_member(json, "resource"));
    ret->tag = json_as_text(json_member(json, "tag"));
    ret->issuer = json_as_text(json_member(json, "issuer"));
    ret->alert = json_as_text(json_member(json, "flag"));
    ret->expires_before = json_in_time_opt(&in, "expires_before", 0);
    ret->expires_after = json_in_time_opt(&in, "expires_after", 0);
    ret->is_unused = json_in_bool_opt(&in, "unused", false);
    if (json_as_text(json_member(json, "seen")))
        ret->statuses |= 1U << CERT_UNKNOWN;
    json_problems_clear(&ignored);
}

void selection_read(struct selection *selection, const struct json *payload, int64_t now)
{
    const struct json *ids = json_member(payload, "ids");

    *selection = (struct selection){ .has_ids = ids != NULL, .now = now };
    read_filter(json_member(payload, "filter"), &selection->filter);
    for (size_t i = 0; i < json_list_size(ids); i++)
        id_list_add(&selection->ids, json_as_i64(json_list_item(ids, i), 0));
}

void selection_done(struct selection *selection)
{
    id_list_done(&selection->ids);
}

static bool next_of_filter(struct tx *tx, struct selection *selection,
    const struct store_viewer *viewer, size_t limit, struct id_list *ids, struct err *err)
{
    const struct cert_ids_request request = { .filter = &selection->filter,
        .now = selection->now,
        .after_id = selection->after_id,
        .limit = (int64_t)limit };

    if (!store_cert_ids(tx, viewer, &request, ids, err))
        return false;
    selection->is_done = ids->n < limit;
    if (ids->n)
        selection->after_id = ids->items[ids->n - 1];
    return true;
}

bool selection_next(struct tx *tx, struct selection *selection, const struct principal *who,
    size_t limit, struct id_list *ids, struct err *err)
{
    const struct store_viewer viewer = job_viewer(who);
    const int64_t *const next = selection->ids.items + selection->n_taken;
    size_t n = selection->ids.n - selection->n_taken;

    if (!selection->has_ids)
        return next_of_filter(tx, selection, &viewer, limit, ids, err);
    n = n < limit ? n : limit;
    selection->n_taken += n;
    selection->is_done = selection->n_taken == selection->ids.n;
    return n == 0 || store_cert_ids_visible(tx, &viewer, next, n, ids, err);
}
