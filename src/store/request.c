/* store/request: see the header. */
#include "store/request.h"

#include "base/err.h"
#include "store/read.h"
#include "store/ticket_words.h"

#define CSR_DER_MAX (256U << 10)

bool store_request_add(struct tx *tx, const struct request_row *request, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO certificate_request(ticket_id, profile_id, csr, sealed_key_id, names, domain,"
        "  ca_certificate_id, wants_csr, asked_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

    stmt_bind_i64(q, 1, request->ticket_id);
    bind_or_null(q, 2, request->profile_id);
    if (request->csr.size > 0)
        stmt_bind_blob(q, 3, buf_span(&request->csr));
    else
        stmt_bind_null(q, 3);
    bind_or_null(q, 4, request->sealed_key_id);
    stmt_bind_text(q, 5, request->names ? request->names : "{}");
    stmt_bind_text(q, 6, request->domain ? request->domain : "");
    stmt_bind_text(q, 7, request->ca_certificate_id ? request->ca_certificate_id : "");
    stmt_bind_bool(q, 8, request->wants_csr);
    bind_or_null(q, 9, request->asked_by);
    return stmt_run(q, err);
}

bool store_request_find(struct tx *tx, int64_t ticket_id, struct request_row **ret, struct err *err)
{
    autofree(request_row) struct request_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT r.ticket_id, r.profile_id, p.name, r.csr, r.sealed_key_id, r.names, r.domain,"
        "       r.ca_certificate_id, r.wants_csr, r.asked_by"
        "  FROM certificate_request r LEFT JOIN profile p ON p.id = r.profile_id"
        " WHERE r.ticket_id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q)) {
        ASSERT(!row);
        row = xcalloc(1, sizeof *row);
        row->ticket_id = stmt_i64(q, 0);
        row->profile_id = stmt_i64(q, 1);
        row->profile = read_text_or_null(q, 2);
        row->csr = (struct buf)BUF_INIT(CSR_DER_MAX);
        buf_add_span(&row->csr, stmt_blob(q, 3));
        row->sealed_key_id = stmt_i64(q, 4);
        row->names = read_text(q, 5);
        row->domain = read_text(q, 6);
        row->ca_certificate_id = read_text(q, 7);
        row->wants_csr = stmt_bool(q, 8);
        row->asked_by = stmt_i64(q, 9);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = take(&row);
    return true;
}

static bool run_for_one(struct stmt *q, struct err *err)
{
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail(err, ERR_NOT_FOUND, "this ticket has no request");
}

bool store_request_set_csr(struct tx *tx, int64_t ticket_id, const struct request_csr *csr,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate_request SET csr = $2, sealed_key_id = $3, domain = $4,"
                       " asked_by = COALESCE(CAST($5 AS BIGINT), asked_by), wants_csr = FALSE"
                       " WHERE ticket_id = $1");
    autofree(stmt) struct stmt *version =
        tx_prepare(tx, "UPDATE ticket SET row_version = row_version + 1 WHERE id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_blob(q, 2, csr->der);
    bind_or_null(q, 3, csr->sealed_key_id);
    stmt_bind_text(q, 4, csr->domain);
    bind_or_null(q, 5, csr->asked_by);
    stmt_bind_i64(version, 1, ticket_id);
    return run_for_one(q, err) && stmt_run(version, err) &&
           ticket_words_put_names(tx, ticket_id, csr->names, err);
}

bool store_request_set_wants_csr(struct tx *tx, int64_t ticket_id, bool wants_csr, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate_request SET wants_csr = $2 WHERE ticket_id = $1");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_bool(q, 2, wants_csr);
    return run_for_one(q, err);
}
