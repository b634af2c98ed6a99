/* job/nodes: see the header. */
#include "job/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"
#include "store/node.h"

#define NODES_MAX 64

struct seen {
    struct node_beat node;
    int n_looks; /* that found it unchanged */
};

struct nodes {
    const char *name;
    struct seen seen[NODES_MAX];
    size_t n;
};

struct nodes *nodes_new(const char *name)
{
    struct nodes *nodes = xcalloc(1, sizeof *nodes);

    nodes->name = name;
    return nodes;
}

void nodes_free(struct nodes *nodes)
{
    free(nodes);
}

static bool beat_and_read(const struct nodes *nodes, struct db *db, struct node_beat *now,
    size_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_WRITE, &tx, err) && store_node_beat(tx, nodes->name, err) &&
           store_nodes(tx, nodes->name, now, NODES_MAX, ret_n, err) && tx_commit(take(&tx), err);
}

static int looks_before(const struct nodes *nodes, const struct node_beat *now)
{
    for (size_t i = 0; i < nodes->n; i++)
        if (strcmp(nodes->seen[i].node.name, now->name) == 0 &&
            nodes->seen[i].node.beat == now->beat)
            return nodes->seen[i].n_looks + 1;
    return 0;
}

static bool bury(struct db *db, const struct node_beat *node, size_t *n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool is_dead;

    if (!tx_begin(db, TX_WRITE, &tx, err) || !store_node_bury(tx, node, &is_dead, err) ||
        !tx_commit(take(&tx), err))
        return false;
    if (is_dead) {
        log_warning("node.dead", KV_STR("node", node->name));
        (*n)++;
    }
    return true;
}

bool nodes_look(struct nodes *nodes, struct db *db, size_t *ret_n, struct err *err)
{
    struct node_beat now[NODES_MAX];
    struct seen seen[NODES_MAX];
    size_t n = 0;

    *ret_n = 0;
    if (!db_is_postgres(db))
        return true;
    if (!beat_and_read(nodes, db, now, &n, err)) {
        nodes->n = 0; /* nor could the others tell anything */
        return false;
    }
    for (size_t i = 0; i < n; i++)
        seen[i] = (struct seen){ .node = now[i], .n_looks = looks_before(nodes, &now[i]) };
    memcpy(nodes->seen, seen, n * sizeof seen[0]);
    nodes->n = n;
    for (size_t i = 0; i < n; i++)
        if (seen[i].n_looks >= NODES_LOOKS && !bury(db, &seen[i].node, ret_n, err))
            return false;
    return true;
}
