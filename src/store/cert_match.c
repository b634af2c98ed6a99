/* store/cert_match: see the header. */
#include "store/cert_match.h"

#include "base/err.h"
#include "codec/fold.h"
#include "store/read.h"

bool store_cert_match_name(struct tx *tx, int64_t account_id, bool edits_all, const char *name,
    int64_t *ret_id, int64_t *ret_n, struct err *err)
{
    autofree(str) char *lower = text_fold(name);
    int64_t first = 0;
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id FROM certificate c WHERE c.name_lower = $1"
        " AND ($2 = TRUE OR EXISTS (SELECT 1 FROM certificate_access x"
        "   WHERE x.certificate_id = c.id AND x.relation IN ('owner', 'share')"
        "     AND (x.account_id = $3 OR x.group_id IN"
        "          (SELECT m.group_id FROM group_member m WHERE m.account_id = $3))))"
        " ORDER BY c.id LIMIT 2");

    stmt_bind_text(q, 1, lower);
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
