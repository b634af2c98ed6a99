/* store/node: see the header. */
#include "store/node.h"

#include "store/delivery.h"
#include "store/job.h"
#include "store/read.h"
#include "store/schedule.h"

bool store_node_beat(struct tx *tx, const char *name, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO node(name, beat) VALUES ($1, 1)"
                       " ON CONFLICT (name) DO UPDATE SET beat = node.beat + 1");

    stmt_bind_text(q, 1, name);
    return stmt_run(q, err);
}

bool store_nodes(struct tx *tx, const char *but, struct node_beat *nodes, size_t max, size_t *ret_n,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT name, beat FROM node WHERE name <> $1 ORDER BY name LIMIT $2");
    size_t n = 0;

    stmt_bind_text(q, 1, but);
    stmt_bind_i64(q, 2, (int64_t)max);
    while (stmt_next(q) && n < max) {
        span_copy_text(span_text(stmt_text(q, 0)), nodes[n].name, sizeof nodes[n].name);
        nodes[n++].beat = stmt_i64(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_n = n;
    return true;
}

bool store_node_bury(struct tx *tx, const struct node_beat *node, bool *ret_dead, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM node WHERE name = $1 AND beat = $2");

    stmt_bind_text(q, 1, node->name);
    stmt_bind_i64(q, 2, node->beat);
    if (!stmt_run(q, err))
        return false;
    *ret_dead = stmt_n_changed(q) == 1;
    return !*ret_dead || (store_job_release(tx, node->name, err) &&
                             store_delivery_end_leases(tx, node->name, err) &&
                             store_lease_end(tx, node->name, err));
}
