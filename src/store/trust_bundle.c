/* store/trust_bundle: see the header. */
#include "store/trust_bundle.h"

#include "base/err.h"
#include "db/db.h"
#include "store/local_ca.h"
#include "store/read.h"
#include "x509/pem.h"

bool store_trust_bundle_add(struct tx *tx, const char *name, const char *pem, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO trust_bundle(name, pem, created_at, updated_at) VALUES ($1, $2, $3, $3)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, pem);
    stmt_bind_i64(q, 3, now);
    if (!read_number(q, &id, err))
        return false;
    if (id == 0)
        return fail(err, ERR_CONFLICT, "there is a trust bundle \"%s\" already", name);
    *ret_id = id;
    return true;
}

bool store_trust_bundle_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM trust_bundle WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_NOT_FOUND, "there is no trust bundle %" PRId64, id);
    return true;
}

bool store_trust_bundles(struct tx *tx, trust_bundle_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id, name, pem, created_at FROM trust_bundle ORDER BY name");

    while (stmt_next(q)) {
        struct trust_bundle_row row = { .id = stmt_i64(q, 0),
            .name = stmt_text(q, 1),
            .pem = stmt_text(q, 2),
            .created_at = stmt_i64(q, 3) };

        visit(context, &row);
    }
    return stmt_end(q, err);
}

static void add_pem(void *context, const struct trust_bundle_row *row)
{
    buf_add_text(context, row->pem);
    buf_add_char(context, '\n');
}

static void add_der(void *context, struct span der)
{
    pem_write(der, "CERTIFICATE", context);
}

bool store_trust_bundles_pem(struct tx *tx, struct buf *pem, struct err *err)
{
    return store_trust_bundles(tx, add_pem, pem, err) &&
           store_local_ca_anchors(tx, add_der, pem, err) && buf_check(pem, "trust bundles", err);
}
