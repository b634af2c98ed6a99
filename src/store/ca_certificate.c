/* store/ca_certificate: see the header. */
#include "store/ca_certificate.h"

#include "base/err.h"
#include "store/read.h"

bool store_ca_certificate_add(struct tx *tx, const struct ca_certificate_new *certificate,
    int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO ca_certificate(ca_id, serial, number, version_id, order_id, not_after,"
        "  issued_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_i64(q, 1, certificate->ca_id);
    stmt_bind_text(q, 2, certificate->serial);
    stmt_bind_text(q, 3, certificate->number ? certificate->number : "");
    stmt_bind_i64(q, 4, certificate->version_id);
    bind_or_null(q, 5, certificate->order_id);
    stmt_bind_i64(q, 6, certificate->not_after);
    stmt_bind_i64(q, 7, now);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "the certificate authority has issued serial %s before",
            certificate->serial);
    *ret_id = id;
    return true;
}

bool store_ca_certificate_find(struct tx *tx, int64_t version_id, struct ca_certificate_row **ret,
    struct err *err)
{
    autofree(ca_certificate_row) struct ca_certificate_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT i.id, i.ca_id, c.name, i.serial, i.number, i.version_id, i.order_id, i.not_after,"
        "       i.issued_at, i.revoked_at, i.revocation_reason"
        "  FROM ca_certificate i JOIN ca c ON c.id = i.ca_id"
        " WHERE i.version_id = $1 ORDER BY i.id LIMIT 1");

    stmt_bind_i64(q, 1, version_id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        row->id = stmt_i64(q, 0);
        row->ca_id = stmt_i64(q, 1);
        row->ca = read_text(q, 2);
        row->serial = read_text(q, 3);
        row->number = read_text(q, 4);
        row->version_id = stmt_i64(q, 5);
        row->order_id = stmt_i64(q, 6);
        row->not_after = stmt_i64(q, 7);
        row->issued_at = stmt_i64(q, 8);
        row->revoked_at = stmt_i64(q, 9);
        row->revocation_reason = read_text(q, 10);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = take(&row);
    return true;
}

bool store_ca_certificate_revoke(struct tx *tx, int64_t id, const char *reason, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE ca_certificate SET revoked_at = $2, revocation_reason = $3"
                       " WHERE id = $1 AND revoked_at IS NULL");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    stmt_bind_text(q, 3, reason);
    return stmt_run(q, err);
}
