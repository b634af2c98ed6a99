/* store/cert: see the header. */
#include "store/cert.h"

#include "base/err.h"
#include "codec/fold.h"
#include "store/bucket.h"
#include "store/cert_load.h"
#include "store/cert_people.h"
#include "store/cert_refresh.h"
#include "store/endpoint.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/tags.h"

static bool check_visible(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT 1 FROM certificate c WHERE c.id = $1 AND " VISIBLE("c.id", "$2", "$3"));

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    if (!read_number(q, &n, err))
        return false;
    return n || fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
}

bool store_cert_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct cert_row **ret, struct err *err)
{
    autodone(cert_loading) struct cert_loading loading = { 0 };

    if (!viewer->sees_all && !check_visible(tx, viewer, id, err))
        return false;
    cert_load_ask(&loading, tx, &id, 1);
    return cert_load_read_one(&loading, ret, err);
}

bool store_certs_get(struct tx *tx, const struct id_list *ids, struct cert_rows *rows,
    struct err *err)
{
    return cert_load(tx, ids->items, ids->n, rows, err);
}

/* Why an UPDATE or DELETE with a row version changed nothing: it is gone, or another one. */
static bool fail_edit(struct tx *tx, int64_t id, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;

    return check_visible(tx, &system, id, err) ? fail_stale(err, "certificate") : false;
}

/* The row with the edit applied is written whole: one statement, whatever has changed. */
static bool update_record(struct tx *tx, int64_t id, const struct cert_row *row,
    const struct cert_edit *edit, int64_t now, struct err *err)
{
    const char *name = edit->name ? edit->name : row->name;
    autofree(str) char *folded = text_fold(name);
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE certificate SET name = $2, name_lower = $3, description = $4,"
        " business_group_id = $5, required_names = $6, notify_periods = $7, is_imported = $8,"
        " is_managed = $9, updated_at = $10, row_version = row_version + 1,"
        " business_group_name = (SELECT g.name FROM business_group g WHERE g.id = $5)"
        " WHERE id = $1 AND row_version = $11");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, name);
    stmt_bind_text(q, 3, folded);
    stmt_bind_text(q, 4, edit->description ? edit->description : row->description);
    bind_or_null(q, 5, edit->business_group_id ? *edit->business_group_id : row->business_group_id);
    bind_text_or_null(q, 6, edit->required_names ? edit->required_names : row->required_names);
    bind_text_or_null(q, 7, edit->notify_periods ? edit->notify_periods : row->notify_periods);
    stmt_bind_bool(q, 8, edit->is_imported ? *edit->is_imported : row->is_imported);
    stmt_bind_bool(q, 9, edit->is_managed ? *edit->is_managed : row->is_managed);
    stmt_bind_i64(q, 10, now);
    stmt_bind_i64(q, 11,
        edit->expected_row_version ? edit->expected_row_version : row->row_version);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail_edit(tx, id, err);
}

bool store_cert_edit(struct tx *tx, int64_t id, const struct cert_edit *edit, int64_t now,
    struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(cert_row) struct cert_row *row = NULL;

    if (edit->name && !cert_check_name(edit->name, err))
        return false;
    if (edit->name)
        pending_words(tx, id);
    return store_cert_get(tx, &system, id, &row, err) &&
           update_record(tx, id, row, edit, now, err) &&
           (!edit->notify_periods || !row->version_id ||
               store_cert_set_notify_at(tx, id, now, err)) && /* another period may be due */
           (!edit->tags || tags_write(tx, id, edit->tags, err));
}

/* "\"lb-1\", \"lb-2\" and 3 more" */
static bool check_unused(struct tx *tx, int64_t id, struct err *err)
{
    autodone(buf) struct buf names = BUF_INIT(sizeof err->msg);
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT DISTINCT r.name FROM association s JOIN resource r ON r.id = s.resource_id"
        " WHERE s.certificate_id = $1 ORDER BY r.name");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        if (n++ < 5)
            buf_addf(&names, "%s\"%.60s\"", names.size ? ", " : "", stmt_text(q, 0));
    }
    if (!stmt_end(q, err))
        return false;
    if (n > 5)
        buf_addf(&names, " and %" PRId64 " more", n - 5);
    return n == 0 || fail(err, ERR_CONFLICT, "the certificate is in use on %s", buf_text(&names));
}

static bool detach_all(struct tx *tx, int64_t id, struct err *err)
{
    autodone(id_list) struct id_list endpoints = { 0 };
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT endpoint_id FROM certificate_endpoint WHERE certificate_id = $1 ORDER BY endpoint_id");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        id_list_add(&endpoints, stmt_i64(q, 0));
    if (!stmt_end(q, err))
        return false;
    for (size_t i = 0; i < endpoints.n; i++) {
        if (!store_endpoint_detach(tx, id, endpoints.items[i], err))
            return false;
    }
    return true;
}

bool store_cert_delete(struct tx *tx, int64_t id, int64_t expected_row_version, struct err *err)
{
    const struct bucket_dates nothing = { 0 };
    struct bucket_dates dates;
    autofree(stmt) struct stmt *q = NULL;

    if (!bucket_dates_lock(tx, id, &dates, err) || !check_unused(tx, id, err) ||
        !detach_all(tx, id, err))
        return false;
    q = tx_prepare(tx, "DELETE FROM certificate WHERE id = $1"
                       " AND (CAST($2 AS BIGINT) = 0 OR row_version = CAST($2 AS BIGINT))");
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, expected_row_version);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_edit(tx, id, err);
    pending_words(tx, id);
    bucket_move(tx, &dates, &nothing);
    return true;
}

bool store_cert_set_revoked(struct tx *tx, int64_t id, int64_t revoked_at, int64_t now,
    struct err *err)
{
    struct bucket_dates from;
    struct bucket_dates to;
    autofree(stmt) struct stmt *q = NULL;

    if (!bucket_dates_lock(tx, id, &from, err))
        return false;
    if (!from.is_there)
        return fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
    to = from;
    to.is_revoked = revoked_at != 0;
    q = tx_prepare(tx, "UPDATE certificate SET revoked_at = $2, updated_at = $3 WHERE id = $1");
    stmt_bind_i64(q, 1, id);
    bind_or_null(q, 2, revoked_at);
    stmt_bind_i64(q, 3, now);
    bucket_move(tx, &from, &to);
    return stmt_run(q, err);
}
