/* vault/client_master: another master key; the vault is started anew for it. */
#include <string.h>

#include "base/frame.h"
#include "vault/client_call.h"
#include "vault/client_state.h"
#include "vault/protocol.h"

/* Let go of this vault, and wait for the next; what is under way ends first. */
static void begin_restart(struct vault_client *client, bool makes)
{
    (void)pthread_mutex_lock(&client->maker.calling);
    (void)pthread_mutex_lock(&client->lane.calling);
    vault_client_lock(client);
    client->is_restarting = true;
    client->n_restarts++;
    client->wants_new = makes;
    client->has_made = false;
    client->failure = (struct err){ 0 };
    vault_client_unlock(client);
    if (!lane_has_next(&client->lane)) /* the next may be there already */
        vault_client_drop(client);
    (void)pthread_mutex_unlock(&client->lane.calling);
    (void)pthread_mutex_unlock(&client->maker.calling);
}

/* Whoever comes first unlocks the new vault: this, or another call. */
static bool end_restart(struct vault_client *client, struct err *err)
{
    for (;;) {
        bool has_waited = vault_client_wait_for_restart(client);
        struct err failure;

        vault_client_lock(client);
        failure = client->failure;
        bool ok = client->is_unlocked;

        vault_client_unlock(client);
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
    vault_client_lock(client);
    bool ok = client->has_made;

    *ret = client->made;
    client->has_made = false;
    vault_client_unlock(client);
    return ok || fail(err, ERR_UNAVAILABLE, "the vault made no master key");
}

bool vault_reload(struct vault_client *client, const struct vault_masters *known, struct err *err)
{
    vault_client_remember(client, known);
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
    vault_client_lock(client);
    for (size_t i = 0; i < client->masters.n; i++) {
        struct vault_master *master = &client->masters.items[i];

        if (strcmp(master->identity.key_id, key_id) == 0)
            master->state = VAULT_CURRENT;
        else if (master->state == VAULT_CURRENT)
            master->state = VAULT_RETIRING;
    }
    vault_client_unlock(client);
    return true;
}
