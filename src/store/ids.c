/*
 * store/ids: see the header.
 *
 * PostgreSQL's sequences give numbers to all transactions at once. SQLite has one writer, and notes
 * the highest number it has ever given out.
 */
#include "store/ids.h"

#include "base/err.h"
#include "store/read.h"

static bool take_from_sequence(struct tx *tx, const char *table, size_t n, int64_t *ret,
    struct err *err)
{
    size_t i = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT nextval(pg_get_serial_sequence($1, 'id')) FROM generate_series(1, $2::bigint)");

    stmt_bind_text(q, 1, table);
    stmt_bind_i64(q, 2, (int64_t)n);
    while (stmt_next(q) && i < n)
        ret[i++] = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    return i == n || fail(err, ERR_INTERNAL, "table \"%s\" gives out no ids", table);
}

static bool take_from_highest(struct tx *tx, const char *table, size_t n, int64_t *ret,
    struct err *err)
{
    int64_t highest = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT seq FROM sqlite_sequence WHERE name = $1");

    stmt_bind_text(q, 1, table);
    if (!read_number(q, &highest, err))
        return false;
    for (size_t i = 0; i < n; i++)
        ret[i] = highest + 1 + (int64_t)i;
    return true;
}

bool ids_take(struct tx *tx, const char *table, size_t n, int64_t *ret, struct err *err)
{
    return db_is_postgres(tx_db(tx)) ? take_from_sequence(tx, table, n, ret, err)
                                     : take_from_highest(tx, table, n, ret, err);
}
