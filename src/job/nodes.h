/*
 * job/nodes: which nodes of a database live.
 *
 * On PostgreSQL several share it. Each tells once a second that it lives; one that has not told it
 * to NODES_LOOKS looks of another is dead, and what it was doing is taken up by the others, without
 * waiting for the ends of its leases. Looks are counted, not seconds: clocks may differ, and while
 * the database is away nobody can tell anything. A node that was only slow finds its jobs lost at
 * their next write, as after the end of a lease. SQLite has one node, which cleans up at its start.
 */
#pragma once

#include "base/base.h"

#define NODES_LOOKS 10

struct db;
struct err;
struct nodes;

/* `name` is this one's; borrowed. */
struct nodes *nodes_new(const char *name) must_check;
void nodes_free(struct nodes *nodes);

/* Once a second: tell that this one lives, and look at the others. *ret_n: so many were found dead
 * now. */
bool nodes_look(struct nodes *nodes, struct db *db, size_t *ret_n, struct err *err) must_check;

DEFINE_AUTOFREE(nodes);
