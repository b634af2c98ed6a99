/* daemon/unlock: see the header. */
#include "daemon/unlock.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"
#include "net/loop.h"
#include "net/workers.h"
#include "store/vault_state.h"
#include "vault/client.h"

#define AGAIN_MS 1000  /* until it worked, and while a key is being rotated */
#define FOLLOW_MS 3000 /* how soon another node's rotation is noticed */

/* A vault is started anew for a key that it lacks; not more often than somebody can put it there.
 */
#define RELOAD_SECONDS 10

struct unlock {
    struct loop_timer *timer;
    struct workers *workers;
    struct vault_client *vault;
    char node[128];
    _Atomic bool is_running; /* on a worker */
    _Atomic bool is_done;
    _Atomic bool is_rotating;

    /* The worker's, while one runs. */
    int64_t now;
    int64_t reloaded_at;
    char last[512]; /* what was logged last */
};

static bool read_masters(struct db *db, struct vault_masters *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_READ, &tx, err) && store_masters_get(tx, ret, err) &&
           tx_commit(take(&tx), err);
}

static bool keep(struct db *db, const struct vault_master *first, int64_t now, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_WRITE, &tx, err) && store_master_add(tx, first, now, err) &&
           tx_commit(take(&tx), err);
}

static bool bring_together(struct unlock *unlock, struct db *db, struct vault_masters *known,
    struct err *err)
{
    struct vault_master first;

    if (known->n > 0)
        return vault_unlock(unlock->vault, known, NULL, err);
    if (!vault_unlock(unlock->vault, known, &first, err))
        return false;
    if (keep(db, &first, unlock->now, err)) {
        log_info("vault.key_kept", KV_STR("key", first.identity.key_id),
            KV_STR("source", vault_source_name(first.source)));
        return true;
    }
    if (err->kind != ERR_CONFLICT)
        return false;
    /* Another node was faster; whether its key is ours is seen by asking again. */
    err_clear(err);
    return read_masters(db, known, err) && vault_unlock(unlock->vault, known, NULL, err);
}

static bool is_held(const struct vault_masters *held, const struct vault_master *wanted)
{
    for (size_t i = 0; i < held->n; i++)
        if (held->items[i].is_loaded &&
            strcmp(held->items[i].identity.key_id, wanted->identity.key_id) == 0)
            return true;
    return false;
}

static bool lacks_any(const struct vault_masters *held, const struct vault_masters *known)
{
    for (size_t i = 0; i < known->n; i++)
        if (known->items[i].state != VAULT_RETIRED && !is_held(held, &known->items[i]))
            return true;
    return false;
}

static bool is_rotating(const struct vault_masters *known)
{
    return vault_masters_in(known, VAULT_PENDING) || vault_masters_in(known, VAULT_RETIRING);
}

/* Load what is new, and seal with what is current. */
static bool follow(struct unlock *unlock, const struct vault_masters *known, struct err *err)
{
    const struct vault_master *current = vault_masters_in(known, VAULT_CURRENT);
    const struct vault_master *sealing;
    struct vault_masters held;

    vault_client_masters(unlock->vault, &held);
    if (lacks_any(&held, known) && unlock->now - unlock->reloaded_at >= RELOAD_SECONDS) {
        unlock->reloaded_at = unlock->now;
        log_info("vault.reloading");
        if (!vault_reload(unlock->vault, known, err))
            return false;
        vault_client_masters(unlock->vault, &held);
    }
    sealing = vault_masters_in(&held, VAULT_CURRENT);
    if (!current || (sealing && strcmp(sealing->identity.key_id, current->identity.key_id) == 0))
        return true;
    log_info("vault.seals_with", KV_STR("key", current->identity.key_id));
    return vault_seal_with(unlock->vault, current->identity.key_id, err);
}

/* How far this node is, for whoever waits for all of them. */
static bool tell(struct unlock *unlock, struct db *db, const char *problem, struct err *err)
{
    autodone(buf) struct buf ids = BUF_INIT(VAULT_MASTERS_MAX * VAULT_KEY_ID_SIZE + 1);
    autofree(tx) struct tx *tx = NULL;
    const struct vault_master *sealing;
    struct vault_masters held;
    struct err locked = { 0 };

    vault_client_masters(unlock->vault, &held);
    for (size_t i = 0; i < held.n; i++)
        if (held.items[i].is_loaded)
            buf_addf(&ids, "%s%s", ids.size > 0 ? " " : "", held.items[i].identity.key_id);
    sealing =
        vault_is_ready(unlock->vault, &locked) ? vault_masters_in(&held, VAULT_CURRENT) : NULL;
    struct vault_node node = { .name = unlock->node,
        .key_ids = buf_text(&ids),
        .sealing_id = sealing ? sealing->identity.key_id : "",
        .problem = problem,
        .seen_at = unlock->now };

    return tx_begin(db, TX_WRITE, &tx, err) && store_vault_node_put(tx, &node, err) &&
           tx_commit(take(&tx), err);
}

static bool settle(struct unlock *unlock, struct db *db, struct err *err)
{
    struct vault_masters known;
    struct err untold = { 0 };

    if (!read_masters(db, &known, err))
        return false;
    bool was_done = atomic_load(&unlock->is_done);
    bool ok = was_done ? follow(unlock, &known, err) : bring_together(unlock, db, &known, err);

    atomic_store(&unlock->is_rotating, is_rotating(&known));
    if (is_rotating(&known) && !tell(unlock, db, ok ? "" : err->msg, &untold))
        log_warning("vault.not_told", KV_ERR(&untold));
    if (ok && !was_done)
        log_info("vault.unlocked");
    return ok;
}

static void run(void *state, void *arg)
{
    struct unlock *unlock = arg;
    struct err err = { 0 };

    if (settle(unlock, state, &err)) {
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
    bool is_calm = atomic_load(&unlock->is_done) && !atomic_load(&unlock->is_rotating);

    if (!atomic_exchange(&unlock->is_running, true)) {
        unlock->now = clock_now();
        if (!workers_submit(unlock->workers, WORK_REQUEST, run, unlock, &err))
            atomic_store(&unlock->is_running, false);
    }
    loop_timer_start(unlock->timer, is_calm ? FOLLOW_MS : AGAIN_MS);
}

struct unlock *unlock_new(struct loop *loop, struct workers *workers, struct vault_client *vault,
    const char *node)
{
    struct unlock *unlock = xcalloc(1, sizeof *unlock);

    unlock->workers = workers;
    unlock->vault = vault;
    (void)snprintf(unlock->node, sizeof unlock->node, "%s", node);
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
