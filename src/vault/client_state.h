/*
 * vault/client_state: what the files of vault/client know of a client. Not for others.
 *
 * Locks are taken in this order: calling of `maker`, calling of `lane`, `state`.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"
#include "base/err.h"
#include "vault/client.h"
#include "vault/lane.h"

struct vault_client {
    struct lane lane;
    struct lane maker;
    bool has_maker;   /* with calling of `lane`: this vault has the other lane's socket */
    int64_t n_vaults; /* with calling of `lane`: which vault this is */

    pthread_mutex_t state;
    pthread_cond_t changed;
    int64_t patience_ms;
    bool is_closed;     /* there will be no other */
    bool is_unlocked;   /* this vault has shown that it has the right key */
    bool is_restarting; /* on purpose; somebody waits for the next */
    int64_t n_restarts;
    bool is_known;  /* `masters` is the database's, or what it was told to keep */
    bool wants_new; /* the next vault is to make a master key */
    bool has_made;
    struct vault_masters masters;
    struct vault_master made;
    struct err failure; /* of the restart; kind 0: none */

    _Atomic int64_t n_hangs;
};

/* Around `state`. */
void vault_client_lock(struct vault_client *client);
void vault_client_unlock(struct vault_client *client);

/* With `calling` of the first lane held: speak to the newest vault that was handed over; let go of
 * this one. */
void vault_client_adopt(struct vault_client *client);
void vault_client_drop(struct vault_client *client);

/* With `calling` of the first lane held: a vault that was started meanwhile shows its key first. */
bool vault_client_ensure_unlocked(struct vault_client *client, struct err *err) must_check;

/* Every vault to come is shown this first. */
void vault_client_remember(struct vault_client *client, const struct vault_masters *masters);

/* Wait while a vault is started anew on purpose. False: it is not, or takes too long. */
bool vault_client_wait_for_restart(struct vault_client *client);
