/*
 * daemon/unlock: bring vault and database together.
 *
 * The database knows which master key it belongs to. A vault that came first makes one; a vault
 * with another is not used, and the server is not ready until somebody has put that right. Tried on
 * a worker whenever a vault is new, and every second until it worked.
 */
#pragma once

#include "base/base.h"

struct loop;
struct unlock;
struct vault_client;
struct workers;

/* All of them outlive it. The workers' state must be their struct db. On the loop's thread. */
struct unlock *unlock_new(struct loop *loop, struct workers *workers, struct vault_client *vault)
    must_check;

/* There is a new vault. On the loop. */
void unlock_start(struct unlock *unlock);

/* After the workers have stopped. */
void unlock_free(struct unlock *unlock);

DEFINE_AUTOFREE(unlock);
