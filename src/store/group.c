/* store/group: see the header. */
#include "store/group.h"

#include "base/err.h"
#include "store/read.h"
#include "store/select.h"

bool store_group_add(struct tx *tx, const char *name, const char *description, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO user_group(name, description, created_at) VALUES ($1, $2, $3)"
                       " ON CONFLICT (name) DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, description);
    stmt_bind_i64(q, 3, now);
    if (!read_number(q, &id, err))
        return false;
    if (id == 0)
        return fail(err, ERR_CONFLICT, "there is a group \"%s\" already", name);
    *ret_id = id;
    return true;
}

bool store_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM user_group WHERE name = $1");

    stmt_bind_text(q, 1, name);
    return read_number(q, ret_id, err);
}

#define FROM_GROUP                                                                                 \
    "SELECT g.id, g.name, g.description,"                                                          \
    " (SELECT count(*) FROM group_member m WHERE m.group_id = g.id),"                              \
    " (SELECT count(*) FROM group_member m WHERE m.group_id = g.id AND m.account_id = "

static void read_row(struct stmt *q, struct group_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->n_members = stmt_i64(q, 3);
    row->is_mine = stmt_i64(q, 4) != 0;
    row->created_at = stmt_i64(q, 5);
    row->row_version = stmt_i64(q, 6);
}

DEFINE_READ_ONE(group, read_row);

bool store_group_list(struct tx *tx, const char *q, int64_t account_id, struct group_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *stmt = NULL;

    select_add(&select, FROM_GROUP);
    select_i64(&select, account_id);
    select_add(&select, "), g.created_at, g.row_version FROM user_group g");
    if (q) {
        select_add(&select, " WHERE lower(g.name)");
        select_contains(&select, q);
    }
    select_add(&select, " ORDER BY g.name");
    stmt = select_prepare(tx, &select);
    while (stmt_next(stmt))
        read_row(stmt, group_rows_add(rows));
    return stmt_end(stmt, err);
}

bool store_group_get(struct tx *tx, const char *name, int64_t account_id, struct group_row **ret,
    struct err *err)
{
    autofree(group_row) struct group_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        FROM_GROUP "$2), g.created_at, g.row_version FROM user_group g WHERE g.name = $1");

    stmt_bind_text(q, 1, name);
    stmt_bind_i64(q, 2, account_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no group \"%s\"", name);
    *ret = take(&row);
    return true;
}

/* Somebody else must not have the name; the database would end the transaction over it. */
static bool check_name_free(struct tx *tx, const struct group_row *row, struct err *err)
{
    int64_t other = 0;

    if (!store_group_find(tx, row->name, &other, err))
        return false;
    return !other || other == row->id ||
           fail(err, ERR_CONFLICT, "there is a group \"%s\" already", row->name);
}

bool store_group_save(struct tx *tx, struct group_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE user_group SET name = $3, description = $4,"
                       " row_version = row_version + 1 WHERE id = $1 AND row_version = $2");

    if (!check_name_free(tx, row, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->name);
    stmt_bind_text(q, 4, row->description);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "group");
    row->row_version++;
    return true;
}

/* Without its approvers a profile could be used by everybody who asks. */
static bool check_no_approver(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT name FROM profile WHERE approver_group_id = $1 ORDER BY name_lower LIMIT 1");
    autofree(str) char *profile = NULL;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        profile = read_text(q, 0);
    if (!stmt_end(q, err))
        return false;
    return !profile ||
           fail(err, ERR_CONFLICT, "the group approves requests for the profile \"%s\"", profile);
}

bool store_group_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM user_group WHERE id = $1");

    if (!check_no_approver(tx, id, err))
        return false;
    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_group_count_records(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM certificate_access WHERE group_id = $1");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

bool store_group_add_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO group_member(group_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");

    stmt_bind_i64(q, 1, group_id);
    stmt_bind_i64(q, 2, account_id);
    return stmt_run(q, err);
}

bool store_group_set_members(struct tx *tx, struct group_row *row, const struct id_list *accounts,
    struct err *err)
{
    autofree(stmt) struct stmt *forget =
        tx_prepare(tx, "DELETE FROM group_member WHERE group_id = $1");

    if (!store_group_save(tx, row, err))
        return false;
    stmt_bind_i64(forget, 1, row->id);
    if (!stmt_run(forget, err))
        return false;
    for (size_t i = 0; i < accounts->n; i++) {
        if (!store_group_add_member(tx, row->id, accounts->items[i], err))
            return false;
    }
    return true;
}

bool store_group_members(struct tx *tx, int64_t group_id, group_visit visit, void *context,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT a.id, a.name FROM group_member m JOIN account a ON a.id = m.account_id"
        " WHERE m.group_id = $1 ORDER BY a.name");

    stmt_bind_i64(q, 1, group_id);
    while (stmt_next(q))
        visit(context, stmt_i64(q, 0), stmt_text(q, 1));
    return stmt_end(q, err);
}
