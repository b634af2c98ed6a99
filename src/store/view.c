/* store/view: see the header. */
#include "store/view.h"

#include "base/err.h"
#include "store/read.h"

#define FROM_VIEW                                                                                  \
    "SELECT v.id, v.account_id, a.name, v.name, v.is_shared, v.query, v.columns, v.created_at,"    \
    " v.updated_at, v.row_version,"                                                                \
    " (SELECT count(*) FROM view_default d WHERE d.view_id = v.id AND d.account_id = $1)"          \
    "  FROM saved_view v JOIN account a ON a.id = v.account_id"                                    \
    " WHERE (v.account_id = $1 OR v.is_shared = TRUE)"

static void read_row(struct stmt *q, struct view_row *row)
{
    row->id = stmt_i64(q, 0);
    row->account_id = stmt_i64(q, 1);
    row->owner = read_text(q, 2);
    row->name = read_text(q, 3);
    row->is_shared = stmt_bool(q, 4);
    row->query = read_text(q, 5);
    row->columns = read_text(q, 6);
    row->created_at = stmt_i64(q, 7);
    row->updated_at = stmt_i64(q, 8);
    row->row_version = stmt_i64(q, 9);
    row->is_default = stmt_i64(q, 10) != 0;
}

DEFINE_READ_ONE(view, read_row);

bool store_views(struct tx *tx, int64_t account_id, struct view_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_VIEW " ORDER BY v.name, v.id");

    stmt_bind_i64(q, 1, account_id);
    while (stmt_next(q))
        read_row(q, view_rows_add(rows));
    return stmt_end(q, err);
}

bool store_view_get(struct tx *tx, int64_t id, int64_t account_id, struct view_row **ret,
    struct err *err)
{
    autofree(view_row) struct view_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_VIEW " AND v.id = $2");

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no view %" PRId64, id);
    *ret = take(&row);
    return true;
}

static bool check_name(struct tx *tx, const struct view_row *row, struct err *err)
{
    int64_t other = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM saved_view WHERE account_id = $1 AND name = $2");

    stmt_bind_i64(q, 1, row->account_id);
    stmt_bind_text(q, 2, row->name);
    if (!read_number(q, &other, err))
        return false;
    return !other || other == row->id ||
           fail(err, ERR_CONFLICT, "there is a view \"%s\" already", row->name);
}

static bool check_room(struct tx *tx, int64_t account_id, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM saved_view WHERE account_id = $1");

    stmt_bind_i64(q, 1, account_id);
    if (!read_number(q, &n, err))
        return false;
    return n < VIEWS_MAX || fail(err, ERR_LIMIT, "there are %d views already", VIEWS_MAX);
}

bool store_view_add(struct tx *tx, struct view_row *row, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO saved_view(account_id, name, is_shared, query, columns, created_at,"
        " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id");

    if (!check_name(tx, row, err) || !check_room(tx, row->account_id, err))
        return false;
    stmt_bind_i64(q, 1, row->account_id);
    stmt_bind_text(q, 2, row->name);
    stmt_bind_bool(q, 3, row->is_shared);
    stmt_bind_text(q, 4, row->query);
    stmt_bind_text(q, 5, row->columns);
    stmt_bind_i64(q, 6, now);
    if (!read_number(q, &row->id, err))
        return false;
    row->created_at = row->updated_at = now;
    row->row_version = 1;
    return true;
}

bool store_view_save(struct tx *tx, struct view_row *row, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE saved_view SET name = $3, is_shared = $4, query = $5, columns = $6,"
                       " updated_at = $7, row_version = row_version + 1"
                       " WHERE id = $1 AND row_version = $2");

    if (!check_name(tx, row, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->name);
    stmt_bind_bool(q, 4, row->is_shared);
    stmt_bind_text(q, 5, row->query);
    stmt_bind_text(q, 6, row->columns);
    stmt_bind_i64(q, 7, now);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "view");
    row->row_version++;
    row->updated_at = now;
    return true;
}

bool store_view_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM saved_view WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_view_set_default(struct tx *tx, int64_t account_id, int64_t view_id, struct err *err)
{
    autofree(stmt) struct stmt *forget =
        tx_prepare(tx, "DELETE FROM view_default WHERE account_id = $1");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO view_default(account_id, view_id) VALUES ($1, $2)");

    stmt_bind_i64(forget, 1, account_id);
    if (!stmt_run(forget, err))
        return false;
    if (!view_id)
        return true;
    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, view_id);
    return stmt_run(q, err);
}
