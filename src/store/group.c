/* store/group: see the header. */
#include "store/group.h"

#include "base/err.h"
#include "db/db.h"

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
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    if (id == 0)
        return fail(err, ERR_CONFLICT, "there is a group \"%s\" already", name);
    *ret_id = id;
    return true;
}

bool store_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM user_group WHERE name = $1");
    int64_t id = 0;

    stmt_bind_text(q, 1, name);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

bool store_group_add_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO group_member(group_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");

    stmt_bind_i64(q, 1, group_id);
    stmt_bind_i64(q, 2, account_id);
    return stmt_run(q, err);
}

bool store_group_remove_member(struct tx *tx, int64_t group_id, int64_t account_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM group_member WHERE group_id = $1 AND account_id = $2");

    stmt_bind_i64(q, 1, group_id);
    stmt_bind_i64(q, 2, account_id);
    return stmt_run(q, err);
}

bool store_groups(struct tx *tx, group_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id, name FROM user_group ORDER BY name");

    while (stmt_next(q))
        visit(context, stmt_i64(q, 0), stmt_text(q, 1));
    return stmt_end(q, err);
}
