/*
 * store/node: the nodes that share a database. Each has a row, and lets its beat grow for as long
 * as it lives.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* Longer names are cut. */
#define NODE_NAME_SIZE 128

struct node_beat {
    char name[NODE_NAME_SIZE];
    int64_t beat;
};

/* This node lives. */
bool store_node_beat(struct tx *tx, const char *name, struct err *err) must_check;

/* Up to `max` of the others, by name. */
bool store_nodes(struct tx *tx, const char *but, struct node_beat *nodes, size_t max, size_t *ret_n,
    struct err *err) must_check;

/*
 * It is dead, unless its beat has grown since: *ret_dead. Its row goes, and what it had claimed is
 * anybody's: jobs, deliveries and leases.
 */
bool store_node_bury(struct tx *tx, const struct node_beat *node, bool *ret_dead, struct err *err)
    must_check;
