/* store/ca: see the header. */
#include "store/ca.h"

#include "base/err.h"
#include "store/read.h"

#define FROM_CA                                                                                    \
    "SELECT c.id, c.name, c.description, c.type, c.settings, c.secret_id, c.is_staging,"           \
    " c.is_disabled, (SELECT count(*) FROM profile p WHERE p.ca_id = c.id), c.created_at,"         \
    " c.updated_at, c.row_version FROM ca c"

static void read_row(struct stmt *q, struct ca_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->type = read_text(q, 3);
    row->settings = read_text(q, 4);
    row->secret_id = stmt_i64(q, 5);
    row->is_staging = stmt_bool(q, 6);
    row->is_disabled = stmt_bool(q, 7);
    row->n_profiles = stmt_i64(q, 8);
    row->created_at = stmt_i64(q, 9);
    row->updated_at = stmt_i64(q, 10);
    row->row_version = stmt_i64(q, 11);
}

bool store_cas(struct tx *tx, struct ca_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_CA " ORDER BY c.name");

    while (stmt_next(q))
        read_row(q, ca_rows_add(rows));
    return stmt_end(q, err);
}

DEFINE_READ_ONE(ca, read_row);

bool store_ca_get(struct tx *tx, int64_t id, struct ca_row **ret, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_CA " WHERE c.id = $1");

    stmt_bind_i64(q, 1, id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no certificate authority %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_ca_find(struct tx *tx, const char *name, struct ca_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_CA " WHERE c.name = $1");

    stmt_bind_text(q, 1, name);
    return read_one(q, ret, err);
}

bool store_ca_add(struct tx *tx, const struct ca_row *row, int64_t now, int64_t *ret_id,
    struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ca(name, description, type, settings, secret_id, is_staging, created_at,"
        "  updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");

    stmt_bind_text(q, 1, row->name);
    stmt_bind_text(q, 2, row->description);
    stmt_bind_text(q, 3, row->type);
    stmt_bind_text(q, 4, row->settings ? row->settings : "{}");
    bind_or_null(q, 5, row->secret_id);
    stmt_bind_bool(q, 6, row->is_staging);
    stmt_bind_i64(q, 7, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "there is a certificate authority \"%s\" already",
            row->name);
    *ret_id = id;
    return true;
}

bool store_ca_save(struct tx *tx, struct ca_row *row, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE ca SET description = $3, settings = $4, is_staging = $5,"
                       "  is_disabled = $6, updated_at = $7, row_version = row_version + 1"
                       " WHERE id = $1 AND row_version = $2");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->description);
    stmt_bind_text(q, 4, row->settings);
    stmt_bind_bool(q, 5, row->is_staging);
    stmt_bind_bool(q, 6, row->is_disabled);
    stmt_bind_i64(q, 7, now);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "certificate authority");
    row->row_version++;
    return true;
}

bool store_ca_delete(struct tx *tx, const struct ca_row *row, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *used =
        tx_prepare(tx, "SELECT 1 WHERE EXISTS (SELECT 1 FROM ca_certificate WHERE ca_id = $1)"
                       " OR EXISTS (SELECT 1 FROM ca_order WHERE ca_id = $1)");
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM ca WHERE id = $1");

    if (row->n_profiles)
        return fail(err, ERR_CONFLICT,
            "%" PRId64 " profiles use the certificate authority; give them another one first",
            row->n_profiles);
    stmt_bind_i64(used, 1, row->id);
    if (!read_number(used, &n, err))
        return false;
    if (n)
        return fail(err, ERR_CONFLICT,
            "the certificate authority has issued certificates, and must go on telling of them; "
            "disable it instead");
    stmt_bind_i64(q, 1, row->id);
    return stmt_run(q, err);
}
