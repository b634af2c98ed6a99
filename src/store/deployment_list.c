/* store/deployment_list: deployments as they are shown (store/deployment.h). */
#include <string.h>

#include "base/err.h"
#include "store/deployment.h"
#include "store/deployment_read.h"
#include "store/read.h"
#include "store/select.h"

static void read_sha256(struct stmt *q, int column, uint8_t *ret)
{
    struct span blob = stmt_blob(q, column);

    if (blob.size == SHA256_SIZE)
        memcpy(ret, blob.data, SHA256_SIZE);
}

void deployment_read(struct stmt *q, struct deployment_row *row)
{
    row->id = stmt_i64(q, 0);
    row->resource_id = stmt_i64(q, 1);
    row->resource = read_text(q, 2);
    row->slot = read_text(q, 3);
    row->certificate_id = stmt_i64(q, 4);
    row->certificate = read_text(q, 5);
    row->version_id = stmt_i64(q, 6);
    read_sha256(q, 7, row->sha256);
    row->previous_version_id = stmt_i64(q, 8);
    read_sha256(q, 9, row->previous_sha256);
    row->previous_name = read_text(q, 10);
    row->ticket_id = stmt_i64(q, 11);
    if (row->ticket_id)
        row->ticket = xasprintf("%s-%" PRId64, stmt_text(q, 12), stmt_i64(q, 13));
    row->account_id = stmt_i64(q, 14);
    row->account = read_text_or_null(q, 15);
    if (!deployment_state_from_name(stmt_text(q, 16), &row->state))
        row->state = DEPLOYMENT_FAILED;
    row->is_putting_back = stmt_bool(q, 17);
    row->attempts = stmt_i64(q, 18);
    row->n_tries = stmt_i64(q, 19);
    row->error = read_text(q, 20);
    row->addresses = read_text(q, 21);
    row->prove_until = stmt_i64(q, 22);
    row->retry_at = stmt_i64(q, 23);
    row->created_at = stmt_i64(q, 24);
    row->started_at = stmt_i64(q, 25);
    row->updated_at = stmt_i64(q, 26);
    row->finished_at = stmt_i64(q, 27);
}

DEFINE_READ_ONE(deployment, deployment_read);

bool store_deployment_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct deployment_row **ret, struct err *err)
{
    autofree(deployment_row) struct deployment_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, DEPLOYMENT_COLUMNS DEPLOYMENT_FROM
        " WHERE d.id = $3 AND " VISIBLE("d.certificate_id", "$1", "$2"));

    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    stmt_bind_i64(q, 3, id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no deployment %" PRId64, id);
    *ret = take(&row);
    return true;
}

/* $1 and $2 are the viewer; 0 and "" let everything through. */
#define WHERE                                                                                      \
    " WHERE " VISIBLE("d.certificate_id", "$1",                                                    \
        "$2") " AND (CAST($3 AS BIGINT) = 0 OR d.resource_id = $3)"                                \
              " AND (CAST($4 AS BIGINT) = 0 OR d.certificate_id = $4)"                             \
              " AND (CAST($5 AS TEXT) = '' OR d.state = $5)"

static void bind_filter(struct stmt *q, const struct store_viewer *viewer,
    const struct deployment_filter *filter)
{
    stmt_bind_bool(q, 1, viewer->sees_all);
    stmt_bind_i64(q, 2, viewer->account_id);
    stmt_bind_i64(q, 3, filter->resource_id);
    stmt_bind_i64(q, 4, filter->certificate_id);
    stmt_bind_text(q, 5,
        filter->state < 0 ? "" : deployment_state_name((enum deployment_state)filter->state));
}

bool store_deployments(struct tx *tx, const struct store_viewer *viewer,
    const struct deployment_filter *filter, int64_t limit, struct deployment_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        DEPLOYMENT_COLUMNS DEPLOYMENT_FROM WHERE " AND d.id < $6 ORDER BY d.id DESC LIMIT $7");

    bind_filter(q, viewer, filter);
    stmt_bind_i64(q, 6, filter->before_id ? filter->before_id : INT64_MAX);
    stmt_bind_i64(q, 7, limit);
    while (stmt_next(q))
        deployment_read(q, deployment_rows_add(rows));
    return stmt_end(q, err);
}

bool store_deployment_count(struct tx *tx, const struct store_viewer *viewer,
    const struct deployment_filter *filter, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM deployment d" WHERE);

    bind_filter(q, viewer, filter);
    return read_number(q, ret, err);
}
