/* store/import_file: see the header. */
#include "store/import_file.h"

#include "base/err.h"
#include "store/read.h"

bool store_import_file_begin(struct tx *tx, int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO csv_file(size, created_at) VALUES (-1, $1) RETURNING id");

    stmt_bind_i64(q, 1, now);
    return read_number(q, ret_id, err);
}

bool store_import_file_add(struct tx *tx, int64_t file_id, int64_t seq, struct span piece,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO csv_chunk(file_id, seq, content) VALUES ($1, $2, $3)");

    stmt_bind_i64(q, 1, file_id);
    stmt_bind_i64(q, 2, seq);
    stmt_bind_blob(q, 3, piece);
    return stmt_run(q, err);
}

bool store_import_file_end(struct tx *tx, int64_t file_id, int64_t size, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "UPDATE csv_file SET size = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, file_id);
    stmt_bind_i64(q, 2, size);
    return stmt_run(q, err);
}

bool store_import_file_chunk(struct tx *tx, int64_t file_id, int64_t seq, struct buf *buf,
    struct err *err)
{
    bool is_there = false;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT content FROM csv_chunk WHERE file_id = $1 AND seq = $2");

    stmt_bind_i64(q, 1, file_id);
    stmt_bind_i64(q, 2, seq);
    buf_clear(buf);
    while (stmt_next(q)) {
        is_there = true;
        buf_add_span(buf, stmt_blob(q, 0));
    }
    if (!stmt_end(q, err) || !buf_check(buf, "piece of the file", err))
        return false;
    return is_there || fail(err, ERR_NOT_FOUND, "the file is not kept any more");
}

static bool forget_file(struct tx *tx, int64_t file_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM csv_file WHERE id = $1");

    stmt_bind_i64(q, 1, file_id);
    return stmt_run(q, err);
}

bool store_import_file_delete(struct tx *tx, int64_t file_id, int64_t limit, bool *ret_done,
    struct err *err)
{
    autofree(stmt) struct stmt *lose =
        tx_prepare(tx, "UPDATE csv_import SET file_id = NULL WHERE file_id = $1");
    autofree(stmt) struct stmt *pieces =
        tx_prepare(tx, "DELETE FROM csv_chunk WHERE file_id = $1 AND seq IN"
                       " (SELECT seq FROM csv_chunk WHERE file_id = $1 ORDER BY seq LIMIT $2)");

    stmt_bind_i64(lose, 1, file_id);
    stmt_bind_i64(pieces, 1, file_id);
    stmt_bind_i64(pieces, 2, limit);
    if (!stmt_run(lose, err) || !stmt_run(pieces, err))
        return false;
    *ret_done = stmt_n_changed(pieces) < limit;
    return !*ret_done || forget_file(tx, file_id, err);
}

bool store_import_file_orphan(struct tx *tx, int64_t before, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT f.id FROM csv_file f WHERE f.created_at < $1"
        " AND NOT EXISTS (SELECT 1 FROM csv_import i WHERE i.file_id = f.id) ORDER BY f.id LIMIT 1");

    stmt_bind_i64(q, 1, before);
    return read_number(q, ret_id, err);
}
