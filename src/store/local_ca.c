/* store/local_ca: see the header. */
#include "store/local_ca.h"

#include "base/err.h"
#include "store/read.h"

/* More lists than anybody makes between a backup and its restore. */
#define CRL_NUMBERS_SKIPPED 1000000

#define DER_MAX (1u << 20)

static void read_row(struct stmt *q, struct local_ca_row *row)
{
    row->ca_id = stmt_i64(q, 0);
    row->is_root = strcmp(stmt_text(q, 1), "root") == 0;
    row->state = LOCAL_CA_AWAITING;
    (void)local_ca_state_from_name(stmt_text(q, 2), &row->state);
    row->sealed_key_id = stmt_i64(q, 3);
    row->key_algorithm = read_text(q, 4);
    row->key_storage = read_text(q, 5);
    row->subject = read_text(q, 6);
    row->names = read_text(q, 7);
    buf_init(&row->csr, DER_MAX);
    buf_add_span(&row->csr, stmt_blob(q, 8));
    buf_init(&row->certificate, DER_MAX);
    buf_add_span(&row->certificate, stmt_blob(q, 9));
    row->chain_pem = read_text(q, 10);
    row->version_id = stmt_i64(q, 11);
    row->certificate_id = stmt_i64(q, 12);
    row->not_before = stmt_i64(q, 13);
    row->not_after = stmt_i64(q, 14);
    row->path_length = stmt_is_null(q, 15) ? -1 : stmt_i64(q, 15);
    row->public_url = read_text(q, 16);
    row->is_url_fixed = stmt_bool(q, 17);
    row->crl_number = stmt_i64(q, 18);
    row->crl_this_at = stmt_i64(q, 19);
    row->crl_next_at = stmt_i64(q, 20);
    row->crl_n_revoked = stmt_i64(q, 21);
}

DEFINE_READ_ONE(local_ca, read_row);

bool store_local_ca_get(struct tx *tx, int64_t ca_id, struct local_ca_row **ret, struct err *err)
{
    autofree(local_ca_row) struct local_ca_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT ca_id, kind, state, sealed_key_id, key_algorithm, key_storage, subject, names,"
        "  csr, certificate, chain_pem, version_id, certificate_id, not_before, not_after,"
        "  path_length, public_url, is_url_fixed, crl_number, crl_this_at, crl_next_at,"
        "  crl_n_revoked FROM local_ca WHERE ca_id = $1");

    stmt_bind_i64(q, 1, ca_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "that is not a built-in certificate authority");
    *ret = take(&row);
    return true;
}

static void bind_blob_or_null(struct stmt *q, int parameter, const struct buf *blob)
{
    if (blob->size > 0)
        stmt_bind_blob(q, parameter, buf_span(blob));
    else
        stmt_bind_null(q, parameter);
}

/* What comes with a certificate, as the parameters from $2 to $9. */
static void bind_installed(struct stmt *q, const struct local_ca_row *row)
{
    stmt_bind_text(q, 2, local_ca_state_name(row->state));
    bind_blob_or_null(q, 3, &row->certificate);
    stmt_bind_text(q, 4, row->chain_pem ? row->chain_pem : "");
    bind_or_null(q, 5, row->version_id);
    bind_or_null(q, 6, row->certificate_id);
    bind_or_null(q, 7, row->not_before);
    bind_or_null(q, 8, row->not_after);
    if (row->path_length >= 0)
        stmt_bind_i64(q, 9, row->path_length);
    else
        stmt_bind_null(q, 9);
}

bool store_local_ca_add(struct tx *tx, const struct local_ca_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO local_ca(ca_id, state, certificate, chain_pem, version_id, certificate_id,"
        "  not_before, not_after, path_length, kind, sealed_key_id, key_algorithm, key_storage,"
        "  subject, names, csr, public_url)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");

    stmt_bind_i64(q, 1, row->ca_id);
    bind_installed(q, row);
    stmt_bind_text(q, 10, row->is_root ? "root" : "intermediate");
    stmt_bind_i64(q, 11, row->sealed_key_id);
    stmt_bind_text(q, 12, row->key_algorithm);
    stmt_bind_text(q, 13, row->key_storage);
    stmt_bind_text(q, 14, row->subject);
    stmt_bind_text(q, 15, row->names);
    bind_blob_or_null(q, 16, &row->csr);
    stmt_bind_text(q, 17, row->public_url);
    return stmt_run(q, err);
}

bool store_local_ca_install(struct tx *tx, const struct local_ca_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE local_ca SET state = $2, certificate = $3, chain_pem = $4, version_id = $5,"
        "  certificate_id = $6, not_before = $7, not_after = $8, path_length = $9"
        " WHERE ca_id = $1");

    stmt_bind_i64(q, 1, row->ca_id);
    bind_installed(q, row);
    return stmt_run(q, err);
}

bool store_local_ca_set_url(struct tx *tx, int64_t ca_id, const char *url, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE local_ca SET public_url = $2 WHERE ca_id = $1 AND is_url_fixed = FALSE");

    stmt_bind_i64(q, 1, ca_id);
    stmt_bind_text(q, 2, url);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 ||
           fail(err, ERR_CONFLICT,
               "the public URL stands in certificates that were issued, and cannot change any more");
}

bool store_local_ca_fix_url(struct tx *tx, int64_t ca_id, const char *url, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE local_ca SET is_url_fixed = TRUE WHERE ca_id = $1 AND public_url = $2");

    stmt_bind_i64(q, 1, ca_id);
    stmt_bind_text(q, 2, url);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 ||
           fail(err, ERR_UNAVAILABLE,
               "the authority's public URL was changed meanwhile: try again");
}

bool store_local_ca_crl(struct tx *tx, int64_t ca_id, struct buf *der, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT crl FROM local_ca WHERE ca_id = $1");

    stmt_bind_i64(q, 1, ca_id);
    while (stmt_next(q))
        buf_add_span(der, stmt_blob(q, 0));
    return stmt_end(q, err) && buf_check(der, "a CRL", err);
}

bool store_local_ca_set_crl(struct tx *tx, const struct local_ca_row *row, struct span der,
    bool *ret_changed, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE local_ca SET crl = $2, crl_number = $3, crl_this_at = $4, crl_next_at = $5,"
        "  crl_n_revoked = $6 WHERE ca_id = $1 AND crl_number < $3");

    stmt_bind_i64(q, 1, row->ca_id);
    stmt_bind_blob(q, 2, der);
    stmt_bind_i64(q, 3, row->crl_number);
    stmt_bind_i64(q, 4, row->crl_this_at);
    stmt_bind_i64(q, 5, row->crl_next_at);
    stmt_bind_i64(q, 6, row->crl_n_revoked);
    if (!stmt_run(q, err))
        return false;
    *ret_changed = stmt_n_changed(q) > 0;
    return true;
}

bool store_local_ca_restored(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE local_ca SET crl_number = crl_number + $1, crl_n_revoked = -1"
                       " WHERE crl_number > 0");

    stmt_bind_i64(q, 1, CRL_NUMBERS_SKIPPED);
    return stmt_run(q, err);
}

bool store_local_ca_active(struct tx *tx, struct id_list *ids, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT ca_id FROM local_ca WHERE state = 'active' ORDER BY ca_id");

    while (stmt_next(q))
        id_list_add(ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_local_ca_anchors(struct tx *tx, local_ca_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT certificate FROM local_ca WHERE certificate IS NOT NULL"
                       " ORDER BY ca_id");

    while (stmt_next(q))
        visit(context, stmt_blob(q, 0));
    return stmt_end(q, err);
}
