/*
 * store/observation: see the header.
 *
 * A check writes row by row: an endpoint has a handful of addresses, and the cases (answered,
 * failed, failed for one kind of key, left DNS) are easier to follow as statements of their own.
 */
#include "store/observation.h"

#include "base/err.h"
#include "store/read.h"

#define COLUMNS                                                                                    \
    "b.id, b.endpoint_id, b.address, b.slot, b.version_id, b.chain_id, b.chain_status,"            \
    " b.path_expires_at, b.is_name_ok, b.protocol, b.cipher, b.kx_group, b.first_seen_at,"         \
    " b.last_seen_at, b.checked_at, b.error_class, b.error, b.is_in_dns, b.is_waived"

static bool read_all(struct stmt *q, struct observation_rows *rows, struct err *err)
{
    while (stmt_next(q)) {
        struct observation_row *row = observation_rows_add(rows);

        row->id = stmt_i64(q, 0);
        row->endpoint_id = stmt_i64(q, 1);
        row->address = read_text(q, 2);
        row->slot = read_text(q, 3);
        row->version_id = stmt_i64(q, 4);
        row->chain_id = stmt_i64(q, 5);
        row->chain_status = read_text(q, 6);
        row->path_expires_at = stmt_i64(q, 7);
        row->is_name_ok = stmt_bool(q, 8);
        row->protocol = read_text(q, 9);
        row->cipher = read_text(q, 10);
        row->kx_group = read_text(q, 11);
        row->first_seen_at = stmt_i64(q, 12);
        row->last_seen_at = stmt_i64(q, 13);
        row->checked_at = stmt_i64(q, 14);
        row->error_class = read_text(q, 15);
        row->error = read_text(q, 16);
        row->is_in_dns = stmt_bool(q, 17);
        row->is_waived = stmt_bool(q, 18);
    }
    return stmt_end(q, err);
}

bool store_observations_of_endpoint(struct tx *tx, int64_t endpoint_id,
    struct observation_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM observation b WHERE b.endpoint_id = $1"
                       " ORDER BY b.address, b.slot");

    stmt_bind_i64(q, 1, endpoint_id);
    return read_all(q, rows, err);
}

bool store_observations_of_cert(struct tx *tx, int64_t certificate_id,
    struct observation_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS
        "  FROM certificate_endpoint l JOIN observation b ON b.endpoint_id = l.endpoint_id"
        " WHERE l.certificate_id = $1"
        " ORDER BY b.endpoint_id, b.address, b.slot");

    stmt_bind_i64(q, 1, certificate_id);
    return read_all(q, rows, err);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* It answered. first_seen_at is kept while the version is the same. */
static bool put_seen(struct tx *tx, int64_t endpoint_id, const struct observation_new *seen,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO observation(endpoint_id, address, slot, version_id, chain_id, chain_status,"
        " path_expires_at, is_name_ok, protocol, cipher, kx_group, first_seen_at, last_seen_at,"
        " checked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12)"
        " ON CONFLICT (endpoint_id, address, slot) DO UPDATE SET"
        "  first_seen_at = CASE WHEN observation.version_id = excluded.version_id"
        "                  THEN observation.first_seen_at ELSE excluded.first_seen_at END,"
        "  version_id = excluded.version_id, chain_id = excluded.chain_id,"
        "  chain_status = excluded.chain_status, path_expires_at = excluded.path_expires_at,"
        "  is_name_ok = excluded.is_name_ok, protocol = excluded.protocol,"
        "  cipher = excluded.cipher, kx_group = excluded.kx_group,"
        "  last_seen_at = excluded.last_seen_at, checked_at = excluded.checked_at,"
        "  error_class = '', error = '', is_in_dns = TRUE, is_waived = FALSE");

    stmt_bind_i64(q, 1, endpoint_id);
    stmt_bind_text(q, 2, seen->address);
    stmt_bind_text(q, 3, seen->slot);
    stmt_bind_i64(q, 4, seen->version_id);
    bind_or_null(q, 5, seen->chain_id);
    stmt_bind_text(q, 6, or_empty(seen->chain_status));
    stmt_bind_i64(q, 7, seen->path_expires_at);
    stmt_bind_bool(q, 8, seen->is_name_ok);
    stmt_bind_text(q, 9, or_empty(seen->protocol));
    stmt_bind_text(q, 10, or_empty(seen->cipher));
    stmt_bind_text(q, 11, or_empty(seen->kx_group));
    stmt_bind_i64(q, 12, now);
    return stmt_run(q, err);
}

/* It failed: for one kind of key, or ("" as slot) altogether. What was seen there stays. */
static bool put_failed(struct tx *tx, int64_t endpoint_id, const struct observation_new *seen,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE observation SET checked_at = $4, error_class = $5, error = $6, is_in_dns = TRUE"
        " WHERE endpoint_id = $1 AND address = $2 AND ($3 = '' OR slot = $3)");
    autofree(stmt) struct stmt *first = NULL;

    stmt_bind_i64(q, 1, endpoint_id);
    stmt_bind_text(q, 2, seen->address);
    stmt_bind_text(q, 3, seen->slot);
    stmt_bind_i64(q, 4, now);
    stmt_bind_text(q, 5, or_empty(seen->error_class));
    stmt_bind_text(q, 6, or_empty(seen->error));
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) > 0 || *seen->slot)
        return true;
    first = tx_prepare(tx,
        "INSERT INTO observation(endpoint_id, address, slot, checked_at, error_class, error)"
        " VALUES ($1, $2, '', $3, $4, $5)" /* unless another look was quicker */
        " ON CONFLICT (endpoint_id, address, slot) DO UPDATE SET checked_at = excluded.checked_at,"
        "  error_class = excluded.error_class, error = excluded.error, is_in_dns = TRUE");
    stmt_bind_i64(first, 1, endpoint_id);
    stmt_bind_text(first, 2, seen->address);
    stmt_bind_i64(first, 3, now);
    stmt_bind_text(first, 4, or_empty(seen->error_class));
    stmt_bind_text(first, 5, or_empty(seen->error));
    return stmt_run(first, err);
}

static bool has_answered(const struct observation_new *seen, size_t n, const char *address)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i].version_id && strcmp(seen[i].address, address) == 0)
            return true;
    }
    return false;
}

static bool is_among(const struct observation_new *seen, size_t n, const char *address,
    const char *slot)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(seen[i].address, address) == 0 && (!slot || strcmp(seen[i].slot, slot) == 0))
            return true;
    }
    return false;
}

static bool run_on(struct stmt *q, int64_t id, struct err *err)
{
    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

/* What this check says about a row that it did not write. */
static bool settle(struct tx *tx, const struct observation_row *row,
    const struct observation_new *seen, size_t n, bool any_answered, struct err *err)
{
    autofree(stmt) struct stmt *forget = tx_prepare(tx, "DELETE FROM observation WHERE id = $1");
    autofree(stmt) struct stmt *leave =
        tx_prepare(tx, "UPDATE observation SET is_in_dns = FALSE WHERE id = $1");

    if (!is_among(seen, n, row->address, NULL)) {
        if (row->is_in_dns)
            return run_on(leave, row->id, err);
        return !any_answered || run_on(forget, row->id, err);
    }
    if (has_answered(seen, n, row->address) && !is_among(seen, n, row->address, row->slot))
        return run_on(forget, row->id, err);
    return true;
}

bool store_observations_put(struct tx *tx, int64_t endpoint_id, const struct observation_new *seen,
    size_t n, int64_t now, struct err *err)
{
    autodone(observation_rows) struct observation_rows before = { 0 };
    bool any_answered = false;

    if (n == 0)
        return true;
    if (!store_observations_of_endpoint(tx, endpoint_id, &before, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_answer = seen[i].version_id != 0;

        any_answered = any_answered || is_answer;
        if (is_answer ? !put_seen(tx, endpoint_id, &seen[i], now, err)
                      : !put_failed(tx, endpoint_id, &seen[i], now, err))
            return err_wrap(err, "could not keep what %s answered", seen[i].address);
    }
    for (size_t i = 0; i < before.n; i++) {
        if (!settle(tx, &before.items[i], seen, n, any_answered, err))
            return false;
    }
    return true;
}

bool store_observation_waive(struct tx *tx, int64_t endpoint_id, const char *address,
    bool is_waived, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE observation SET is_waived = $3 WHERE endpoint_id = $1 AND address = $2");

    stmt_bind_i64(q, 1, endpoint_id);
    stmt_bind_text(q, 2, address);
    stmt_bind_bool(q, 3, is_waived);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) > 0 ||
           fail(err, ERR_NOT_FOUND, "the endpoint has no address %s", address);
}
