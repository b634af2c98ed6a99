/* vault/client_watch: does the vault answer, and what are its figures? Nothing here waits for long.
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/frame.h"
#include "vault/client_state.h"
#include "vault/protocol.h"

/* So long may a vault be silent before it is told; and so long is it waited for where only figures
 * are asked for. */
#define SILENCE_MS 10000
#define FIGURES_MS 300

/* When an answer is overdue. To sign, it asks a token for HSM_SIGN_MS and a little; to be unlocked,
 * a token that may be at the other end of a network; to make an authority, one that makes a key. */
#define OVERDUE_MS 15000
#define UNLOCK_OVERDUE_MS 45000
#define CA_OVERDUE_MS 50000

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
        vault_client_lock(client);
        bool is_restarting = client->is_restarting;
        bool ok = client->is_unlocked || is_restarting;

        vault_client_unlock(client);
        return ok ? is_restarting || check_silence(client, err)
                  : fail(err, ERR_UNAVAILABLE, "the vault is being unlocked");
    }
    vault_client_adopt(client);
    lane_drop_late(&client->lane);
    if (client->lane.fd >= 0 && !lane_is_alive(&client->lane))
        vault_client_drop(client);
    bool ok = check_silence(client, err) && vault_client_ensure_unlocked(client, err);

    (void)pthread_mutex_unlock(&client->lane.calling);
    vault_client_lock(client);
    ok = ok || (client->is_restarting && err->kind == ERR_UNAVAILABLE);
    vault_client_unlock(client);
    return ok;
}

/* With `calling` held: as exchange(), of a vault that answers soon or not at all. */
static bool ask_stats(struct vault_client *client, struct buf *in, struct frame_reader *ret,
    struct err *err)
{
    autodone(buf) struct buf nothing = BUF_INIT(VAULT_FRAME_MAX);

    vault_client_adopt(client);
    vault_client_lock(client);
    const bool is_unlocked = client->is_unlocked;

    vault_client_unlock(client);
    if (!is_unlocked)
        return fail(err, ERR_UNAVAILABLE, "the vault has not been unlocked yet");
    if (lane_ask(&client->lane, VAULT_STATS, &nothing, FIGURES_MS, in, ret, err))
        return true;
    if (client->lane.fd < 0)
        vault_client_drop(client);
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
