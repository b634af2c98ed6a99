/*
 * vault/client: the way to the vault, the one door to private keys.
 *
 * What it can be asked is in client_keys and client_ca. Any number of threads may use one client;
 * calls are answered one after the other, but for making keys, which takes long and goes a way of
 * its own. When the vault dies, calls fail with ERR_UNAVAILABLE, until the supervisor has handed
 * over the socket of the next; that one is shown the identity first, and refused if it has other
 * keys. Never call the vault inside a database transaction.
 */
#pragma once

#include "base/base.h"
#include "vault/masters.h"

struct err;
struct vault_client;

/* `patience_ms`: how long a call waits for another vault where one has died; 0: not at all. */
struct vault_client *vault_client_new(int64_t patience_ms) must_check;
void vault_client_free(struct vault_client *client);

/* Takes the socket of a new vault; -1 only lets go of the old one. Calls that wait for it fail. */
void vault_client_set_fd(struct vault_client *client, int fd);

/*
 * Have the master keys loaded that the database names, and compare: the current one, which then
 * seals, and those retiring must be there; a pending one should. ERR_CONFLICT: the vault has none
 * of them, or others; every other call is then refused in the same way.
 *
 * Where the database names none yet, `known->n` is 0: then the key that is there is taken, or one
 * is made, and *ret_first must be stored before anything is sealed. Where one is known none is ever
 * made here. ret_first may be NULL otherwise.
 */
bool vault_unlock(struct vault_client *client, const struct vault_masters *known,
    struct vault_master *ret_first, struct err *err) must_check;

/*
 * Have another master key made, by the source that the settings name, and loaded beside those that
 * are. The vault is started anew for that, because one that serves cannot reach its files any more:
 * calls meanwhile wait. *ret is to be stored as pending. One that was made before, and is unknown
 * to the database, is taken up again. ERR_UNAVAILABLE: no new vault has come.
 */
bool vault_make_master(struct vault_client *client, struct vault_master *ret, struct err *err)
    must_check;

/* The vault is started anew in order to load what `known` names and it has not got. Calls wait. */
bool vault_reload(struct vault_client *client, const struct vault_masters *known, struct err *err)
    must_check;

/* From now on what is new is sealed with this one, which is loaded. */
bool vault_seal_with(struct vault_client *client, const char *key_id, struct err *err) must_check;

/* What it was told of master keys last, and which of them the vault holds. */
void vault_client_masters(struct vault_client *client, struct vault_masters *ret);

/* Is it connected, does it hold the right key, and does it answer? Why not, else. Never waits for a
 * running call. */
bool vault_is_ready(struct vault_client *client, struct err *err) must_check;

/*
 * For how long it has not answered what it should have answered by now; 0: nothing is overdue. It
 * may still be at work: that is for the supervisor to see. Never waits.
 */
int64_t vault_overdue_ms(struct vault_client *client);

/* For metrics: how many vaults were ended so far because they hung. Any thread; never waits. */
void vault_client_set_hangs(struct vault_client *client, int64_t n);
int64_t vault_client_hangs(const struct vault_client *client);

/* For metrics: how often something was handed out, and refused, since the key directory was made.
 * ERR_UNAVAILABLE: it does not answer within the second, for whatever reason. */
struct vault_stats {
    int64_t n_opened;
    int64_t n_refused;
};

bool vault_stats_get(struct vault_client *client, struct vault_stats *ret, struct err *err)
    must_check;

DEFINE_AUTOFREE(vault_client);
