/* store/sealed_key: see the header. */
#include "store/sealed_key.h"

#include "codec/digest.h"
#include "db/db.h"

bool store_sealed_key_add(struct tx *tx, const struct sealed_key_new *key, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO sealed_key(purpose, algorithm, spki_sha256, public_key, blob, master_key_id,"
        "  created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id");
    uint8_t spki[SHA256_SIZE];
    int64_t id = 0;

    digest_sha256(key->public_key, spki);
    stmt_bind_text(q, 1, key->purpose);
    stmt_bind_text(q, 2, key->algorithm);
    stmt_bind_blob(q, 3, span_of(spki, sizeof spki));
    stmt_bind_blob(q, 4, key->public_key);
    stmt_bind_blob(q, 5, key->blob);
    stmt_bind_text(q, 6, key->master_key_id);
    stmt_bind_i64(q, 7, now);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

bool store_sealed_key_first(struct tx *tx, const char *purpose, struct buf *blob, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT blob FROM sealed_key WHERE purpose = $1 ORDER BY id LIMIT 1");

    stmt_bind_text(q, 1, purpose);
    while (stmt_next(q))
        buf_add_span(blob, stmt_blob(q, 0));
    return stmt_end(q, err) && buf_check(blob, "sealed key", err);
}
