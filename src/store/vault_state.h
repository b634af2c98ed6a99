/*
 * store/vault_state: the master keys of this database, and the nodes that hold them.
 *
 * One key is current, and at most one is pending: the database itself sees to that.
 */
#pragma once

#include "base/base.h"
#include "vault/masters.h"

struct err;
struct tx;

/* Every key that is in use, and as many of those retired as there is room for, newest first. */
bool store_masters_get(struct tx *tx, struct vault_masters *ret, struct err *err) must_check;

/* A new one, in the state it says. ERR_CONFLICT: another node was faster, or it is there. */
bool store_master_add(struct tx *tx, const struct vault_master *master, int64_t now,
    struct err *err) must_check;

/* Pending becomes current, current retiring. ERR_CONFLICT where none is pending. */
bool store_master_promote(struct tx *tx, int64_t now, struct err *err) must_check;

/* Nothing is under those retiring any more. *ret_n says how many there were. */
bool store_master_retire(struct tx *tx, int64_t now, int64_t *ret_n, struct err *err) must_check;

/* Called for each key, oldest first, with how much is sealed under it. */
struct master_use {
    const struct vault_master *master;
    int64_t n_sealed;
    int64_t created_at;
    int64_t current_at; /* 0: never was */
    int64_t retired_at; /* 0: not yet */
};
typedef void (*master_visit)(void *context, const struct master_use *use);
bool store_master_uses(struct tx *tx, master_visit visit, void *context, struct err *err)
    must_check;

/* Write what is there already: fails where the database can only be read. */
bool store_vault_state_touch(struct tx *tx, struct err *err) must_check;

/* A node, and what its vault holds. */
struct vault_node {
    const char *name;
    const char *key_ids;    /* separated by blanks */
    const char *sealing_id; /* "": its vault is locked */
    const char *problem;    /* "": none */
    int64_t seen_at;
};

/* Nodes that have not said anything for an hour are forgotten. */
bool store_vault_node_put(struct tx *tx, const struct vault_node *node, struct err *err) must_check;

/* Called for each that was seen since then, by name. */
typedef void (*vault_node_visit)(void *context, const struct vault_node *node);
bool store_vault_nodes(struct tx *tx, int64_t since, vault_node_visit visit, void *context,
    struct err *err) must_check;
