/*
 * api/groups: groups of users, which records are shared with. Everybody sees their names; admins
 * make them, and say who is in them.
 */
#include <string.h>

#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/group.h"

#define MEMBERS_MAX 1000

static void write_member(void *context, int64_t id, const char *name)
{
    (void)id;
    json_str(context, NULL, name);
}

/* Who is in a group is for those in it, and for admins and auditors. */
static bool write_members(struct api_call *call, struct json_out *out, const struct group_row *row,
    struct err *err)
{
    if (!row->is_mine && !permission_sees_all(&call->who)) {
        json_put_null(out, "members");
        return true;
    }
    json_begin_array(out, "members");
    if (!store_group_members(call->tx, row->id, write_member, out, err))
        return false;
    json_end(out);
    return true;
}

static bool write_group(struct api_call *call, struct json_out *out, const struct group_row *row,
    struct err *err)
{
    json_str(out, "name", row->name);
    json_str(out, "description", row->description);
    json_i64(out, "n_members", row->n_members);
    json_bool(out, "mine", row->is_mine);
    page_write_etag(out, row->row_version);
    return write_members(call, out, row, err);
}

static bool groups_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(group_rows) struct group_rows rows = { 0 };
    const char *q = query_text(query, "q", 200);

    if (!query_end(query, err) || !store_group_list(call->tx, q, call->who.account_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!write_group(call, &call->reply, &rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool find(struct api_call *call, struct group_row **ret, struct err *err)
{
    return store_group_get(call->tx, call->path_text, call->who.account_id, ret, err);
}

static bool answer_with(struct api_call *call, const char *name, struct err *err)
{
    autofree(group_row) struct group_row *row = NULL;

    if (!store_group_get(call->tx, name, call->who.account_id, &row, err))
        return false;
    call->etag = row->row_version;
    return write_group(call, &call->reply, row, err);
}

static bool snapshot(struct api_call *call, const struct group_row *row, struct buf *ret,
    struct err *err)
{
    struct json_out out;

    json_out_init(&out, ret);
    json_begin_object(&out, NULL);
    if (!write_group(call, &out, row, err))
        return false;
    json_end(&out);
    return true;
}

/* The audit entry with the group as it is, members and all. */
static bool note(struct api_call *call, const char *action, const struct group_row *row,
    const struct buf *before, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(API_REPLY_MAX);

    return snapshot(call, row, &after, err) &&
           api_audit(call, action, row->id, row->name, before ? buf_text(before) : NULL,
               buf_text(&after), err);
}

/* The accounts that "users" names. */
static bool read_members(struct api_call *call, struct json_in *in, struct id_list *ret,
    struct err *err)
{
    size_t n = json_in_array_opt(in, "users", MEMBERS_MAX);

    for (size_t i = 0; i < n; i++) {
        int64_t id = 0;

        if (!api_find_account(call, "users", json_in_item_text(in, "users", i, 1, 64), &id, err))
            return false;
        id_list_add(ret, id);
    }
    return true;
}

static const char *read_name(struct json_in *in, const char *otherwise)
{
    const char *name = json_in_text_opt(in, "name", 1, GROUP_NAME_MAX, otherwise);

    if (!name)
        return json_in_text(in, "name", 1, GROUP_NAME_MAX);
    if (span_trim(span_text(name)).size != strlen(name))
        json_in_complain(in, "name", "no blanks at the beginning or end");
    if (strchr(name, ';'))
        json_in_complain(in, "name", "no semicolon: tables list groups with it");
    return name;
}

static bool groups_create(struct api_call *call, struct err *err)
{
    autodone(id_list) struct id_list members = { 0 };
    autofree(group_row) struct group_row *row = NULL;
    struct json_in in;
    int64_t id;

    api_body(call, &in);
    const char *name = read_name(&in, NULL);
    const char *description = json_in_text_opt(&in, "description", 0, 1000, "");

    if (!read_members(call, &in, &members, err) || !json_in_end(&in, err) ||
        !store_group_add(call->tx, name, description, call->now, &id, err))
        return false;
    for (size_t i = 0; i < members.n; i++) {
        if (!store_group_add_member(call->tx, id, members.items[i], err))
            return false;
    }
    call->status = 201;
    return store_group_get(call->tx, name, call->who.account_id, &row, err) &&
           note(call, "group.create", row, NULL, err) && answer_with(call, name, err);
}

static bool groups_get(struct api_call *call, struct err *err)
{
    return answer_with(call, call->path_text, err);
}

static bool groups_edit(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf before = BUF_INIT(API_REPLY_MAX);
    autofree(group_row) struct group_row *row = NULL;
    struct json_in in;

    if (!find(call, &row, err) || !page_check_match(call, row->row_version, "group", err) ||
        !snapshot(call, row, &before, err))
        return false;
    api_body(call, &in);
    str_set(&row->name, read_name(&in, row->name));
    str_set(&row->description, json_in_text_opt(&in, "description", 0, 1000, row->description));
    if (!json_in_end(&in, err))
        return false;
    if (!store_group_save(call->tx, row, err))
        return api_stale(call, err);
    return note(call, "group.edit", row, &before, err) && answer_with(call, row->name, err);
}

static bool groups_set_members(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf before = BUF_INIT(API_REPLY_MAX);
    autodone(id_list) struct id_list members = { 0 };
    autofree(group_row) struct group_row *row = NULL;
    autofree(group_row) struct group_row *after = NULL;
    struct json_in in;

    if (!find(call, &row, err) || !page_check_match(call, row->row_version, "group", err) ||
        !snapshot(call, row, &before, err))
        return false;
    api_body(call, &in);
    if (!json_in_has(&in, "users"))
        (void)json_in_array(&in, "users", MEMBERS_MAX);
    if (!read_members(call, &in, &members, err) || !json_in_end(&in, err))
        return false;
    if (!store_group_set_members(call->tx, row, &members, err))
        return api_stale(call, err);
    return find(call, &after, err) && note(call, "group.members", after, &before, err) &&
           answer_with(call, row->name, err);
}

/* Records that were shared with it lose this share, and no more: each has an owner, who is a
 * person. */
static bool groups_delete(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf before = BUF_INIT(API_REPLY_MAX);
    autofree(group_row) struct group_row *row = NULL;
    int64_t n = 0;

    if (!find(call, &row, err) || !page_check_match(call, row->row_version, "group", err) ||
        !snapshot(call, row, &before, err) ||
        !store_group_count_records(call->tx, row->id, &n, err) ||
        !store_group_delete(call->tx, row->id, err))
        return false;
    json_i64(&call->reply, "certificates", n);
    return api_audit(call, "group.delete", row->id, row->name, buf_text(&before), NULL, err);
}

const struct api_route group_routes[] = {
    { "GET", "/groups", ROLE_USER, API_READS, groups_list, 0 },
    { "POST", "/groups", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, groups_create, 0 },
    { "GET", "/groups/{name}", ROLE_USER, API_READS, groups_get, 0 },
    { "PATCH", "/groups/{name}", ROLE_ADMIN, API_WRITES, groups_edit, 0 },
    { "PUT", "/groups/{name}/members", ROLE_ADMIN, API_WRITES, groups_set_members, 0 },
    { "DELETE", "/groups/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, groups_delete, 0 },
    { 0 },
};
