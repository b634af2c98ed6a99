/* store/record_version: see the header. */
#include "store/record_version.h"

#include "base/err.h"
#include "store/read.h"
#include "store/version_read.h"

#define COLUMNS                                                                                    \
    "r.id, r.certificate_id, r.version_id, r.slot, r.role, r.origin, r.ca_certificate_id,"         \
    " r.chain_id, r.chain_status, r.path_expires_at, r.since_at, r.created_at,"                    \
    " r.sealed_key_id, " VERSION_COLUMNS
#define N_COLUMNS 13

static void read_row(struct stmt *q, struct record_version_row *row)
{
    row->id = stmt_i64(q, 0);
    row->certificate_id = stmt_i64(q, 1);
    row->version_id = stmt_i64(q, 2);
    row->slot = read_text(q, 3);
    if (!version_role_from_name(stmt_text(q, 4), &row->role))
        row->role = VERSION_SUPERSEDED;
    if (!version_origin_from_name(stmt_text(q, 5), &row->origin))
        row->origin = VERSION_SEEN;
    row->ca_certificate_id = read_text_or_null(q, 6);
    row->chain_id = stmt_i64(q, 7);
    row->chain_status = read_text(q, 8);
    row->path_expires_at = stmt_i64(q, 9);
    row->since_at = stmt_i64(q, 10);
    row->created_at = stmt_i64(q, 11);
    row->sealed_key_id = stmt_i64(q, 12);
    row->version = xcalloc(1, sizeof *row->version);
    version_read(q, N_COLUMNS, row->version);
}

DEFINE_READ_ONE(record_version, read_row);

/* The unique index allows one current version in a slot: the old one steps back first. */
static bool supersede(struct tx *tx, int64_t certificate_id, const char *slot, int64_t but_version,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE record_version SET role = 'superseded', since_at = $4"
        " WHERE certificate_id = $1 AND slot = $2 AND role = 'current' AND version_id <> $3");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_text(q, 2, slot);
    stmt_bind_i64(q, 3, but_version);
    stmt_bind_i64(q, 4, now);
    return stmt_run(q, err);
}

bool store_record_version_keep(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE certificate SET (record_version_id, ca_certificate_id, chain_status, sealed_key_id) ="
        " (SELECT r.id, r.ca_certificate_id, r.chain_status, r.sealed_key_id"
        "    FROM record_version r WHERE r.certificate_id = certificate.id"
        "     AND r.version_id = certificate.version_id) WHERE id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err);
}

bool store_record_version_put(struct tx *tx, const struct record_version_new *version, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (version->role == VERSION_CURRENT &&
        !supersede(tx, version->certificate_id, version->slot, version->version_id, now, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO record_version(certificate_id, version_id, slot, role, origin,"
        " ca_certificate_id, chain_id, chain_status, path_expires_at, since_at, created_at,"
        " sealed_key_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)"
        " ON CONFLICT (certificate_id, version_id) DO UPDATE SET"
        "  since_at = CASE WHEN record_version.role = excluded.role THEN record_version.since_at"
        "             ELSE excluded.since_at END,"
        "  role = excluded.role,"
        "  ca_certificate_id ="
        "      COALESCE(excluded.ca_certificate_id, record_version.ca_certificate_id),"
        "  chain_id = excluded.chain_id, chain_status = excluded.chain_status,"
        "  path_expires_at = excluded.path_expires_at,"
        "  sealed_key_id = COALESCE(excluded.sealed_key_id, record_version.sealed_key_id)"
        " RETURNING id");
    stmt_bind_i64(q, 1, version->certificate_id);
    stmt_bind_i64(q, 2, version->version_id);
    stmt_bind_text(q, 3, version->slot);
    stmt_bind_text(q, 4, version_role_name(version->role));
    stmt_bind_text(q, 5, version_origin_name(version->origin));
    bind_text_or_null(q, 6, version->ca_certificate_id);
    bind_or_null(q, 7, version->chain_id);
    stmt_bind_text(q, 8, version->chain_status);
    stmt_bind_i64(q, 9, version->path_expires_at);
    stmt_bind_i64(q, 10, now);
    bind_or_null(q, 11, version->sealed_key_id);
    return read_number(q, ret_id, err) &&
           store_record_version_keep(tx, version->certificate_id, err);
}

static bool get_by_id(struct tx *tx, int64_t id, struct record_version_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS
        "  FROM record_version r JOIN version v ON v.id = r.version_id WHERE r.id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q) && !row->id)
        read_row(q, row);
    if (!stmt_end(q, err))
        return false;
    if (!row->id)
        return fail(err, ERR_NOT_FOUND, "there is no C-%" PRId64, id);
    return true;
}

bool store_record_version_set_role(struct tx *tx, int64_t id, enum version_role role, int64_t now,
    struct err *err)
{
    autodone(record_version_row) struct record_version_row row = { 0 };
    autofree(stmt) struct stmt *q = NULL;

    if (!get_by_id(tx, id, &row, err))
        return false;
    if (row.role == role)
        return true;
    if (role == VERSION_CURRENT &&
        !supersede(tx, row.certificate_id, row.slot, row.version_id, now, err))
        return false;
    q = tx_prepare(tx, "UPDATE record_version SET role = $2, since_at = $3 WHERE id = $1");
    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, version_role_name(role));
    stmt_bind_i64(q, 3, now);
    return stmt_run(q, err);
}

bool store_record_versions(struct tx *tx, int64_t certificate_id, struct record_version_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS "  FROM record_version r JOIN version v ON v.id = r.version_id"
        " WHERE r.certificate_id = $1"
        " ORDER BY CASE WHEN r.role = 'current' THEN 0 ELSE 1 END, r.since_at DESC, r.id DESC");

    stmt_bind_i64(q, 1, certificate_id);
    while (stmt_next(q))
        read_row(q, record_version_rows_add(rows));
    return stmt_end(q, err);
}

bool store_record_version_find(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct record_version_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS "  FROM record_version r JOIN version v ON v.id = r.version_id"
        " WHERE r.certificate_id = $1 AND r.version_id = $2");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, version_id);
    return read_one(q, ret, err);
}

bool store_version_records(struct tx *tx, int64_t version_id, struct id_list *certificate_ids,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT certificate_id FROM record_version WHERE version_id = $1 ORDER BY certificate_id");

    stmt_bind_i64(q, 1, version_id);
    while (stmt_next(q))
        id_list_add(certificate_ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}
