/* store/resource: see the header. */
#include "store/resource.h"

#include "base/err.h"
#include "store/cert_use.h"
#include "store/endpoint.h"
#include "store/read.h"
#include "store/select.h"

/* The viewer is $1 and $2. */
#define FROM_RESOURCE                                                                              \
    "SELECT r.id, r.name, r.description, r.type, r.settings, r.proof_rounds, r.proof_seconds,"     \
    " r.created_at, r.row_version,"                                                                \
    " (SELECT count(*) FROM association s WHERE s.resource_id = r.id AND " VISIBLE(                \
        "s.certificate_id", "$1", "$2") ") FROM resource r"

static void read_row(struct stmt *q, struct resource_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->type = read_text(q, 3);
    row->settings = read_text(q, 4);
    row->proof_rounds = stmt_i64(q, 5);
    row->proof_seconds = stmt_i64(q, 6);
    row->created_at = stmt_i64(q, 7);
    row->row_version = stmt_i64(q, 8);
    row->n_associations = stmt_i64(q, 9);
}

DEFINE_READ_ONE(resource, read_row);

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
    if (!read_one(q, &row, err))
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

bool store_resource_add(struct tx *tx, const struct resource_row *row, int64_t now, int64_t *ret_id,
    struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO resource(name, description, type, settings, proof_rounds, proof_seconds,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");

    stmt_bind_text(q, 1, row->name);
    stmt_bind_text(q, 2, row->description);
    stmt_bind_text(q, 3, row->type);
    stmt_bind_text(q, 4, row->settings);
    stmt_bind_i64(q, 5, row->proof_rounds);
    stmt_bind_i64(q, 6, row->proof_seconds);
    stmt_bind_i64(q, 7, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "there is a resource \"%s\" already", row->name);
    *ret_id = id;
    return true;
}

bool store_resource_save(struct tx *tx, struct resource_row *row, struct err *err)
{
    int64_t other = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE resource SET name = $3, description = $4, settings = $5,"
                       " proof_rounds = $6, proof_seconds = $7, row_version = row_version + 1"
                       " WHERE id = $1 AND row_version = $2");

    if (!store_resource_find(tx, row->name, &other, err))
        return false;
    if (other && other != row->id)
        return fail(err, ERR_CONFLICT, "there is a resource \"%s\" already", row->name);
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->name);
    stmt_bind_text(q, 4, row->description);
    stmt_bind_text(q, 5, row->settings);
    stmt_bind_i64(q, 6, row->proof_rounds);
    stmt_bind_i64(q, 7, row->proof_seconds);
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

/* What came under watch because of it is watched no longer; that also removes the notes of it. */
static bool unwatch(struct tx *tx, const struct association_row *row, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT w.endpoint_id FROM association_endpoint w"
        "  JOIN certificate_endpoint l ON l.endpoint_id = w.endpoint_id AND l.certificate_id = $2"
        " WHERE w.association_id = $1 AND NOT EXISTS (SELECT 1 FROM association_endpoint o"
        "   JOIN association s ON s.id = o.association_id AND s.certificate_id = $2"
        "  WHERE o.endpoint_id = w.endpoint_id AND o.association_id <> $1)");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->certificate_id);
    while (stmt_next(q))
        id_list_add(&ids, stmt_i64(q, 0));
    if (!stmt_end(q, err))
        return false;
    for (size_t i = 0; i < ids.n; i++)
        if (!store_endpoint_detach(tx, row->certificate_id, ids.items[i], err))
            return false;
    return true;
}

bool store_association_delete(struct tx *tx, const struct association_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM association WHERE id = $1");

    if (!unwatch(tx, row, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    return stmt_run(q, err) && store_cert_use_changed(tx, row->certificate_id, err);
}

bool store_association_watch(struct tx *tx, const struct association_row *row, int64_t endpoint_id,
    bool was_watched, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO association_endpoint(association_id, endpoint_id)"
                       " SELECT s.id, CAST($2 AS BIGINT) FROM association s WHERE s.id = $1"
                       " AND ($3 = FALSE OR EXISTS (SELECT 1 FROM association_endpoint o"
                       "   JOIN association x ON x.id = o.association_id"
                       "  WHERE o.endpoint_id = $2 AND x.certificate_id = s.certificate_id))"
                       " ON CONFLICT DO NOTHING");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, endpoint_id);
    stmt_bind_bool(q, 3, was_watched);
    return stmt_run(q, err);
}

bool store_resource_endpoints(struct tx *tx, int64_t id, const char *slot,
    struct resource_endpoint_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT slot, host, port, sni, protocol FROM resource_endpoint WHERE resource_id = $1"
        " AND (CAST($2 AS TEXT) IS NULL OR slot = '' OR slot = $2) ORDER BY position");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, slot);
    while (stmt_next(q)) {
        struct resource_endpoint_row *row = resource_endpoint_rows_add(rows);

        row->slot = read_text(q, 0);
        row->host = read_text(q, 1);
        row->port = stmt_i64(q, 2);
        row->sni = read_text(q, 3);
        row->protocol = read_text(q, 4);
    }
    return stmt_end(q, err);
}

bool store_resource_set_endpoints(struct tx *tx, int64_t id,
    const struct resource_endpoint_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *old =
        tx_prepare(tx, "DELETE FROM resource_endpoint WHERE resource_id = $1");

    stmt_bind_i64(old, 1, id);
    if (!stmt_run(old, err))
        return false;
    for (size_t i = 0; i < rows->n; i++) {
        autofree(stmt) struct stmt *q = tx_prepare(tx,
            "INSERT INTO resource_endpoint(resource_id, position, slot, host, port, sni, protocol)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)");

        stmt_bind_i64(q, 1, id);
        stmt_bind_i64(q, 2, (int64_t)i);
        stmt_bind_text(q, 3, rows->items[i].slot);
        stmt_bind_text(q, 4, rows->items[i].host);
        stmt_bind_i64(q, 5, rows->items[i].port);
        stmt_bind_text(q, 6, rows->items[i].sni);
        stmt_bind_text(q, 7, rows->items[i].protocol);
        if (!stmt_run(q, err))
            return false;
    }
    return true;
}

bool store_resource_users(struct tx *tx, int64_t id, struct resource_user_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT u.account_id, u.group_id, COALESCE(a.name, g.name) FROM resource_user u"
        "  LEFT JOIN account a ON a.id = u.account_id LEFT JOIN user_group g ON g.id = u.group_id"
        " WHERE u.resource_id = $1 ORDER BY 3");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        struct resource_user_row *row = resource_user_rows_add(rows);

        row->account_id = stmt_i64(q, 0);
        row->group_id = stmt_i64(q, 1);
        row->name = read_text(q, 2);
    }
    return stmt_end(q, err);
}

bool store_resource_set_users(struct tx *tx, int64_t id, const struct resource_user_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *old =
        tx_prepare(tx, "DELETE FROM resource_user WHERE resource_id = $1");

    stmt_bind_i64(old, 1, id);
    if (!stmt_run(old, err))
        return false;
    for (size_t i = 0; i < rows->n; i++) {
        autofree(stmt) struct stmt *q =
            tx_prepare(tx, "INSERT INTO resource_user(resource_id, account_id, group_id)"
                           " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");

        stmt_bind_i64(q, 1, id);
        bind_or_null(q, 2, rows->items[i].account_id);
        bind_or_null(q, 3, rows->items[i].group_id);
        if (!stmt_run(q, err))
            return false;
    }
    return true;
}

bool store_resource_is_user(struct tx *tx, int64_t id, int64_t account_id, bool *ret,
    struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM resource_user u WHERE u.resource_id = $1 AND (u.account_id = $2"
        " OR u.group_id IN (SELECT m.group_id FROM group_member m WHERE m.account_id = $2))");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, account_id);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > 0;
    return true;
}
