/* job/types/selection: see the header. */
#include "job/types/selection.h"

#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "store/account.h"
#include "store/cert_filter.h"

bool job_principal(struct tx *tx, int64_t account_id, struct principal *ret, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    memset(ret, 0, sizeof *ret);
    if (account_id == 0)
        return fail(err, ERR_DENIED, "whoever asked for this has been removed");
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

/* The API has checked it; the texts live as long as the JSON. */
static void read_filter(const struct json *json, struct cert_filter *ret)
{
    struct json_problems ignored = { 0 };
    struct json_in in;

    memset(ret, 0, sizeof *ret);
    json_in_init(&in, json, &ignored);
    cert_filter_from_json(&in, ret);
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
