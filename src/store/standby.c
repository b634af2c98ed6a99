/* store/standby: see the header. A row of the settings, which is there while it lasts. */
#include "store/standby.h"

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "store/account.h"

#define SETTING_STANDBY "standby"
#define SETTING_RESTORING "restoring"

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

static bool remove_setting(struct tx *tx, const char *name, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM setting WHERE name = $1");

    stmt_bind_text(q, 1, name);
    return stmt_run(q, err);
}

bool store_standby_end(struct tx *tx, struct err *err)
{
    return remove_setting(tx, SETTING_STANDBY, err);
}

bool store_restore_begin(struct tx *tx, int64_t now, struct err *err)
{
    int64_t version;

    return store_setting_put(tx, SETTING_RESTORING, "{}", 0, now, &version, err);
}

bool store_restore_end(struct tx *tx, struct err *err)
{
    return remove_setting(tx, SETTING_RESTORING, err);
}

bool store_restore_check(struct tx *tx, struct err *err)
{
    autofree(str) char *value = NULL;
    int64_t version;

    if (!store_setting_get(tx, SETTING_RESTORING, &value, &version, err))
        return false;
    return !value || fail(err, ERR_CONFLICT,
                         "a restore into this database was interrupted: empty database and data "
                         "directory, and restore again");
}
