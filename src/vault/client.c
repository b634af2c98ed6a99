/*
 * vault/client: see the header.
 *
 * Two lanes lead to a vault: one for making keys, one for all the rest. The second is opened with
 * the request that unlocks. Locks are taken in this order: calling of `maker`, calling of `lane`,
 * `state`.
 *
 * A vault that was started anew on purpose (for a new master key) is waited for; one that died for
 * as long as the caller of vault_client_new(0) has patience.
 */
#include "vault/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/secret.h"
#include "vault/client_call.h"
#include "vault/lane.h"
#include "vault/protocol.h"

/* Deriving a key from a passphrase takes a while, and a token may be slow. */
#define RESTART_MS 15000

/* So long may a vault be silent before it is told; and so long is it waited for where only figures
 * are asked for. */
#define SILENCE_MS 10000
#define FIGURES_MS 300

/* When an answer is overdue. To sign, it asks a token for HSM_SIGN_MS and a little; to be unlocked,
 * a token that may be at the other end of a network; to make an authority, one that makes a key. */
#define OVERDUE_MS 15000
#define UNLOCK_OVERDUE_MS 45000
#define CA_OVERDUE_MS 50000

/* A call that took this long is not repeated: what it asks for may be why the vault hung. */
#define LAST_TRY_MS 30000

/* How often one call may find that its vault has died. */
#define MAX_DEATHS 3

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

struct vault_client *vault_client_new(int64_t patience_ms)
{
    struct vault_client *client = xcalloc(1, sizeof *client);

    client->patience_ms = patience_ms;
    lane_init(&client->lane);
    lane_init(&client->maker);
    (void)pthread_mutex_init(&client->state, NULL);
    clock_cond_init(&client->changed);
    return client;
}

void vault_client_free(struct vault_client *client)
{
    if (!client)
        return;
    lane_done(&client->lane);
    lane_done(&client->maker);
    (void)pthread_mutex_destroy(&client->state);
    (void)pthread_cond_destroy(&client->changed);
    free(client);
}

static void lock_state(struct vault_client *client)
{
    (void)pthread_mutex_lock(&client->state);
}

static void unlock_state(struct vault_client *client)
{
    (void)pthread_mutex_unlock(&client->state);
}

void vault_client_set_fd(struct vault_client *client, int fd)
{
    lane_set_fd(&client->lane, fd);
    lane_set_fd(&client->maker, -1);
    lock_state(client);
    client->is_unlocked = false;
    client->is_closed = fd < 0;
    (void)pthread_cond_broadcast(&client->changed);
    unlock_state(client);
}

/* With `calling` held. */
static void drop(struct vault_client *client)
{
    lane_drop(&client->lane);
    lane_set_fd(&client->maker, -1);
    lock_state(client);
    client->is_unlocked = false;
    unlock_state(client);
}

/* With `calling` held: speak to the newest vault that was handed over. */
static void adopt(struct vault_client *client)
{
    if (lane_has_next(&client->lane)) {
        client->has_maker = false;
        client->n_vaults++;
    }
    lane_adopt(&client->lane);
}

/* With `calling` held: one request on the first lane. */
static bool exchange(struct vault_client *client, enum vault_request type,
    const struct buf *payload, struct buf *in, struct frame_reader *ret, struct err *err)
{
    if (lane_exchange(&client->lane, type, payload, -1, in, ret, err))
        return true;
    if (client->lane.fd < 0)
        drop(client);
    return false;
}

/* Every vault to come is shown this first. */
static void remember(struct vault_client *client, const struct vault_masters *masters)
{
    lock_state(client);
    client->is_known = masters->n > 0;
    client->masters = *masters;
    unlock_state(client);
}

void vault_client_masters(struct vault_client *client, struct vault_masters *ret)
{
    lock_state(client);
    *ret = client->masters;
    unlock_state(client);
}

/* With `calling` held: ask a vault to load `known`, which learns what is loaded. */
static bool exchange_unlock(struct vault_client *client, struct vault_masters *known, bool makes,
    struct vault_master *made, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    autoclose int theirs = -1;
    int ours = -1;
    struct frame_reader r;

    frame_put_bool(&payload, makes);
    buf_add_u8(&payload, (uint8_t)known->n);
    for (size_t i = 0; i < known->n; i++)
        vault_put_master(&payload, &known->items[i]);
    if (!client->has_maker && !frame_pair(&ours, &theirs, err))
        return false;
    if (!lane_exchange(&client->lane, VAULT_UNLOCK, &payload, theirs, &in, &r, err)) {
        fd_close(ours);
        return false;
    }
    if (ours >= 0)
        lane_set_fd(&client->maker, ours);
    client->has_maker = true;
    uint32_t loaded = frame_read_u32(&r);

    for (size_t i = 0; i < known->n; i++)
        known->items[i].is_loaded = (loaded & (UINT32_C(1) << i)) != 0;
    if (frame_read_bool(&r))
        vault_read_master(&r, made);
    made->is_loaded = true;
    return frame_reader_end(&r, err);
}

/* How the restart went, for whoever waits for it. */
static void tell_unlocked(struct vault_client *client, const struct vault_masters *known,
    const struct vault_master *made, bool has_made)
{
    lock_state(client);
    client->masters = *known;
    client->is_known = true;
    if (has_made) {
        if (client->masters.n < VAULT_MASTERS_MAX)
            client->masters.items[client->masters.n++] = *made;
        client->made = *made;
        client->has_made = client->wants_new;
        client->wants_new = false;
    }
    client->is_unlocked = !lane_has_next(&client->lane);
    client->is_restarting = false;
    client->failure = (struct err){ 0 };
    (void)pthread_cond_broadcast(&client->changed);
    unlock_state(client);
}

/* A vault that is not there may come; one that refuses ends the waiting. */
static void tell_failed(struct vault_client *client, const struct err *err)
{
    lock_state(client);
    if (client->is_restarting && err->kind != ERR_UNAVAILABLE) {
        client->is_restarting = client->wants_new = false;
        client->failure = *err;
        (void)pthread_cond_broadcast(&client->changed);
    }
    unlock_state(client);
}

/* With `calling` held. */
static bool unlock(struct vault_client *client, const struct vault_masters *known,
    struct vault_master *ret_first, struct err *err)
{
    struct vault_masters copy = *known;
    struct vault_master made = { 0 };

    lock_state(client);
    bool makes = client->wants_new || copy.n == 0;

    unlock_state(client);
    adopt(client);
    if (!exchange_unlock(client, &copy, makes, &made, err)) {
        if (client->lane.fd < 0)
            drop(client);
        tell_failed(client, err);
        return false;
    }
    tell_unlocked(client, &copy, &made, makes);
    if (makes && ret_first)
        *ret_first = made;
    return true;
}

bool vault_unlock(struct vault_client *client, const struct vault_masters *known,
    struct vault_master *ret_first, struct err *err)
{
    struct vault_masters copy = *known;

    ASSERT(copy.n > 0 || ret_first);
    if (copy.n > 0)
        remember(client, &copy);
    (void)pthread_mutex_lock(&client->lane.calling);
    bool ok = unlock(client, &copy, ret_first, err);

    (void)pthread_mutex_unlock(&client->lane.calling);
    return ok;
}

/* With `calling` held: a vault that was started meanwhile shows its key first. */
static bool ensure_unlocked(struct vault_client *client, struct err *err)
{
    struct vault_masters known;

    adopt(client);
    lock_state(client);
    bool done = client->is_unlocked, is_known = client->is_known;

    known = client->masters;
    unlock_state(client);
    if (done)
        return true;
    if (!is_known)
        return fail(err, ERR_UNAVAILABLE, "the vault has not been unlocked yet");
    return unlock(client, &known, NULL, err);
}

/* Asked something, it has not answered for long: it hangs, or what it asks in turn does. */
static bool check_silence(struct vault_client *client, struct err *err)
{
    const int64_t silent_ms = lane_silent_ms(&client->lane, NULL);

    return silent_ms < SILENCE_MS ||
           fail(err, ERR_UNAVAILABLE, "the vault has not answered for %" PRId64 " s",
               silent_ms / 1000);
}

static int64_t overdue_ms(struct lane *lane)
{
    enum vault_request asked;
    int64_t silent_ms = lane_silent_ms(lane, &asked);
    int64_t limit_ms = asked == VAULT_UNLOCK    ? UNLOCK_OVERDUE_MS
                       : asked == VAULT_CA_MAKE ? CA_OVERDUE_MS
                                                : OVERDUE_MS;

    return silent_ms >= limit_ms ? silent_ms : 0;
}

int64_t vault_overdue_ms(struct vault_client *client)
{
    int64_t a = overdue_ms(&client->lane), b = overdue_ms(&client->maker);

    return a > b ? a : b;
}

void vault_client_set_hangs(struct vault_client *client, int64_t n)
{
    atomic_store(&client->n_hangs, n);
}

int64_t vault_client_hangs(const struct vault_client *client)
{
    return atomic_load(&client->n_hangs);
}

bool vault_is_ready(struct vault_client *client, struct err *err)
{
    if (pthread_mutex_trylock(&client->lane.calling) != 0) {
        /* Somebody is speaking with it. */
        lock_state(client);
        bool is_restarting = client->is_restarting;
        bool ok = client->is_unlocked || is_restarting;

        unlock_state(client);
        return ok ? is_restarting || check_silence(client, err)
                  : fail(err, ERR_UNAVAILABLE, "the vault is being unlocked");
    }
    adopt(client);
    lane_drop_late(&client->lane);
    if (client->lane.fd >= 0 && !lane_is_alive(&client->lane))
        drop(client);
    bool ok = check_silence(client, err) && ensure_unlocked(client, err);

    (void)pthread_mutex_unlock(&client->lane.calling);
    lock_state(client);
    ok = ok || (client->is_restarting && err->kind == ERR_UNAVAILABLE);
    unlock_state(client);
    return ok;
}

/* With `state` held: wait for a vault to come, or for the restart to end. False: neither. */
static bool wait_for_next(struct vault_client *client, bool on_purpose, int64_t ms)
{
    struct timespec until = clock_deadline(ms);

    while (!client->is_closed && !lane_has_next(&client->lane)) {
        if (on_purpose ? !client->is_restarting : client->is_unlocked)
            return true;
        if (pthread_cond_timedwait(&client->changed, &client->state, &until) == ETIMEDOUT)
            return false;
    }
    return !client->is_closed;
}

/* Wait while a vault is started anew on purpose. False: it is not, or takes too long. */
static bool wait_for_restart(struct vault_client *client)
{
    lock_state(client);
    bool was_restarting = client->is_restarting;
    bool has_come = was_restarting && wait_for_next(client, true, RESTART_MS);

    if (!has_come)
        client->is_restarting = client->wants_new = false;
    unlock_state(client);
    return has_come;
}

/* The supervisor starts another where one died. */
static bool wait_for_another(struct vault_client *client)
{
    lock_state(client);
    bool has_come = client->is_known && client->patience_ms > 0 &&
                    wait_for_next(client, false, client->patience_ms);

    unlock_state(client);
    return has_come;
}

static int64_t count_restarts(struct vault_client *client)
{
    lock_state(client);
    int64_t n = client->n_restarts;

    unlock_state(client);
    return n;
}

/* On the first lane. */
static bool call_once(struct vault_client *client, enum vault_request type,
    const struct buf *payload, struct buf *in, struct frame_reader *ret, bool *ret_answered,
    struct err *err)
{
    (void)pthread_mutex_lock(&client->lane.calling);
    bool is_there = ensure_unlocked(client, err);
    bool ok = is_there && exchange(client, type, payload, in, ret, err);

    *ret_answered = is_there && client->lane.fd >= 0;
    (void)pthread_mutex_unlock(&client->lane.calling);
    return ok;
}

/* On the lane for making keys. When that fails nobody knows what the vault is at: both lanes are
 * given up. */
static bool call_maker(struct vault_client *client, enum vault_request type,
    const struct buf *payload, struct buf *in, struct frame_reader *ret, bool *ret_answered,
    struct err *err)
{
    (void)pthread_mutex_lock(&client->maker.calling);
    (void)pthread_mutex_lock(&client->lane.calling);
    bool is_there = ensure_unlocked(client, err);
    int64_t which = client->n_vaults;

    (void)pthread_mutex_unlock(&client->lane.calling);
    lane_adopt(&client->maker);
    bool ok = is_there && lane_exchange(&client->maker, type, payload, -1, in, ret, err);
    bool is_broken = is_there && !ok && client->maker.fd < 0;

    if (is_broken) {
        (void)pthread_mutex_lock(&client->lane.calling);
        if (client->n_vaults == which)
            drop(client);
        (void)pthread_mutex_unlock(&client->lane.calling);
    }
    *ret_answered = is_there && !is_broken;
    (void)pthread_mutex_unlock(&client->maker.calling);
    return ok;
}

/*
 * One call: `in`, the caller's, keeps the answer that *ret reads from. The payload of requests may
 * hold secrets, as may answers, so the callers' bufs are wiped. Asked again where another
 * vault has come meanwhile: no request changes anything but what lies in a token, so none is the
 * worse for it. A vault that says that something else is away was answering.
 */
bool vault_call(struct vault_client *client, enum vault_request type, const struct buf *payload,
    struct buf *in, struct frame_reader *ret, struct err *err)
{
    const int64_t begun_ms = clock_mono_ms();

    for (int n_deaths = 0;;) {
        int64_t n = count_restarts(client);
        bool is_slow = type == VAULT_MAKE_KEY || type == VAULT_CA_MAKE;
        bool is_answered = false;
        bool ok = is_slow ? call_maker(client, type, payload, in, ret, &is_answered, err)
                          : call_once(client, type, payload, in, ret, &is_answered, err);

        if (ok)
            return true;
        if (err->kind != ERR_UNAVAILABLE || is_answered)
            return false;
        if (clock_mono_ms() - begun_ms >= LAST_TRY_MS)
            return fail(err, ERR_UNAVAILABLE, "the vault does not answer");
        if (!wait_for_restart(client) && count_restarts(client) == n &&
            (n_deaths++ == MAX_DEATHS || !wait_for_another(client)))
            return false;
        err_clear(err);
    }
}

/* Let go of this vault, and wait for the next; what is under way ends first. */
static void begin_restart(struct vault_client *client, bool makes)
{
    (void)pthread_mutex_lock(&client->maker.calling);
    (void)pthread_mutex_lock(&client->lane.calling);
    lock_state(client);
    client->is_restarting = true;
    client->n_restarts++;
    client->wants_new = makes;
    client->has_made = false;
    client->failure = (struct err){ 0 };
    unlock_state(client);
    if (!lane_has_next(&client->lane)) /* the next may be there already */
        drop(client);
    (void)pthread_mutex_unlock(&client->lane.calling);
    (void)pthread_mutex_unlock(&client->maker.calling);
}

/* Whoever comes first unlocks the new vault: this, or another call. */
static bool end_restart(struct vault_client *client, struct err *err)
{
    for (;;) {
        bool has_waited = wait_for_restart(client);
        struct err failure;

        lock_state(client);
        failure = client->failure;
        bool ok = client->is_unlocked;

        unlock_state(client);
        if (failure.kind) {
            *err = failure;
            return false;
        }
        if (ok)
            return true;
        if (!has_waited)
            return fail(err, ERR_UNAVAILABLE, "no new vault has come");
        if (!vault_is_ready(client, err) && err->kind != ERR_UNAVAILABLE)
            return false;
        err_clear(err);
    }
}

bool vault_make_master(struct vault_client *client, struct vault_master *ret, struct err *err)
{
    begin_restart(client, true);
    if (!end_restart(client, err))
        return false;
    lock_state(client);
    bool ok = client->has_made;

    *ret = client->made;
    client->has_made = false;
    unlock_state(client);
    return ok || fail(err, ERR_UNAVAILABLE, "the vault made no master key");
}

bool vault_reload(struct vault_client *client, const struct vault_masters *known, struct err *err)
{
    remember(client, known);
    begin_restart(client, false);
    return end_restart(client, err);
}

bool vault_seal_with(struct vault_client *client, const char *key_id, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_text(&payload, key_id);
    if (!vault_call(client, VAULT_SEAL_WITH, &payload, &in, &r, err) || !frame_reader_end(&r, err))
        return false;
    lock_state(client);
    for (size_t i = 0; i < client->masters.n; i++) {
        struct vault_master *master = &client->masters.items[i];

        if (strcmp(master->identity.key_id, key_id) == 0)
            master->state = VAULT_CURRENT;
        else if (master->state == VAULT_CURRENT)
            master->state = VAULT_RETIRING;
    }
    unlock_state(client);
    return true;
}

/* With `calling` held: as exchange(), of a vault that answers soon or not at all. */
static bool ask_stats(struct vault_client *client, struct buf *in, struct frame_reader *ret,
    struct err *err)
{
    autodone(buf) struct buf nothing = BUF_INIT(VAULT_FRAME_MAX);

    adopt(client);
    lock_state(client);
    const bool is_unlocked = client->is_unlocked;

    unlock_state(client);
    if (!is_unlocked)
        return fail(err, ERR_UNAVAILABLE, "the vault has not been unlocked yet");
    if (lane_ask(&client->lane, VAULT_STATS, &nothing, FIGURES_MS, in, ret, err))
        return true;
    if (client->lane.fd < 0)
        drop(client);
    return false;
}

/* What pthread_mutex_clocklock() does, which the thread sanitizer does not know. */
static bool lock_soon(pthread_mutex_t *mutex, int64_t patience_ms)
{
    const struct timespec nap = { .tv_nsec = 2000000 };
    const int64_t deadline_ms = clock_mono_ms() + patience_ms;

    while (pthread_mutex_trylock(mutex) != 0) {
        if (clock_mono_ms() >= deadline_ms)
            return false;
        (void)nanosleep(&nap, NULL);
    }
    return true;
}

bool vault_stats_get(struct vault_client *client, struct vault_stats *ret, struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (!lock_soon(&client->lane.calling, FIGURES_MS))
        return fail(err, ERR_UNAVAILABLE, "the vault is busy");
    const bool ok = ask_stats(client, &in, &r, err);

    (void)pthread_mutex_unlock(&client->lane.calling);
    if (!ok)
        return false;
    ret->n_opened = frame_read_i64(&r);
    ret->n_refused = frame_read_i64(&r);
    return frame_reader_end(&r, err);
}
