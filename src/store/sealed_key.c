/* store/sealed_key: see the header. */
#include "store/sealed_key.h"

#include <string.h>

#include "base/err.h"
#include "codec/digest.h"
#include "db/db.h"
#include "store/read.h"
#include "x509/csr.h"

#define COLUMNS "id, purpose, bound_to, master_key_id, blob"
#define ORPHANED_SECONDS INT64_C(86400)

/*
 * Holds the master key's row until the transaction ends: whoever retires the key waits for it, and
 * then sees what was added; whoever comes after that is refused. SQLite has one writer.
 */
static bool check_in_use(struct tx *tx, const char *master_key_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        db_is_postgres(tx_db(tx))
            ? tx_prepare(tx, "SELECT state FROM master_key WHERE key_id = $1 FOR SHARE")
            : tx_prepare(tx, "SELECT state FROM master_key WHERE key_id = $1");
    bool is_retired = false;

    stmt_bind_text(q, 1, master_key_id);
    while (stmt_next(q))
        is_retired = strcmp(stmt_text(q, 0), vault_state_name(VAULT_RETIRED)) == 0;
    if (!stmt_end(q, err))
        return false;
    return !is_retired ||
           fail(err, ERR_UNAVAILABLE, "the master key was replaced meanwhile: try again");
}

bool store_sealed_key_add(struct tx *tx, const struct sealed_key_new *key, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;
    char master_key_id[VAULT_KEY_ID_SIZE];
    uint8_t spki[SHA256_SIZE];

    if (!vault_sealed_under(key->blob, master_key_id))
        return fail(err, ERR_INVALID, "this is no sealed key");
    if (!check_in_use(tx, master_key_id, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO sealed_key(bound_to, purpose, algorithm, spki_sha256, public_key, blob,"
        "  master_key_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id");
    stmt_bind_text(q, 1, key->bound_to);
    stmt_bind_text(q, 2, vault_purpose_name(key->purpose));
    stmt_bind_text(q, 3, key->algorithm);
    if (key->public_key.size > 0) {
        digest_sha256(key->public_key, spki);
        stmt_bind_blob(q, 4, span_of(spki, sizeof spki));
        stmt_bind_blob(q, 5, key->public_key);
    } else {
        stmt_bind_null(q, 4);
        stmt_bind_null(q, 5);
    }
    stmt_bind_blob(q, 6, key->blob);
    stmt_bind_text(q, 7, master_key_id);
    stmt_bind_i64(q, 8, now);
    return read_number(q, ret_id, err);
}

void sealed_key_row_init(struct sealed_key_row *row)
{
    *row = (struct sealed_key_row){ .blob = BUF_INIT(VAULT_SEALED_MAX) };
}

void sealed_key_row_done(struct sealed_key_row *row)
{
    buf_done(&row->blob);
}

struct vault_binding sealed_key_binding(const struct sealed_key_row *row)
{
    return (struct vault_binding){ .purpose = row->purpose, .row = row->bound_to };
}

/* The first row of the query, if there is any. A purpose of a later version fits nothing. */
static bool read_first(struct stmt *q, struct sealed_key_row *row, struct err *err)
{
    bool is_known = true;

    row->id = 0;
    buf_clear(&row->blob);
    while (stmt_next(q) && row->id == 0) {
        row->id = stmt_i64(q, 0);
        is_known = vault_purpose_from_name(span_text(stmt_text(q, 1)), &row->purpose);
        span_copy_text(span_text(stmt_text(q, 2)), row->bound_to, sizeof row->bound_to);
        span_copy_text(span_text(stmt_text(q, 3)), row->master_key_id, sizeof row->master_key_id);
        buf_add_span(&row->blob, stmt_blob(q, 4));
    }
    if (!stmt_end(q, err) || !buf_check(&row->blob, "sealed key", err))
        return false;
    return is_known ||
           fail(err, ERR_INTERNAL, "sealed key %" PRId64 " is for something unknown", row->id);
}

bool store_sealed_key_get(struct tx *tx, int64_t id, struct sealed_key_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM sealed_key WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    if (!read_first(q, row, err))
        return false;
    return row->id != 0 || fail(err, ERR_NOT_FOUND, "there is no sealed key %" PRId64, id);
}

bool store_sealed_key_first(struct tx *tx, enum vault_purpose purpose, struct sealed_key_row *row,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM sealed_key WHERE purpose = $1 ORDER BY id LIMIT 1");

    stmt_bind_text(q, 1, vault_purpose_name(purpose));
    return read_first(q, row, err);
}

bool store_sealed_key_next_other(struct tx *tx, const char *master_key_id, int64_t after_id,
    struct sealed_key_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM sealed_key WHERE id > $1 AND master_key_id <> $2"
                       " ORDER BY id LIMIT 1");

    stmt_bind_i64(q, 1, after_id);
    stmt_bind_text(q, 2, master_key_id);
    return read_first(q, row, err);
}

bool store_sealed_key_count_other(struct tx *tx, const char *master_key_id, int64_t *ret_n,
    int64_t *ret_total, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT count(*) FILTER (WHERE master_key_id <> $1), count(*) FROM sealed_key");
    int64_t n = 0, total = 0;

    stmt_bind_text(q, 1, master_key_id);
    while (stmt_next(q)) {
        n = stmt_i64(q, 0);
        total = stmt_i64(q, 1);
    }
    *ret_n = n;
    *ret_total = total;
    return stmt_end(q, err);
}

bool store_sealed_key_rewrap(struct tx *tx, const struct sealed_key_row *row, struct span blob,
    bool *ret_changed, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;
    char master_key_id[VAULT_KEY_ID_SIZE];

    if (!vault_sealed_under(blob, master_key_id))
        return fail(err, ERR_INVALID, "this is no sealed key");
    q = tx_prepare(tx, "UPDATE sealed_key SET blob = $1, master_key_id = $2"
                       " WHERE id = $3 AND master_key_id = $4");
    stmt_bind_blob(q, 1, blob);
    stmt_bind_text(q, 2, master_key_id);
    stmt_bind_i64(q, 3, row->id);
    stmt_bind_text(q, 4, row->master_key_id);
    if (!stmt_run(q, err))
        return false;
    *ret_changed = stmt_n_changed(q) > 0;
    return true;
}

bool store_sealed_key_public(struct tx *tx, int64_t id, struct buf *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT public_key FROM sealed_key WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        buf_add_span(ret, stmt_blob(q, 0));
    return stmt_end(q, err) && buf_check(ret, "a public key", err);
}

static bool find_misfit_by_hash(struct tx *tx, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT k.id FROM record_version r JOIN sealed_key k ON k.id = r.sealed_key_id"
        " JOIN version v ON v.id = r.version_id WHERE k.spki_sha256 IS DISTINCT FROM v.spki_sha256"
        " UNION ALL SELECT k.id FROM local_ca a JOIN sealed_key k ON k.id = a.sealed_key_id"
        " JOIN version v ON v.id = a.version_id WHERE k.spki_sha256 IS DISTINCT FROM v.spki_sha256"
        " UNION ALL SELECT k.id FROM csr c JOIN sealed_key k ON k.id = c.sealed_key_id"
        " WHERE k.spki_sha256 IS DISTINCT FROM c.spki_sha256 LIMIT 1");
    int64_t id = 0;

    while (stmt_next(q))
        id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

static bool is_for_key(struct span der, struct span spki_sha256)
{
    autofree(csr) struct csr *csr = NULL;
    struct err ignored = { 0 };

    return csr_from_any(der, &csr, &ignored) &&
           span_equal(span_of(csr_spki_sha256(csr), SHA256_SIZE), spki_sha256);
}

/* Of these only the request itself tells whose key it is. */
static bool find_misfit_by_request(struct tx *tx, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT k.id, k.spki_sha256, r.csr FROM certificate_request r"
                       " JOIN sealed_key k ON k.id = r.sealed_key_id"
                       " UNION ALL SELECT k.id, k.spki_sha256, o.csr FROM ca_order o"
                       " JOIN sealed_key k ON k.id = o.sealed_key_id"
                       " UNION ALL SELECT k.id, k.spki_sha256, a.csr FROM local_ca a"
                       " JOIN sealed_key k ON k.id = a.sealed_key_id WHERE a.csr IS NOT NULL");
    int64_t id = 0;

    while (stmt_next(q))
        if (!id && !is_for_key(stmt_blob(q, 2), stmt_blob(q, 1)))
            id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

bool store_sealed_key_find_misfit(struct tx *tx, int64_t *ret_id, struct err *err)
{
    int64_t id = 0;

    if (!find_misfit_by_hash(tx, &id, err) || (!id && !find_misfit_by_request(tx, &id, err)))
        return false;
    *ret_id = id;
    return true;
}

#define UNUSED                                                                                     \
    " AND NOT EXISTS (SELECT 1 FROM record_version r WHERE r.sealed_key_id = sealed_key.id)"       \
    " AND NOT EXISTS (SELECT 1 FROM csr c WHERE c.sealed_key_id = sealed_key.id)"                  \
    " AND NOT EXISTS (SELECT 1 FROM certificate_request q WHERE q.sealed_key_id = sealed_key.id)"  \
    " AND NOT EXISTS (SELECT 1 FROM ca_order o WHERE o.sealed_key_id = sealed_key.id)"             \
    " AND NOT EXISTS (SELECT 1 FROM local_ca a WHERE a.sealed_key_id = sealed_key.id)"             \
    " AND NOT EXISTS (SELECT 1 FROM webhook w WHERE w.sealed_key_id = sealed_key.id)"

bool store_sealed_key_release(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM sealed_key WHERE id = $1" UNUSED);

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_sealed_key_sweep(struct tx *tx, int64_t now, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM sealed_key WHERE purpose = 'tls' AND created_at < $1" UNUSED);

    stmt_bind_i64(q, 1, now - ORPHANED_SECONDS);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}
