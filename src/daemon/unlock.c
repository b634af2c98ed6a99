/* daemon/unlock: see the header. */
#include "daemon/unlock.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"
#include "net/loop.h"
#include "net/workers.h"
#include "store/vault_state.h"
#include "vault/client.h"

#define AGAIN_MS 1000

struct unlock {
    struct loop_timer *timer;
    struct workers *workers;
    struct vault_client *vault;
    _Atomic bool is_running; /* on a worker */
    _Atomic bool is_done;
    char last[512]; /* what was logged last; the worker's, while one runs */
};

static bool read_expected(struct db *db, struct vault_identity *ret, bool *ret_found,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_READ, &tx, err) && store_vault_state_get(tx, ret, ret_found, err) &&
           tx_commit(take(&tx), err);
}

static bool keep(struct db *db, const struct vault_identity *identity, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_WRITE, &tx, err) && store_vault_state_add(tx, identity, err) &&
           tx_commit(take(&tx), err);
}

static bool bring_together(struct db *db, struct vault_client *vault, struct err *err)
{
    struct vault_identity expected, found;
    bool is_expected = false;

    if (!read_expected(db, &expected, &is_expected, err))
        return false;
    if (is_expected)
        return vault_unlock(vault, &expected, &found, err);
    if (!vault_unlock(vault, NULL, &found, err))
        return false;
    if (keep(db, &found, err)) {
        log_info("vault.key_kept", KV_STR("key", found.key_id));
        return true;
    }
    if (err->kind != ERR_CONFLICT)
        return false;
    /* Another node was faster; whether its key is ours is seen by asking again. */
    err_clear(err);
    return read_expected(db, &expected, &is_expected, err) &&
           vault_unlock(vault, &expected, &found, err);
}

static void run(void *state, void *arg)
{
    struct unlock *unlock = arg;
    struct err err = { 0 };

    if (bring_together(state, unlock->vault, &err)) {
        log_info("vault.unlocked");
        unlock->last[0] = '\0';
        atomic_store(&unlock->is_done, true);
    } else if (strcmp(unlock->last, err.msg) != 0) {
        log_error("vault.locked", KV_ERR(&err));
        (void)snprintf(unlock->last, sizeof unlock->last, "%s", err.msg);
    }
    atomic_store(&unlock->is_running, false);
}

static void tick(void *arg)
{
    struct unlock *unlock = arg;
    struct err err = { 0 };

    if (atomic_load(&unlock->is_done))
        return;
    if (!atomic_exchange(&unlock->is_running, true) &&
        !workers_submit(unlock->workers, WORK_REQUEST, run, unlock, &err))
        atomic_store(&unlock->is_running, false);
    loop_timer_start(unlock->timer, AGAIN_MS);
}

struct unlock *unlock_new(struct loop *loop, struct workers *workers, struct vault_client *vault)
{
    struct unlock *unlock = xcalloc(1, sizeof *unlock);

    unlock->workers = workers;
    unlock->vault = vault;
    unlock->timer = loop_timer_new(loop, tick, unlock);
    return unlock;
}

void unlock_start(struct unlock *unlock)
{
    atomic_store(&unlock->is_done, false);
    tick(unlock);
}

void unlock_free(struct unlock *unlock)
{
    if (!unlock)
        return;
    loop_timer_free(unlock->timer);
    free(unlock);
}
