/* daemon/vault_watch: see the header. */
#include "daemon/vault_watch.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/workers.h"
#include "vault/client.h"

#define LOOK_MS 1000
#define ASK_EVERY 3 /* looks */

struct vault_watch {
    struct vault_watch_conf conf;
    struct loop_timer *timer;
    unsigned n_looks;
    _Atomic bool is_asking; /* on a worker */
};

/* What comes of it is seen by how long the answer is overdue. */
static void ask(void *state, void *arg)
{
    struct vault_watch *watch = arg;
    struct vault_stats unused;
    struct err err = { 0 };

    (void)state;
    if (!vault_stats_get(watch->conf.vault, &unused, &err))
        log_debug("vault.not_heard", KV_ERR(&err));
    atomic_store(&watch->is_asking, false);
}

static void look(void *arg)
{
    struct vault_watch *watch = arg;
    int64_t overdue_ms = vault_overdue_ms(watch->conf.vault);
    struct err err = { 0 };

    if (overdue_ms > 0 && !watch->conf.tell(watch->conf.arg, overdue_ms, &err))
        log_debug("vault.not_told", KV_ERR(&err)); /* the supervisor is gone, as is soon seen */
    if (watch->n_looks++ % ASK_EVERY == 0 && !atomic_exchange(&watch->is_asking, true) &&
        !workers_submit(watch->conf.workers, WORK_WATCH, ask, watch, &err))
        atomic_store(&watch->is_asking, false);
    loop_timer_start(watch->timer, LOOK_MS);
}

struct vault_watch *vault_watch_new(const struct vault_watch_conf *conf)
{
    struct vault_watch *watch = xcalloc(1, sizeof *watch);

    watch->conf = *conf;
    watch->timer = loop_timer_new(conf->loop, look, watch);
    loop_timer_start(watch->timer, LOOK_MS);
    return watch;
}

void vault_watch_free(struct vault_watch *watch)
{
    if (!watch)
        return;
    loop_timer_free(watch->timer);
    free(watch);
}
