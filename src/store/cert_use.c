/* store/cert_use: see the header. */
#include "store/cert_use.h"

#include "base/err.h"
#include "store/read.h"

/*
 * `id` is a parameter or a column. The endpoint is asked for inside, one by one: as a join, a
 * database that has no statistics yet may begin with all endpoints that wait, and after a large
 * import that is all there are.
 */
#define WAITS_FOR_CHECK(id)                                                                        \
    "EXISTS (SELECT 1 FROM certificate_endpoint l WHERE l.certificate_id = " id                    \
    " AND (SELECT e.last_checked_at IS NULL FROM endpoint e WHERE e.id = l.endpoint_id) = TRUE)"

#define IS_SERVED(id)                                                                                \
    "EXISTS (SELECT 1 FROM certificate_endpoint l"                                                   \
    "  JOIN observation b ON b.endpoint_id = l.endpoint_id"                                          \
    "  JOIN record_version r ON r.certificate_id = l.certificate_id AND r.version_id = b.version_id" \
    " WHERE l.certificate_id = " id " AND b.is_in_dns = TRUE AND b.is_waived = FALSE)"

#define IS_ON_RESOURCE "EXISTS (SELECT 1 FROM association s WHERE s.certificate_id = $1)"

static bool read_use(struct tx *tx, int64_t id, int64_t *n_resources, bool *is_unused,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT (SELECT count(DISTINCT s.resource_id) FROM association s WHERE s.certificate_id = $1),"
        " CASE WHEN " IS_ON_RESOURCE
        " OR " WAITS_FOR_CHECK("$1") " OR " IS_SERVED("$1") " THEN 0 ELSE 1 END");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        *n_resources = stmt_i64(q, 0);
        *is_unused = stmt_i64(q, 1) != 0;
    }
    return stmt_end(q, err);
}

bool store_cert_use_changed(struct tx *tx, int64_t certificate_id, struct err *err)
{
    int64_t n_resources = 0;
    bool is_unused = false;
    autofree(stmt) struct stmt *q = NULL;

    if (!read_use(tx, certificate_id, &n_resources, &is_unused, err))
        return err_wrap(err, "could not tell whether certificate %" PRId64 " is used",
            certificate_id);
    q = tx_prepare(tx, "UPDATE certificate SET n_resources = $2, is_unused = $3"
                       " WHERE id = $1 AND (n_resources <> $2 OR is_unused <> $3)");
    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, n_resources);
    stmt_bind_bool(q, 3, is_unused);
    return stmt_run(q, err);
}

bool store_cert_use_grown(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET is_unused = FALSE"
                       " WHERE id = $1 AND is_unused = TRUE AND (" WAITS_FOR_CHECK(
                           "certificate.id") " OR " IS_SERVED("certificate.id") ")");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err) ||
           err_wrap(err, "could not tell whether certificate %" PRId64 " is used", certificate_id);
}
