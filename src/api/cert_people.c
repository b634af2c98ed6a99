/* api/cert_people: owner, assignee and shares as they come in (api/cert_new.h), and the access list
 * as it goes out. */
#include <string.h>

#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "store/cert.h"
#include "store/group.h"

static bool find_share(struct cert_people_edit *people, int64_t account_id, int64_t group_id,
    struct cert_share **ret)
{
    for (size_t i = 0; i < people->n_shares; i++) {
        struct cert_share *share = &people->shares[i];

        if (share->account_id == account_id && share->group_id == group_id) {
            *ret = share;
            return true;
        }
    }
    return false;
}

/* Who is named, and whose edit that is. */
struct reading {
    struct json_in *in;
    struct cert_people_edit *people;
};

static void add_share(void *arg, int64_t account_id, int64_t group_id)
{
    const struct reading *const r = arg;
    struct cert_people_edit *const people = r->people;
    struct cert_share *there;

    if (find_share(people, account_id, group_id, &there))
        return;
    if (people->n_shares == SHARES_MAX) {
        json_in_complain(r->in, "users", "a record is shared with at most %d", SHARES_MAX);
        return;
    }
    people->shares[people->n_shares++] =
        (struct cert_share){ .account_id = account_id, .group_id = group_id };
}

/* Those it is shared with now, with their rights, for an edit that does not name them. */
static bool keep_shares(struct api_call *call, int64_t id, struct cert_people_edit *people,
    struct err *err)
{
    autodone(access_rows) struct access_rows rows = { 0 };

    if (!store_cert_people(call->tx, id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n && people->n_shares < SHARES_MAX; i++) {
        const struct access_row *row = &rows.items[i];

        if (row->relation != RELATION_SHARED_USER && row->relation != RELATION_SHARED_GROUP)
            continue;
        people->shares[people->n_shares++] = (struct cert_share){ .account_id = row->account_id,
            .group_id = row->group_id,
            .may_use_key = row->may_use_key,
            .is_notified = row->is_notified };
    }
    return true;
}

/* Who was there before and stays keeps what they could, until "use_key" or "notify" say otherwise.
 */
static bool keep_rights(struct api_call *call, int64_t id, struct cert_people_edit *people,
    struct err *err)
{
    autodone(access_rows) struct access_rows rows = { 0 };

    if (!store_cert_people(call->tx, id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        const struct access_row *row = &rows.items[i];
        struct cert_share *share;

        if ((row->relation != RELATION_SHARED_USER && row->relation != RELATION_SHARED_GROUP) ||
            !find_share(people, row->account_id, row->group_id, &share))
            continue;
        share->may_use_key = row->may_use_key;
        share->is_notified = row->is_notified;
    }
    return true;
}

static bool read_owner_and_assignee(struct api_call *call, struct json_in *in,
    const struct cert_row *before, struct cert_people_edit *ret, struct err *err)
{
    const char *owner = json_in_text_opt(in, "owner", 1, 64, NULL);
    const char *assignee = json_in_text_opt(in, "assignee", 1, 64, NULL);

    ret->owner_id = before ? before->owner_id : call->who.account_id;
    ret->assignee_id = before ? before->assignee_id : 0;
    ret->has_assignee = json_in_has(in, "assignee");
    if (ret->has_assignee)
        ret->assignee_id = 0;
    if (owner && !api_find_account(call, "owner", owner, &ret->owner_id, err))
        return false;
    ret->has_owner = owner && (!before || ret->owner_id != before->owner_id);
    return !assignee || api_find_account(call, "assignee", assignee, &ret->assignee_id, err);
}

bool cert_new_read_people(struct api_call *call, struct json_in *in, const struct cert_row *before,
    struct cert_people_edit *ret, struct err *err)
{
    struct json_in share;

    memset(ret, 0, sizeof *ret);
    if (!read_owner_and_assignee(call, in, before, ret, err))
        return false;
    ret->has_shares = json_in_object_opt(in, "share", &share);
    if (!ret->has_shares)
        return !before || keep_shares(call, before->id, ret, err);
    struct reading reading = { &share, ret };
    bool works = api_each_name(call, &share, "share", SHARES_MAX, add_share, &reading, err);

    json_in_leave(&share);
    return works && (!before || keep_rights(call, before->id, ret, err));
}

static void let_use_key(void *arg, int64_t account_id, int64_t group_id)
{
    const struct reading *const r = arg;
    struct cert_people_edit *const people = r->people;
    struct cert_share *share;

    if (find_share(people, account_id, group_id, &share))
        share->may_use_key = true;
    else if (account_id != people->owner_id)
        json_in_complain(r->in, "users", "only those it is shared with can get this right");
}

static void let_know(void *arg, int64_t account_id, int64_t group_id)
{
    const struct reading *const r = arg;
    struct cert_people_edit *const people = r->people;
    struct cert_share *share;

    if (find_share(people, account_id, group_id, &share))
        share->is_notified = true;
    else if (account_id != people->owner_id && account_id != people->assignee_id)
        json_in_complain(r->in, "users", "only those it is shared with can be notified");
}

bool cert_new_read_rights(struct api_call *call, struct json_in *in,
    struct cert_people_edit *people, struct err *err)
{
    struct json_in rights;
    struct reading reading = { &rights, people };

    if (json_in_object_opt(in, "use_key", &rights)) {
        for (size_t i = 0; i < people->n_shares; i++)
            people->shares[i].may_use_key = false;
        if (!api_each_name(call, &rights, "use_key", SHARES_MAX, let_use_key, &reading, err))
            return false;
        json_in_leave(&rights);
    }
    if (json_in_object_opt(in, "notify", &rights)) {
        for (size_t i = 0; i < people->n_shares; i++)
            people->shares[i].is_notified = false;
        if (!api_each_name(call, &rights, "notify", SHARES_MAX, let_know, &reading, err))
            return false;
        json_in_leave(&rights);
    }
    return true;
}

static bool may_use_key(const struct access_row *row)
{
    return row->may_use_key;
}

static bool had_key(const struct access_rows *rows, const struct cert_share *share)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct access_row *row = &rows->items[i];

        if (row->account_id == share->account_id && row->group_id == share->group_id &&
            may_use_key(row))
            return true;
    }
    return false;
}

/* Nobody gives away a right to the key that they have not got themselves. */
static bool check_grants(struct api_call *call, int64_t id, const struct cert_people_edit *people,
    unsigned relations, struct err *err)
{
    autodone(access_rows) struct access_rows rows = { 0 };

    if (permission_allows(&call->who, ACTION_USE_KEY, relations))
        return true;
    if (!store_cert_people(call->tx, id, &rows, err))
        return false;
    for (size_t i = 0; i < people->n_shares; i++) {
        if (people->shares[i].may_use_key && !had_key(&rows, &people->shares[i]))
            return fail(err, ERR_DENIED, "only who may use the key can let others use it");
    }
    return true;
}

bool cert_new_save_people(struct api_call *call, int64_t id, const struct cert_people_edit *people,
    struct err *err)
{
    struct cert_people all = { .owner_id = people->owner_id,
        .assignee_id = people->assignee_id,
        .shares = people->shares,
        .n_shares = people->n_shares };
    unsigned relations;

    if (!people->has_owner && !people->has_assignee && !people->has_shares)
        return true;
    if (!cert_json_relations(call, id, &relations, err))
        return false;
    if (people->has_owner && !permission_allows(&call->who, ACTION_CHANGE_OWNER, relations))
        return fail(err, ERR_DENIED, "only the owner and admins may change the owner");
    if (!permission_allows(&call->who, ACTION_SHARE, relations))
        return fail(err, ERR_DENIED, "you may not share this certificate");
    return check_grants(call, id, people, relations, err) &&
           store_cert_set_people(call->tx, id, &all, people->row_version, call->now, err);
}

static void write_names(struct json_out *out, const struct access_rows *rows, const char *key,
    bool (*wanted)(const struct access_row *row))
{
    json_begin_object(out, key);
    json_begin_array(out, "users");
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i].account && wanted(&rows->items[i]))
            json_str(out, NULL, rows->items[i].account);
    json_end(out);
    json_begin_array(out, "groups");
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i].group && wanted(&rows->items[i]))
            json_str(out, NULL, rows->items[i].group);
    json_end(out);
    json_end(out);
}

static bool is_share(const struct access_row *row)
{
    return row->relation == RELATION_SHARED_USER || row->relation == RELATION_SHARED_GROUP;
}

static bool is_notified(const struct access_row *row)
{
    return row->is_notified;
}

static const char *name_of(const struct access_rows *rows, unsigned relation)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i].relation == relation)
            return rows->items[i].account;
    return NULL;
}

static void write_people(struct json_out *out, const struct access_rows *rows)
{
    json_str(out, "owner", name_of(rows, RELATION_OWNER));
    json_str(out, "assignee", name_of(rows, RELATION_ASSIGNEE));
    write_names(out, rows, "share", is_share);
    write_names(out, rows, "use_key", may_use_key);
    write_names(out, rows, "notify", is_notified);
}

static bool write_access(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    autodone(access_rows) struct access_rows rows = { 0 };

    if (!store_cert_get(call->tx, &viewer, id, &cert, err) ||
        !store_cert_people(call->tx, id, &rows, err))
        return false;
    write_people(&call->reply, &rows);
    page_write_etag(&call->reply, cert->row_version);
    call->etag = cert->row_version;
    return cert_json_write_may(call, id, err);
}

/* Everybody around the record, as the audit log keeps it. */
static bool snapshot(struct api_call *call, int64_t id, struct buf *ret, struct err *err)
{
    autodone(access_rows) struct access_rows rows = { 0 };
    struct json_out out;

    if (!store_cert_people(call->tx, id, &rows, err))
        return false;
    json_out_init(&out, ret);
    json_begin_object(&out, NULL);
    write_people(&out, &rows);
    json_end(&out);
    return true;
}

static bool access_get(struct api_call *call, struct err *err)
{
    return cert_require(call, call->path_id, ACTION_SEE, NULL, err) &&
           write_access(call, call->path_id, err);
}

static bool save_access(struct api_call *call, const struct cert_row *before,
    const struct cert_people_edit *people, struct err *err)
{
    autodone(buf) struct buf was = BUF_INIT(JSON_MAX_BYTES);
    autodone(buf) struct buf is = BUF_INIT(JSON_MAX_BYTES);

    if (!snapshot(call, before->id, &was, err))
        return false;
    if (!cert_new_save_people(call, before->id, people, err))
        return api_stale(call, err);
    return snapshot(call, before->id, &is, err) &&
           api_audit(call, "certificate.access", before->id, before->name, buf_text(&was),
               buf_text(&is), err);
}

static bool access_put(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *before = NULL;
    struct cert_people_edit people;
    struct json_in in;
    bool sees = false;

    if (!cert_require(call, call->path_id, ACTION_SHARE, &before, err) ||
        !page_check_match(call, before->row_version, "certificate", err))
        return false;
    api_body(call, &in);
    if (!cert_new_read_people(call, &in, before, &people, err) ||
        !cert_new_read_rights(call, &in, &people, err) || !json_in_end(&in, err))
        return false;
    people.has_shares = true;
    people.row_version = before->row_version;
    if (!save_access(call, before, &people, err) || !cert_sees(call, before->id, &sees, err))
        return false;
    if (sees)
        return write_access(call, before->id, err);
    call->status = 204;
    return true;
}

bool groups_write_names(struct api_call *call, const char *q, struct err *err)
{
    autodone(group_rows) struct group_rows rows = { 0 };

    if (!store_group_list(call->tx, q, call->who.account_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "groups");
    for (size_t i = 0; i < rows.n; i++)
        json_str(&call->reply, NULL, rows.items[i].name);
    json_end(&call->reply);
    return true;
}

const struct api_route access_routes[] = {
    { "GET", "/certificates/{id}/access", ROLE_USER, API_READS, access_get, 0 },
    { "PUT", "/certificates/{id}/access", ROLE_USER, API_WRITES, access_put, 0 },
    { 0 },
};
