/*
 * store/vault_state: which master key this database belongs to.
 */
#pragma once

#include "base/base.h"
#include "vault/client.h"

struct err;
struct tx;

/* *ret_found is false while the database has never met a vault. */
bool store_vault_state_get(struct tx *tx, struct vault_identity *ret, bool *ret_found,
    struct err *err) must_check;

/* Once only: ERR_CONFLICT if another node was faster. */
bool store_vault_state_add(struct tx *tx, const struct vault_identity *identity, struct err *err)
    must_check;

/* Write what is there already: fails where the database can only be read. */
bool store_vault_state_touch(struct tx *tx, struct err *err) must_check;
