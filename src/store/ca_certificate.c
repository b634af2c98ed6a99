/* store/ca_certificate: see the header. */
#include "store/ca_certificate.h"

#include "base/err.h"
#include "store/read.h"

#define COLUMNS                                                                                    \
    "c.id, c.ca_id, c.serial, c.number, c.version_id, c.order_id, c.not_after, c.issued_at,"       \
    " c.revoked_at, c.revocation_reason"
#define N_COLUMNS 10

static void read_row(struct stmt *q, struct ca_certificate_row *row)
{
    row->id = stmt_i64(q, 0);
    row->ca_id = stmt_i64(q, 1);
    row->serial = read_text(q, 2);
    row->number = read_text(q, 3);
    row->version_id = stmt_i64(q, 4);
    row->order_id = stmt_i64(q, 5);
    row->not_after = stmt_i64(q, 6);
    row->issued_at = stmt_i64(q, 7);
    row->revoked_at = stmt_i64(q, 8);
    row->revocation_reason = read_text(q, 9);
}

bool store_ca_certificate_add(struct tx *tx, const struct ca_certificate_row *row, int64_t *ret_id,
    struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ca_certificate(ca_id, serial, number, version_id, order_id, not_after,"
        "  issued_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id");

    stmt_bind_i64(q, 1, row->ca_id);
    stmt_bind_text(q, 2, row->serial);
    stmt_bind_text(q, 3, row->number ? row->number : "");
    stmt_bind_i64(q, 4, row->version_id);
    bind_or_null(q, 5, row->order_id);
    stmt_bind_i64(q, 6, row->not_after);
    stmt_bind_i64(q, 7, row->issued_at);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "the certificate %s is there already", row->serial);
    *ret_id = id;
    return true;
}

DEFINE_READ_ONE(ca_certificate, read_row);

bool store_ca_certificate_find(struct tx *tx, int64_t ca_id, const char *serial,
    struct ca_certificate_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM ca_certificate c WHERE c.ca_id = $1 AND c.serial = $2");

    stmt_bind_i64(q, 1, ca_id);
    stmt_bind_text(q, 2, serial);
    return read_one(q, ret, err);
}

bool store_ca_certificate_of_version(struct tx *tx, int64_t version_id,
    struct ca_certificate_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM ca_certificate c WHERE c.version_id = $1 ORDER BY c.id");

    stmt_bind_i64(q, 1, version_id);
    return read_one(q, ret, err);
}

bool store_ca_certificate_revoke(struct tx *tx, int64_t id, const char *reason, int64_t now,
    bool *ret_changed, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE ca_certificate SET revoked_at = $2, revocation_reason = $3"
                       " WHERE id = $1 AND revoked_at IS NULL");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    stmt_bind_text(q, 3, reason);
    if (!stmt_run(q, err))
        return false;
    *ret_changed = stmt_n_changed(q) > 0;
    return true;
}

bool store_ca_key_was_revoked(struct tx *tx, const uint8_t spki_sha256[static SHA256_SIZE],
    const char *reason, bool *ret, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM version v JOIN ca_certificate c ON c.version_id = v.id"
        " WHERE v.spki_sha256 = $1 AND c.revocation_reason = $2)");

    stmt_bind_blob(q, 1, span_of(spki_sha256, SHA256_SIZE));
    stmt_bind_text(q, 2, reason);
    if (!read_number(q, &n, err))
        return false;
    *ret = n != 0;
    return true;
}

bool store_ca_certificate_n_revoked(struct tx *tx, int64_t ca_id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FROM ca_certificate WHERE ca_id = $1 AND revoked_at IS NOT NULL");

    stmt_bind_i64(q, 1, ca_id);
    return read_number(q, ret, err);
}

bool store_ca_certificate_counts(struct tx *tx, int64_t ca_id, int64_t *ret_n, int64_t *ret_revoked,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM ca_certificate WHERE ca_id = $1");

    stmt_bind_i64(q, 1, ca_id);
    return read_number(q, ret_n, err) &&
           store_ca_certificate_n_revoked(tx, ca_id, ret_revoked, err);
}

bool store_ca_certificate_revoked(struct tx *tx, int64_t ca_id, int64_t ends_after,
    ca_certificate_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT serial, revoked_at, revocation_reason FROM ca_certificate"
                       " WHERE ca_id = $1 AND not_after > $2 AND revoked_at IS NOT NULL");

    stmt_bind_i64(q, 1, ca_id);
    stmt_bind_i64(q, 2, ends_after);
    while (stmt_next(q))
        visit(context, stmt_text(q, 0), stmt_i64(q, 1), stmt_text(q, 2));
    return stmt_end(q, err);
}

bool store_ca_certificate_page(struct tx *tx, const struct store_viewer *viewer, int64_t ca_id,
    int64_t before_id, int64_t limit, struct ca_certificate_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS ", r.certificate_id, t.name FROM ca_certificate c"
        " JOIN certificate t ON t.id = (SELECT min(v.certificate_id) FROM record_version v"
        "   WHERE v.version_id = c.version_id AND " VISIBLE("v.certificate_id", "$1",
            "$2") ")"
                  " JOIN record_version r ON r.certificate_id = t.id AND r.version_id = c.version_id"
                  " WHERE c.ca_id = $3 AND c.id < $4 ORDER BY c.id DESC LIMIT $5");

    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    stmt_bind_i64(q, 3, ca_id);
    stmt_bind_i64(q, 4, before_id ? before_id : INT64_MAX);
    stmt_bind_i64(q, 5, limit);
    while (stmt_next(q)) {
        struct ca_certificate_row *row = ca_certificate_rows_add(rows);

        read_row(q, row);
        row->certificate_id = stmt_i64(q, N_COLUMNS);
        row->certificate = read_text(q, N_COLUMNS + 1);
    }
    return stmt_end(q, err);
}
