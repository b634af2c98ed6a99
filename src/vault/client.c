/*
 * vault/client: see the header.
 *
 * Two lanes lead to a vault: one for making keys, one for all the rest. The second is opened with
 * the request that unlocks.
 *
 * A vault that was started anew on purpose (for a new master key) is waited for; one that died for
 * as long as the caller of vault_client_new(0) has patience.
 */
#include "vault/client.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/secret.h"
#include "vault/client_call.h"
#include "vault/client_state.h"
#include "vault/protocol.h"

/* Deriving a key from a passphrase takes a while, and a token may be slow. */
#define RESTART_MS 15000

/* A call that took this long is not repeated: what it asks for may be why the vault hung. */
#define LAST_TRY_MS 30000

/* How often one call may find that its vault has died. */
#define MAX_DEATHS 3

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

void vault_client_lock(struct vault_client *client)
{
    (void)pthread_mutex_lock(&client->state);
}

void vault_client_unlock(struct vault_client *client)
{
    (void)pthread_mutex_unlock(&client->state);
}

void vault_client_set_fd(struct vault_client *client, int fd)
{
    lane_set_fd(&client->lane, fd);
    lane_set_fd(&client->maker, -1);
    vault_client_lock(client);
    client->is_unlocked = false;
    client->is_closed = fd < 0;
    (void)pthread_cond_broadcast(&client->changed);
    vault_client_unlock(client);
}

void vault_client_drop(struct vault_client *client)
{
    lane_drop(&client->lane);
    lane_set_fd(&client->maker, -1);
    vault_client_lock(client);
    client->is_unlocked = false;
    vault_client_unlock(client);
}

void vault_client_adopt(struct vault_client *client)
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
        vault_client_drop(client);
    return false;
}

void vault_client_remember(struct vault_client *client, const struct vault_masters *masters)
{
    vault_client_lock(client);
    client->is_known = masters->n > 0;
    client->masters = *masters;
    vault_client_unlock(client);
}

void vault_client_masters(struct vault_client *client, struct vault_masters *ret)
{
    vault_client_lock(client);
    *ret = client->masters;
    vault_client_unlock(client);
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
    vault_client_lock(client);
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
    vault_client_unlock(client);
}

/* A vault that is not there may come; one that refuses ends the waiting. */
static void tell_failed(struct vault_client *client, const struct err *err)
{
    vault_client_lock(client);
    if (client->is_restarting && err->kind != ERR_UNAVAILABLE) {
        client->is_restarting = client->wants_new = false;
        client->failure = *err;
        (void)pthread_cond_broadcast(&client->changed);
    }
    vault_client_unlock(client);
}

/* With `calling` held. */
static bool unlock(struct vault_client *client, const struct vault_masters *known,
    struct vault_master *ret_first, struct err *err)
{
    struct vault_masters copy = *known;
    struct vault_master made = { 0 };

    vault_client_lock(client);
    bool makes = client->wants_new || copy.n == 0;

    vault_client_unlock(client);
    vault_client_adopt(client);
    if (!exchange_unlock(client, &copy, makes, &made, err)) {
        if (client->lane.fd < 0)
            vault_client_drop(client);
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
        vault_client_remember(client, &copy);
    (void)pthread_mutex_lock(&client->lane.calling);
    bool ok = unlock(client, &copy, ret_first, err);

    (void)pthread_mutex_unlock(&client->lane.calling);
    return ok;
}

bool vault_client_ensure_unlocked(struct vault_client *client, struct err *err)
{
    struct vault_masters known;

    vault_client_adopt(client);
    vault_client_lock(client);
    bool done = client->is_unlocked, is_known = client->is_known;

    known = client->masters;
    vault_client_unlock(client);
    if (done)
        return true;
    if (!is_known)
        return fail(err, ERR_UNAVAILABLE, "the vault has not been unlocked yet");
    return unlock(client, &known, NULL, err);
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

bool vault_client_wait_for_restart(struct vault_client *client)
{
    vault_client_lock(client);
    bool was_restarting = client->is_restarting;
    bool has_come = was_restarting && wait_for_next(client, true, RESTART_MS);

    if (!has_come)
        client->is_restarting = client->wants_new = false;
    vault_client_unlock(client);
    return has_come;
}

/* The supervisor starts another where one died. */
static bool wait_for_another(struct vault_client *client)
{
    vault_client_lock(client);
    bool has_come = client->is_known && client->patience_ms > 0 &&
                    wait_for_next(client, false, client->patience_ms);

    vault_client_unlock(client);
    return has_come;
}

static int64_t count_restarts(struct vault_client *client)
{
    vault_client_lock(client);
    int64_t n = client->n_restarts;

    vault_client_unlock(client);
    return n;
}

/* On the first lane. */
static bool call_once(struct vault_client *client, enum vault_request type,
    const struct buf *payload, struct buf *in, struct frame_reader *ret, bool *ret_answered,
    struct err *err)
{
    (void)pthread_mutex_lock(&client->lane.calling);
    bool is_there = vault_client_ensure_unlocked(client, err);
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
    bool is_there = vault_client_ensure_unlocked(client, err);
    int64_t which = client->n_vaults;

    (void)pthread_mutex_unlock(&client->lane.calling);
    lane_adopt(&client->maker);
    bool ok = is_there && lane_exchange(&client->maker, type, payload, -1, in, ret, err);
    bool is_broken = is_there && !ok && client->maker.fd < 0;

    if (is_broken) {
        (void)pthread_mutex_lock(&client->lane.calling);
        if (client->n_vaults == which)
            vault_client_drop(client);
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
        if (!vault_client_wait_for_restart(client) && count_restarts(client) == n &&
            (n_deaths++ == MAX_DEATHS || !wait_for_another(client)))
            return false;
        err_clear(err);
    }
}
