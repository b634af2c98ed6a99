/* store/cert_match: see the header. */
#include "store/cert_match.h"

#include "base/err.h"
#include "db/many.h"
#include "store/read.h"

bool store_cert_match_name(struct tx *tx, int64_t account_id, bool edits_all,
    const char *name_lower, int64_t *ret_id, int64_t *ret_n, struct err *err)
{
    int64_t first = 0;
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id FROM certificate c WHERE c.name_lower = $1"
        " AND ($2 = TRUE OR EXISTS (SELECT 1 FROM certificate_access x"
        "   WHERE x.certificate_id = c.id AND x.relation IN ('owner', 'share')"
        "     AND (x.account_id = $3 OR x.group_id IN"
        "          (SELECT m.group_id FROM group_member m WHERE m.account_id = $3))))"
        " ORDER BY c.id LIMIT 2");

    stmt_bind_text(q, 1, name_lower);
    stmt_bind_bool(q, 2, edits_all);
    stmt_bind_i64(q, 3, account_id);
    while (stmt_next(q)) {
        if (n++ == 0)
            first = stmt_i64(q, 0);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_id = first;
    *ret_n = n;
    return true;
}

/* Both look into the index of names for each: SQLite with one cursor for all of them, and
 * PostgreSQL whatever it believes about how many there are. */
static const struct many_sql taken_in_index = { NULL, "it", "$1",
    " AND $2 IN (SELECT c.name_lower FROM certificate c)" };
static const struct many_sql taken_one_by_one = { NULL, "it", "$1",
    " AND (SELECT c.id FROM certificate c WHERE c.name_lower = $2 LIMIT 1) IS NOT NULL" };

bool store_cert_match_names(struct tx *tx, const struct cert_match_names *names, struct err *err)
{
    autofree(many) struct many *rows =
        tx_prepare_many(tx, db_is_postgres(tx_db(tx)) ? &taken_one_by_one : &taken_in_index);
    struct stmt *q;

    for (size_t i = 0; i < names->n; i++) {
        many_i64(rows, (int64_t)i);
        many_text(rows, names->names[i]);
        names->is_taken[i] = false;
    }
    if (names->n == 0)
        return true;
    if (!many_ask(rows, &q, err))
        return false;
    while (stmt_next(q))
        names->is_taken[stmt_i64(q, 0)] = true;
    return stmt_end(q, err);
}
