/* store/standby: see the header. A row of the settings, which is there while it lasts. */
#include "store/standby.h"

#include "base/buf.h"
#include "db/db.h"
#include "store/account.h"

#define SETTING_STANDBY "standby"

bool store_standby_get(struct tx *tx, struct standby *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT value, updated_at FROM setting WHERE name = $1");

    *ret = (struct standby){ 0 };
    stmt_bind_text(q, 1, SETTING_STANDBY);
    while (stmt_next(q)) {
        ret->is_on = true;
        span_copy_text(span_text(stmt_text(q, 0)), ret->reason, sizeof ret->reason);
        ret->since = stmt_i64(q, 1);
    }
    return stmt_end(q, err);
}

bool store_standby_begin(struct tx *tx, const char *reason, int64_t now, struct err *err)
{
    int64_t version;

    return store_setting_put(tx, SETTING_STANDBY, reason, 0, now, &version, err);
}

bool store_standby_end(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM setting WHERE name = $1");

    stmt_bind_text(q, 1, SETTING_STANDBY);
    return stmt_run(q, err);
}
