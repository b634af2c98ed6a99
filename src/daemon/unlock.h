/*
 * daemon/unlock: bring vault and database together, and keep them so.
 *
 * The database knows which master keys it belongs to. A vault that came first makes one; a vault
 * with another is not used, and the server is not ready until somebody has put that right. Tried on
 * a worker whenever a vault is new, and every second until it worked.
 *
 * From then on the database is looked at every few seconds: another node may have begun to rotate
 * the master key. Then this node's vault loads the new one, seals with it when it is told to, and
 * the node says in the database how far it is.
 */
#pragma once

#include "base/base.h"

struct loop;
struct unlock;
struct vault_client;
struct workers;

/* All of them outlive it. The workers' state must be their struct db. On the loop's thread. `node`
 * is this process's name. */
struct unlock *unlock_new(struct loop *loop, struct workers *workers, struct vault_client *vault,
    const char *node) must_check;

/* There is a new vault. On the loop. */
void unlock_start(struct unlock *unlock);

/* After the workers have stopped. */
void unlock_free(struct unlock *unlock);

DEFINE_AUTOFREE(unlock);
