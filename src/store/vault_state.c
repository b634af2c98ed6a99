/* store/vault_state: see the header. */
#include "store/vault_state.h"

#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/read.h"

#define FORGOTTEN_SECONDS 3600
#define COLUMNS "key_id, check_value, source, state, recipe, created_at, current_at, retired_at"

static bool read_master(struct stmt *q, struct vault_master *ret, struct err *err)
{
    struct span check = stmt_blob(q, 1);

    *ret = (struct vault_master){ 0 };
    span_copy_text(span_text(stmt_text(q, 0)), ret->identity.key_id, sizeof ret->identity.key_id);
    span_copy_text(span_text(stmt_text(q, 4)), ret->recipe, sizeof ret->recipe);
    if (check.size != sizeof ret->identity.check ||
        !vault_source_from_name(span_text(stmt_text(q, 2)), &ret->source) ||
        !vault_state_from_name(span_text(stmt_text(q, 3)), &ret->state))
        return fail(err, ERR_INTERNAL, "the database's note of its master key is damaged");
    memcpy(ret->identity.check, check.data, sizeof ret->identity.check);
    return true;
}

bool store_masters_get(struct tx *tx, struct vault_masters *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM master_key"
                       " ORDER BY CASE WHEN state = 'retired' THEN 1 ELSE 0 END, id DESC LIMIT $1");
    struct vault_masters masters = { 0 };

    stmt_bind_i64(q, 1, VAULT_MASTERS_MAX - 1); /* one may be made */
    while (stmt_next(q))
        if (!read_master(q, &masters.items[masters.n++], err))
            return false;
    if (!stmt_end(q, err))
        return false;
    *ret = masters;
    return true;
}

bool store_master_add(struct tx *tx, const struct vault_master *master, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO master_key(key_id, check_value, source, state, recipe, created_at, current_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)");

    stmt_bind_text(q, 1, master->identity.key_id);
    stmt_bind_blob(q, 2, span_of(master->identity.check, sizeof master->identity.check));
    stmt_bind_text(q, 3, vault_source_name(master->source));
    stmt_bind_text(q, 4, vault_state_name(master->state));
    stmt_bind_text(q, 5, master->recipe);
    stmt_bind_i64(q, 6, now);
    bind_or_null(q, 7, master->state == VAULT_CURRENT ? now : 0);
    return stmt_run(q, err);
}

static bool set_state(struct tx *tx, const char *from, const char *to, int64_t now, int64_t *ret_n,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE master_key SET state = $2,"
        "  current_at = CASE WHEN CAST($2 AS TEXT) = 'current' THEN $3 ELSE current_at END,"
        "  retired_at = CASE WHEN CAST($2 AS TEXT) = 'retired' THEN $3 ELSE retired_at END"
        " WHERE state = $1");

    stmt_bind_text(q, 1, from);
    stmt_bind_text(q, 2, to);
    stmt_bind_i64(q, 3, now);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}

bool store_master_promote(struct tx *tx, int64_t now, struct err *err)
{
    struct vault_masters masters;
    int64_t n = 0;

    if (!store_masters_get(tx, &masters, err))
        return false;
    if (!vault_masters_in(&masters, VAULT_PENDING))
        return fail(err, ERR_CONFLICT, "no master key is pending");
    return set_state(tx, "current", "retiring", now, &n, err) &&
           set_state(tx, "pending", "current", now, &n, err);
}

bool store_master_retire(struct tx *tx, int64_t now, int64_t *ret_n, struct err *err)
{
    return set_state(tx, "retiring", "retired", now, ret_n, err);
}

bool store_master_uses(struct tx *tx, master_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS ", (SELECT count(*) FROM sealed_key s WHERE s.master_key_id = m.key_id)"
        "  FROM master_key m ORDER BY id");

    while (stmt_next(q)) {
        struct vault_master master;

        if (!read_master(q, &master, err))
            return false;
        struct master_use use = { .master = &master,
            .n_sealed = stmt_i64(q, 8),
            .created_at = stmt_i64(q, 5),
            .current_at = stmt_i64(q, 6),
            .retired_at = stmt_i64(q, 7) };

        visit(context, &use);
    }
    return stmt_end(q, err);
}

bool store_vault_state_touch(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE master_key SET key_id = key_id WHERE state = 'current'");

    return stmt_run(q, err);
}

bool store_vault_node_put(struct tx *tx, const struct vault_node *node, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO vault_node(name, key_ids, sealing_id, problem, seen_at)"
                       " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET"
                       "  key_ids = excluded.key_ids, sealing_id = excluded.sealing_id,"
                       "  problem = excluded.problem, seen_at = excluded.seen_at");
    autofree(stmt) struct stmt *old = tx_prepare(tx, "DELETE FROM vault_node WHERE seen_at < $1");

    stmt_bind_text(q, 1, node->name);
    stmt_bind_text(q, 2, node->key_ids);
    stmt_bind_text(q, 3, node->sealing_id);
    stmt_bind_text(q, 4, node->problem);
    stmt_bind_i64(q, 5, node->seen_at);
    stmt_bind_i64(old, 1, node->seen_at - FORGOTTEN_SECONDS);
    return stmt_run(q, err) && stmt_run(old, err);
}

bool store_vault_nodes(struct tx *tx, int64_t since, vault_node_visit visit, void *context,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT name, key_ids, sealing_id, problem, seen_at FROM vault_node"
                       " WHERE seen_at >= $1 ORDER BY name");

    stmt_bind_i64(q, 1, since);
    while (stmt_next(q)) {
        struct vault_node node = { .name = stmt_text(q, 0),
            .key_ids = stmt_text(q, 1),
            .sealing_id = stmt_text(q, 2),
            .problem = stmt_text(q, 3),
            .seen_at = stmt_i64(q, 4) };

        visit(context, &node);
    }
    return stmt_end(q, err);
}
