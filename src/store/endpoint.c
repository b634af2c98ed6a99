/* store/endpoint: see the header. */
#include "store/endpoint.h"

#include "base/err.h"
#include "codec/hostport.h"
#include "store/cert_use.h"
#include "store/endpoint_read.h"
#include "store/pending.h"
#include "store/read.h"

void endpoint_read(struct stmt *q, struct endpoint_row *row)
{
    row->id = stmt_i64(q, 0);
    row->host = read_text(q, 1);
    row->port = stmt_i64(q, 2);
    row->sni = read_text(q, 3);
    row->protocol = read_text(q, 4);
    row->vantage = read_text(q, 5);
    row->created_at = stmt_i64(q, 6);
    row->last_checked_at = stmt_i64(q, 7);
    row->last_success_at = stmt_i64(q, 8);
    row->failing_since_at = stmt_i64(q, 9);
    row->n_failures = stmt_i64(q, 10);
    row->error_class = read_text(q, 11);
    row->error = read_text(q, 12);
    row->is_noticed = stmt_bool(q, 13);
}

DEFINE_READ_ONE(endpoint, endpoint_read);

static bool read_all(struct stmt *q, struct endpoint_rows *rows, struct err *err)
{
    while (stmt_next(q))
        endpoint_read(q, endpoint_rows_add(rows));
    return stmt_end(q, err);
}

static void bind_key(struct stmt *q, const struct endpoint_key *key)
{
    stmt_bind_text(q, 1, key->host);
    stmt_bind_i64(q, 2, key->port);
    stmt_bind_text(q, 3, key->sni);
    stmt_bind_text(q, 4, key->protocol);
    stmt_bind_text(q, 5, key->vantage);
}

bool store_endpoint_find(struct tx *tx, const struct endpoint_key *key, struct endpoint_row **ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " ENDPOINT_COLUMNS " FROM endpoint e"
        " WHERE e.host = $1 AND e.port = $2 AND e.sni = $3 AND e.protocol = $4 AND e.vantage = $5");

    bind_key(q, key);
    return read_one(q, ret, err);
}

static bool find_id(struct tx *tx, const struct endpoint_key *key, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT id FROM endpoint"
        " WHERE host = $1 AND port = $2 AND sni = $3 AND protocol = $4 AND vantage = $5");

    bind_key(q, key);
    return read_number(q, ret_id, err);
}

bool store_endpoint_put(struct tx *tx, const struct endpoint_key *key, int64_t now, int64_t *ret_id,
    bool *ret_new, struct err *err)
{
    int64_t found = 0;
    int64_t id = 0;
    autofree(stmt) struct stmt *q = NULL;

    if (ret_new && !find_id(tx, key, &found, err))
        return false;
    /* DO UPDATE, not DO NOTHING: it gives the row of whoever was faster back, and keeps it from
     * being deleted until we commit. */
    q = tx_prepare(tx,
        "INSERT INTO endpoint(host, port, sni, protocol, vantage, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (host, port, sni, protocol, vantage) DO UPDATE SET host = excluded.host"
        " RETURNING id");
    bind_key(q, key);
    stmt_bind_i64(q, 6, now);
    if (!read_number(q, &id, err))
        return err_wrap(err, "could not add %s", hostport_text(key->host, key->port).text);
    *ret_id = id;
    if (ret_new)
        *ret_new = found == 0;
    return true;
}

bool store_endpoint_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct endpoint_row **ret, struct err *err)
{
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " ENDPOINT_COLUMNS " FROM endpoint e"
        " WHERE e.id = $1 AND ($2 = TRUE OR EXISTS"
        " (SELECT 1 FROM certificate_endpoint l WHERE l.endpoint_id = e.id AND " VISIBLE(
            "l.certificate_id", "$2", "$3") "))");

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no endpoint %" PRId64, id);
    *ret = take(&row);
    return true;
}

/* By how many there are more, and not how many there are: another transaction may be at it, too. */
static bool count_endpoints(struct tx *tx, int64_t certificate_id, int64_t n_more, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET n_endpoints = n_endpoints + $2 WHERE id = $1");

    if (n_more == 0)
        return true;
    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, n_more);
    return stmt_run(q, err);
}

bool store_endpoint_attach(struct tx *tx, int64_t certificate_id, int64_t endpoint_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO certificate_endpoint(certificate_id, endpoint_id) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, endpoint_id);
    pending_words(tx, certificate_id);
    return stmt_run(q, err) && count_endpoints(tx, certificate_id, stmt_n_changed(q), err) &&
           store_cert_use_grown(tx, certificate_id, err);
}

bool store_endpoint_detach(struct tx *tx, int64_t certificate_id, int64_t endpoint_id,
    struct err *err)
{
    autofree(stmt) struct stmt *link = tx_prepare(tx,
        "DELETE FROM certificate_endpoint WHERE certificate_id = $1 AND endpoint_id = $2");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM endpoint WHERE id = $1 AND NOT EXISTS"
                       " (SELECT 1 FROM certificate_endpoint l WHERE l.endpoint_id = endpoint.id)");

    stmt_bind_i64(link, 1, certificate_id);
    stmt_bind_i64(link, 2, endpoint_id);
    if (!stmt_run(link, err))
        return false;
    if (stmt_n_changed(link) == 0)
        return fail(err, ERR_NOT_FOUND, "certificate %" PRId64 " has no endpoint %" PRId64,
            certificate_id, endpoint_id);
    stmt_bind_i64(q, 1, endpoint_id);
    pending_words(tx, certificate_id);
    return stmt_run(q, err) && count_endpoints(tx, certificate_id, -1, err) &&
           store_cert_use_changed(tx, certificate_id, err);
}

bool store_endpoints_of_cert(struct tx *tx, int64_t certificate_id, struct endpoint_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " ENDPOINT_COLUMNS
                       "  FROM certificate_endpoint l JOIN endpoint e ON e.id = l.endpoint_id"
                       " WHERE l.certificate_id = $1"
                       " ORDER BY e.host, e.port, e.sni, e.protocol, e.id");

    stmt_bind_i64(q, 1, certificate_id);
    return read_all(q, rows, err);
}

bool store_endpoint_records(struct tx *tx, const struct store_viewer *viewer, int64_t endpoint_id,
    struct id_list *certificate_ids, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT l.certificate_id FROM certificate_endpoint l"
                       " WHERE l.endpoint_id = $1 AND " VISIBLE("l.certificate_id", "$2",
                           "$3") " ORDER BY l.certificate_id");

    stmt_bind_i64(q, 1, endpoint_id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    while (stmt_next(q))
        id_list_add(certificate_ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_endpoints_due(struct tx *tx, const char *vantage, int64_t before, int64_t after_id,
    int64_t limit, struct endpoint_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " ENDPOINT_COLUMNS " FROM endpoint e"
                       " WHERE e.id > $1 AND e.vantage = $2"
                       "   AND (e.last_checked_at IS NULL OR e.last_checked_at < $3)"
                       " ORDER BY e.id LIMIT $4");

    stmt_bind_i64(q, 1, after_id);
    stmt_bind_text(q, 2, vantage);
    stmt_bind_i64(q, 3, before);
    stmt_bind_i64(q, 4, limit);
    return read_all(q, rows, err);
}

/* A row of failures is counted by the database, so that two checks at once both count. */
bool store_endpoint_checked(struct tx *tx, int64_t id, const struct endpoint_outcome *outcome,
    int64_t now, struct endpoint_row **ret, struct err *err)
{
    autofree(endpoint_row) struct endpoint_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE endpoint AS e SET last_checked_at = $2,"
        " last_success_at = CASE WHEN $3 = TRUE THEN $2 ELSE e.last_success_at END,"
        " failing_since_at = CASE WHEN $3 = TRUE THEN NULL"
        "                    ELSE COALESCE(e.failing_since_at, $2) END,"
        " n_failures = CASE WHEN $3 = TRUE THEN 0 ELSE e.n_failures + 1 END,"
        " error_class = $4, error = $5"
        " WHERE e.id = $1"
        " RETURNING id, host, port, sni, protocol, vantage, created_at, last_checked_at,"
        "  last_success_at, failing_since_at, n_failures, error_class, error, is_noticed");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    stmt_bind_bool(q, 3, outcome->is_success);
    stmt_bind_text(q, 4, outcome->is_success ? "" : outcome->error_class);
    stmt_bind_text(q, 5, outcome->is_success ? "" : outcome->error);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no endpoint %" PRId64, id);
    if (ret)
        *ret = take(&row);
    return true;
}

bool store_endpoint_set_noticed(struct tx *tx, int64_t id, bool is_noticed, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE endpoint SET is_noticed = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, is_noticed);
    return stmt_run(q, err);
}

bool store_endpoint_window(struct tx *tx, int64_t since, int64_t *ret_checked, int64_t *ret_failed,
    struct err *err)
{
    int64_t n_checked = 0;
    int64_t n_failed = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*), count(failing_since_at) FROM endpoint WHERE last_checked_at >= $1");

    stmt_bind_i64(q, 1, since);
    while (stmt_next(q)) {
        n_checked = stmt_i64(q, 0);
        n_failed = stmt_i64(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_checked = n_checked;
    *ret_failed = n_failed;
    return true;
}

/* Few are failing or noticed at any time; both conditions have a partial index. */
bool store_endpoints_to_notice(struct tx *tx, int64_t n_failures, int64_t after_id, int64_t limit,
    struct endpoint_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " ENDPOINT_COLUMNS " FROM endpoint e"
        " WHERE e.id > $1"
        "   AND ((e.failing_since_at IS NOT NULL AND e.n_failures >= $2 AND e.is_noticed = FALSE)"
        "     OR (e.is_noticed = TRUE AND e.failing_since_at IS NULL))"
        " ORDER BY e.id LIMIT $3");

    stmt_bind_i64(q, 1, after_id);
    stmt_bind_i64(q, 2, n_failures);
    stmt_bind_i64(q, 3, limit);
    return read_all(q, rows, err);
}
