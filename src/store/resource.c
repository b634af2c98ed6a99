/* store/resource: see the header. */
#include "store/resource.h"

#include "base/err.h"
#include "store/cert_use.h"
#include "store/read.h"
#include "store/select.h"

/* The viewer is $1 and $2. */
#define FROM_RESOURCE                                                                              \
    "SELECT r.id, r.name, r.description, r.type, r.created_at, r.row_version,"                     \
    " (SELECT count(*) FROM association s WHERE s.resource_id = r.id AND " VISIBLE(                \
        "s.certificate_id", "$1", "$2") ") FROM resource r"

static void read_row(struct stmt *q, struct resource_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->type = read_text(q, 3);
    row->created_at = stmt_i64(q, 4);
    row->row_version = stmt_i64(q, 5);
    row->n_associations = stmt_i64(q, 6);
}

static void bind_viewer(struct stmt *q, const struct store_viewer *viewer)
{
    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
}

bool store_resources(struct tx *tx, const struct store_viewer *viewer,
    const struct resource_page_request *request, struct resource_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_RESOURCE
        " WHERE r.name > $3 AND (CAST($4 AS TEXT) = '' OR lower(r.name) LIKE $4 ESCAPE '\\')"
        " ORDER BY r.name LIMIT $5");
    autofree(str) char *pattern = request->q ? select_pattern(request->q) : xstrdup("");

    bind_viewer(q, viewer);
    stmt_bind_text(q, 3, request->after ? request->after : "");
    stmt_bind_text(q, 4, pattern);
    stmt_bind_i64(q, 5, request->limit);
    while (stmt_next(q))
        read_row(q, resource_rows_add(rows));
    return stmt_end(q, err);
}

bool store_resource_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct resource_row **ret, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_RESOURCE " WHERE r.id = $3");

    bind_viewer(q, viewer);
    stmt_bind_i64(q, 3, id);
    while (stmt_next(q)) {
        row = xcalloc(1, sizeof *row);
        read_row(q, row);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no resource %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_resource_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM resource WHERE name = $1");

    stmt_bind_text(q, 1, name);
    return read_number(q, ret_id, err);
}

bool store_resource_add(struct tx *tx, const char *name, const char *description, int64_t now,
    int64_t *ret_id, struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO resource(name, description, type, created_at) VALUES ($1, $2, 'manual', $3)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, description);
    stmt_bind_i64(q, 3, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "there is a resource \"%s\" already", name);
    *ret_id = id;
    return true;
}

bool store_resource_save(struct tx *tx, struct resource_row *row, struct err *err)
{
    int64_t other = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE resource SET name = $3, description = $4,"
                       " row_version = row_version + 1 WHERE id = $1 AND row_version = $2");

    if (!store_resource_find(tx, row->name, &other, err))
        return false;
    if (other && other != row->id)
        return fail(err, ERR_CONFLICT, "there is a resource \"%s\" already", row->name);
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->name);
    stmt_bind_text(q, 4, row->description);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "resource");
    row->row_version++;
    return true;
}

bool store_resource_delete(struct tx *tx, int64_t id, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *count =
        tx_prepare(tx, "SELECT count(*) FROM association WHERE resource_id = $1");
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM resource WHERE id = $1");

    stmt_bind_i64(count, 1, id);
    if (!read_number(count, &n, err))
        return false;
    if (n)
        return fail(err, ERR_CONFLICT,
            "%" PRId64 " certificates are associated with the resource; disassociate them first",
            n);
    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_resource_touch(struct tx *tx, int64_t id, int64_t row_version, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE resource SET row_version = row_version + 1"
                       " WHERE id = $1 AND row_version = $2");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, row_version);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail_stale(err, "resource");
}

bool store_associations(struct tx *tx, const struct store_viewer *viewer, int64_t resource_id,
    int64_t certificate_id, struct association_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT s.id, s.resource_id, r.name, r.type, s.slot, s.certificate_id, s.created_at,"
        " (SELECT 1 WHERE " VISIBLE("s.certificate_id", "$1",
            "$2") ")"
                  "  FROM association s JOIN resource r ON r.id = s.resource_id"
                  " WHERE (s.resource_id = $3 OR s.certificate_id = $4) ORDER BY r.name, s.slot");

    bind_viewer(q, viewer);
    stmt_bind_i64(q, 3, resource_id);
    stmt_bind_i64(q, 4, certificate_id);
    while (stmt_next(q)) {
        struct association_row *row = association_rows_add(rows);

        row->id = stmt_i64(q, 0);
        row->resource_id = stmt_i64(q, 1);
        row->resource = read_text(q, 2);
        row->resource_type = read_text(q, 3);
        row->slot = read_text(q, 4);
        row->certificate_id = stmt_i64(q, 5);
        row->created_at = stmt_i64(q, 6);
        row->is_visible = stmt_i64(q, 7) != 0;
    }
    return stmt_end(q, err);
}

bool store_association_add(struct tx *tx, int64_t resource_id, const char *slot,
    int64_t certificate_id, int64_t now, int64_t *ret_id, struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO association(resource_id, slot, certificate_id, created_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (resource_id, slot) DO NOTHING RETURNING id");

    stmt_bind_i64(q, 1, resource_id);
    stmt_bind_text(q, 2, slot);
    stmt_bind_i64(q, 3, certificate_id);
    stmt_bind_i64(q, 4, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "the place \"%s\" is taken", slot);
    *ret_id = id;
    return store_cert_use_changed(tx, certificate_id, err);
}

bool store_association_delete(struct tx *tx, const struct association_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM association WHERE id = $1");

    stmt_bind_i64(q, 1, row->id);
    return stmt_run(q, err) && store_cert_use_changed(tx, row->certificate_id, err);
}
