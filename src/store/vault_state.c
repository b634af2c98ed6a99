/* store/vault_state: see the header. */
#include "store/vault_state.h"

#include <string.h>

#include "base/err.h"
#include "db/db.h"

bool store_vault_state_get(struct tx *tx, struct vault_identity *ret, bool *ret_found,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT key_id, check_value FROM master_key WHERE state = 'current'");
    struct vault_identity found = { 0 };
    bool is_there = stmt_next(q), is_sound = true;

    if (is_there) {
        struct span check = stmt_blob(q, 1);

        span_copy_text(span_text(stmt_text(q, 0)), found.key_id, sizeof found.key_id);
        is_sound = check.size == sizeof found.check;
        if (is_sound)
            memcpy(found.check, check.data, sizeof found.check);
    }
    if (!stmt_end(q, err))
        return false;
    if (!is_sound)
        return fail(err, ERR_INTERNAL, "the database's note of its master key is damaged");
    *ret = found;
    *ret_found = is_there;
    return true;
}

bool store_vault_state_add(struct tx *tx, const struct vault_identity *identity, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO master_key (key_id, check_value, source, recipe, state, created_at, current_at)"
        " VALUES ($1, $2, 'file', '', 'current', 0, 0)");

    stmt_bind_text(q, 1, identity->key_id);
    stmt_bind_blob(q, 2, span_of(identity->check, sizeof identity->check));
    return stmt_run(q, err);
}

bool store_vault_state_touch(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE master_key SET key_id = key_id WHERE state = 'current'");

    return stmt_run(q, err);
}
