/* store/csr: see the header. */
#include "store/csr.h"

#include <string.h>

#include "base/err.h"
#include "codec/fold.h"
#include "codec/json_in.h"
#include "store/read.h"
#include "store/sealed_key.h"
#include "store/select.h"

#define WORDS_MAX (256u << 10)

#define SELECT_CSR                                                                                 \
    "SELECT q.id, q.name, q.description, g.name, q.owner_id, a.name, q.subject, q.sans,"           \
    " q.key_algorithm, q.key_size, q.curve, q.spki_sha256, q.sealed_key_id, q.certificate_id,"     \
    " c.name, q.used_at, q.created_at"                                                             \
    "  FROM csr q JOIN account a ON a.id = q.owner_id"                                             \
    "  LEFT JOIN business_group g ON g.id = q.business_group_id"                                   \
    "  LEFT JOIN certificate c ON c.id = q.certificate_id"

static void read_row(struct stmt *q, struct csr_row *row)
{
    struct span spki = stmt_blob(q, 11);

    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->business_group = read_text(q, 3);
    row->owner_id = stmt_i64(q, 4);
    row->owner = read_text(q, 5);
    row->subject = read_text(q, 6);
    row->sans = read_text(q, 7);
    row->key_algorithm = read_text(q, 8);
    row->key_size = stmt_i64(q, 9);
    row->curve = read_text(q, 10);
    if (spki.size == sizeof row->spki_sha256)
        memcpy(row->spki_sha256, spki.data, spki.size);
    row->sealed_key_id = stmt_i64(q, 12);
    row->certificate_id = stmt_i64(q, 13);
    row->certificate = read_text_or_null(q, 14);
    row->used_at = stmt_i64(q, 15);
    row->created_at = stmt_i64(q, 16);
}

DEFINE_READ_ONE(csr, read_row);

/* What it is found by: name, subject and the names asked for, in lower case. */
static bool write_words(const struct csr_new *csr, struct buf *words, struct err *err)
{
    autofree(json) struct json *sans = NULL;

    if (!json_parse(span_text(csr->sans), &sans, err))
        return false;
    buf_addf(words, "%s\n%s", csr->name, csr->subject);
    for (size_t i = 0; i < json_list_size(sans); i++) {
        const char *value = json_as_text(json_member(json_list_item(sans, i), "value"));

        buf_addf(words, "\n%s", value ? value : "");
    }
    return buf_check(words, "the names of a request", err);
}

bool store_csr_add(struct tx *tx, const struct csr_new *csr, int64_t now, int64_t *ret_id,
    struct err *err)
{
    autodone(buf) struct buf words = BUF_INIT(WORDS_MAX);
    autofree(stmt) struct stmt *q = NULL;
    autofree(str) char *lower = NULL;

    if (!write_words(csr, &words, err))
        return false;
    lower = text_fold(buf_text(&words));
    q = tx_prepare(tx,
        "INSERT INTO csr(name, description, business_group_id, owner_id, subject, sans, der,"
        "  key_algorithm, key_size, curve, spki_sha256, sealed_key_id, words, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id");
    stmt_bind_text(q, 1, csr->name);
    stmt_bind_text(q, 2, csr->description);
    bind_or_null(q, 3, csr->business_group_id);
    stmt_bind_i64(q, 4, csr->owner_id);
    stmt_bind_text(q, 5, csr->subject);
    stmt_bind_text(q, 6, csr->sans);
    stmt_bind_blob(q, 7, csr->der);
    stmt_bind_text(q, 8, csr->key_algorithm);
    stmt_bind_i64(q, 9, csr->key_size);
    stmt_bind_text(q, 10, csr->curve);
    stmt_bind_blob(q, 11, span_of(csr->spki_sha256, SHA256_SIZE));
    stmt_bind_i64(q, 12, csr->sealed_key_id);
    stmt_bind_text(q, 13, lower);
    stmt_bind_i64(q, 14, now);
    return read_number(q, ret_id, err);
}

bool store_csr_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct csr_row **ret, struct err *err)
{
    autofree(csr_row) struct csr_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, SELECT_CSR " WHERE q.id = $1 AND ($2 = TRUE OR q.owner_id = $3)");

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no certificate request %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_csr_der(struct tx *tx, int64_t id, struct buf *der, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT der FROM csr WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        buf_add_span(der, stmt_blob(q, 0));
    return stmt_end(q, err) && buf_check(der, "a certificate request", err);
}

static void add_conditions(struct select *select, const struct store_viewer *viewer,
    const struct csr_filter *filter)
{
    select_add(select, " WHERE 1 = 1");
    if (!viewer->sees_all) {
        select_add(select, " AND q.owner_id = ");
        select_i64(select, viewer->account_id);
    }
    if (filter->used > 0)
        select_add(select, " AND q.used_at IS NOT NULL");
    else if (filter->used == 0)
        select_add(select, " AND q.used_at IS NULL");
    if (filter->q && *filter->q) {
        select_add(select, " AND q.words");
        select_contains(select, filter->q);
    }
}

static bool count(struct tx *tx, const struct store_viewer *viewer, const struct csr_filter *filter,
    int64_t *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT count(*) FROM csr q");
    add_conditions(&select, viewer, filter);
    q = select_prepare(tx, &select);
    return read_number(q, ret, err);
}

bool store_csr_list(struct tx *tx, const struct store_viewer *viewer,
    const struct csr_filter *filter, int64_t limit, struct csr_rows *rows, int64_t *ret_total,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, SELECT_CSR);
    add_conditions(&select, viewer, filter);
    if (filter->before_id) {
        select_add(&select, " AND q.id < ");
        select_i64(&select, filter->before_id);
    }
    select_add(&select, " ORDER BY q.id DESC LIMIT ");
    select_i64(&select, limit);
    q = select_prepare(tx, &select);
    while (stmt_next(q))
        read_row(q, csr_rows_add(rows));
    return stmt_end(q, err) && count(tx, viewer, filter, ret_total, err);
}

bool store_csr_set_used(struct tx *tx, int64_t id, int64_t certificate_id, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE csr SET certificate_id = $2, used_at = COALESCE(used_at, $3) WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, certificate_id);
    stmt_bind_i64(q, 3, now);
    return stmt_run(q, err);
}

bool store_csr_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM csr WHERE id = $1 RETURNING sealed_key_id");
    int64_t key_id = 0;

    stmt_bind_i64(q, 1, id);
    return read_number(q, &key_id, err) && store_sealed_key_release(tx, key_id, err);
}
