/*
 * vault/client: see the header.
 *
 * `calling` is held for the length of a call, `state` only for a moment: so a new socket can be
 * handed over while a call waits on the old one, which is shut down and fails. Lock `calling`
 * before `state`.
 */
#include "vault/client.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/secret.h"
#include "vault/protocol.h"

/* An RSA key of 4096 bits can take long on a small machine. */
#define CALL_TIMEOUT_MS 60000

struct vault_client {
    pthread_mutex_t calling;
    uint32_t n_calls;
    int fd; /* changes under both locks */

    pthread_mutex_t state;
    int next_fd; /* -1: none, or let go of the old one */
    bool has_next;
    bool is_unlocked;  /* this vault has shown that it has the right key */
    bool has_identity; /* the database's, or what it was told to keep */
    struct vault_identity identity;
};

struct vault_client *vault_client_new(void)
{
    struct vault_client *client = xcalloc(1, sizeof *client);

    client->fd = client->next_fd = -1;
    (void)pthread_mutex_init(&client->calling, NULL);
    (void)pthread_mutex_init(&client->state, NULL);
    return client;
}

void vault_client_free(struct vault_client *client)
{
    if (!client)
        return;
    fd_close(client->fd);
    fd_close(client->next_fd);
    (void)pthread_mutex_destroy(&client->calling);
    (void)pthread_mutex_destroy(&client->state);
    free(client);
}

void vault_client_set_fd(struct vault_client *client, int fd)
{
    (void)pthread_mutex_lock(&client->state);
    if (client->fd >= 0)
        (void)shutdown(client->fd, SHUT_RDWR);
    fd_close(client->next_fd);
    client->next_fd = fd;
    client->has_next = true;
    client->is_unlocked = false;
    (void)pthread_mutex_unlock(&client->state);
}

/* With `calling` held: use the socket that was handed over last. */
static void adopt(struct vault_client *client)
{
    (void)pthread_mutex_lock(&client->state);
    if (client->has_next) {
        fd_close(client->fd);
        client->fd = client->next_fd;
        client->next_fd = -1;
        client->has_next = false;
    }
    (void)pthread_mutex_unlock(&client->state);
}

/* With `calling` held: this vault is gone, or has lost the thread. */
static void drop(struct vault_client *client)
{
    (void)pthread_mutex_lock(&client->state);
    fd_close(client->fd);
    client->fd = -1;
    client->is_unlocked = false;
    (void)pthread_mutex_unlock(&client->state);
}

static bool exchange_frames(struct vault_client *client, enum vault_request type,
    struct span payload, struct buf *in, struct frame *ret, struct err *err)
{
    struct frame request = { .request = ++client->n_calls,
        .type = (uint16_t)type,
        .payload = payload };

    if (!frame_send(client->fd, &request, NULL, 0, err) ||
        !frame_receive(client->fd, CALL_TIMEOUT_MS, in, ret, NULL, NULL, err))
        return false;
    if (ret->request != request.request || (ret->type != VAULT_DONE && ret->type != VAULT_FAILED))
        return fail(err, ERR_INTERNAL, "the vault answered something else");
    return true;
}

/* With `calling` held. `in` keeps the answer that *ret reads from. */
static bool exchange(struct vault_client *client, enum vault_request type,
    const struct buf *payload, struct buf *in, struct frame_reader *ret, struct err *err)
{
    struct frame answer;

    if (!buf_check(payload, "a request to the vault", err))
        return false;
    adopt(client);
    if (client->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "the vault is not running");
    if (!exchange_frames(client, type, buf_span(payload), in, &answer, err)) {
        drop(client);
        err->kind = ERR_UNAVAILABLE;
        return err_wrap(err, "the vault did not answer");
    }
    *ret = frame_reader_of(answer.payload);
    return answer.type == VAULT_DONE || frame_read_err(ret, err);
}

/* Every vault to come is shown this first. */
static void remember(struct vault_client *client, const struct vault_identity *identity)
{
    (void)pthread_mutex_lock(&client->state);
    client->has_identity = true;
    client->identity = *identity;
    (void)pthread_mutex_unlock(&client->state);
}

static bool unlock(struct vault_client *client, const struct vault_identity *expected,
    struct vault_identity *ret, struct err *err)
{
    static const struct vault_identity nobody;
    const struct vault_identity *shown = expected ? expected : &nobody;
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct vault_identity found;
    struct frame_reader r;

    frame_put_bool(&payload, expected != NULL);
    frame_put_text(&payload, shown->key_id);
    buf_add(&payload, shown->check, sizeof shown->check);
    if (!exchange(client, VAULT_UNLOCK, &payload, &in, &r, err))
        return false;
    frame_read_text_to(&r, found.key_id, sizeof found.key_id);
    frame_read_fixed(&r, found.check, sizeof found.check);
    if (!frame_reader_end(&r, err))
        return false;
    *ret = found;
    remember(client, expected ? expected : &found);
    (void)pthread_mutex_lock(&client->state);
    client->is_unlocked = !client->has_next;
    (void)pthread_mutex_unlock(&client->state);
    return true;
}

bool vault_unlock(struct vault_client *client, const struct vault_identity *expected,
    struct vault_identity *ret, struct err *err)
{
    struct vault_identity copy;

    if (expected) {
        copy = *expected; /* `ret` may be the same */
        remember(client, &copy);
    }
    (void)pthread_mutex_lock(&client->calling);
    bool ok = unlock(client, expected ? &copy : NULL, ret, err);

    (void)pthread_mutex_unlock(&client->calling);
    return ok;
}

/* With `calling` held: a vault that was started meanwhile shows its key first. */
static bool ensure_unlocked(struct vault_client *client, struct err *err)
{
    struct vault_identity expected, ignored;

    adopt(client);
    (void)pthread_mutex_lock(&client->state);
    bool done = client->is_unlocked, known = client->has_identity;

    expected = client->identity;
    (void)pthread_mutex_unlock(&client->state);
    if (done)
        return true;
    if (!known)
        return fail(err, ERR_UNAVAILABLE, "the vault has not been unlocked yet");
    return unlock(client, &expected, &ignored, err);
}

/* Does the other end still hold its socket? */
static bool is_alive(int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLIN };

    return fd >= 0 && poll(&look, 1, 0) == 0;
}

bool vault_is_ready(struct vault_client *client, struct err *err)
{
    if (pthread_mutex_trylock(&client->calling) != 0) {
        /* Somebody is speaking with it. */
        (void)pthread_mutex_lock(&client->state);
        bool ok = client->is_unlocked;

        (void)pthread_mutex_unlock(&client->state);
        return ok || fail(err, ERR_UNAVAILABLE, "the vault is being unlocked");
    }
    adopt(client);
    if (client->fd >= 0 && !is_alive(client->fd))
        drop(client);
    bool ok = ensure_unlocked(client, err);

    (void)pthread_mutex_unlock(&client->calling);
    return ok;
}

/*
 * One call: `in`, the caller's, keeps the answer that *ret reads from. The payload of requests may
 * hold secrets, as may answers, so the callers' bufs are wiped.
 */
static bool call(struct vault_client *client, enum vault_request type, const struct buf *payload,
    struct buf *in, struct frame_reader *ret, struct err *err)
{
    (void)pthread_mutex_lock(&client->calling);
    bool ok = ensure_unlocked(client, err) && exchange(client, type, payload, in, ret, err);

    (void)pthread_mutex_unlock(&client->calling);
    return ok;
}

static bool check_binding(const struct vault_binding *binding, struct err *err)
{
    size_t n = binding->row ? strlen(binding->row) : 0;

    if (n == 0 || n > VAULT_ROW_MAX)
        return fail(err, ERR_INTERNAL, "a sealed key needs a row of 1 to %d bytes", VAULT_ROW_MAX);
    return true;
}

/* The answer's next field into the caller's buf. */
static void take_bytes(struct frame_reader *r, struct buf *ret)
{
    buf_add_span(ret, frame_read_bytes(r));
}

bool vault_make_key(struct vault_client *client, enum vault_algorithm algorithm,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    buf_add_u8(&payload, (uint8_t)algorithm);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_MAKE_KEY, &payload, &in, &r, err))
        return false;
    take_bytes(&r, sealed);
    take_bytes(&r, spki);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed key", err) &&
           buf_check(spki, "a public key", err);
}

bool vault_seal_key(struct vault_client *client, struct span pkcs8,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (pkcs8.size > VAULT_SECRET_MAX)
        return fail(err, ERR_LIMIT, "the key is larger than %u bytes", VAULT_SECRET_MAX);
    frame_put_bytes(&payload, pkcs8);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_SEAL_KEY, &payload, &in, &r, err))
        return false;
    take_bytes(&r, sealed);
    take_bytes(&r, spki);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed key", err) &&
           buf_check(spki, "a public key", err);
}

bool vault_make_parcel_key(struct vault_client *client,
    uint8_t ret_public[static VAULT_PARCEL_KEY_SIZE], struct buf *sealed_half, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (!call(client, VAULT_MAKE_PARCEL_KEY, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, ret_public, VAULT_PARCEL_KEY_SIZE);
    take_bytes(&r, sealed_half);
    return frame_reader_end(&r, err) && buf_check(sealed_half, "a sealed key", err);
}

bool vault_seal_parcel(struct vault_client *client, const struct vault_parcel *parcel,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    buf_add(&payload, parcel->public_key, VAULT_PARCEL_KEY_SIZE);
    frame_put_bytes(&payload, parcel->sealed_half);
    frame_put_bytes(&payload, parcel->bytes);
    frame_put_bytes(&payload, parcel->aad);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_SEAL_PARCEL, &payload, &in, &r, err))
        return false;
    take_bytes(&r, sealed);
    take_bytes(&r, spki);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed key", err) &&
           buf_check(spki, "a public key", err);
}

bool vault_seal_secret(struct vault_client *client, struct span bytes,
    const struct vault_binding *binding, struct buf *sealed, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (bytes.size > VAULT_SECRET_MAX)
        return fail(err, ERR_LIMIT, "the secret is larger than %u bytes", VAULT_SECRET_MAX);
    frame_put_bytes(&payload, bytes);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_SEAL_SECRET, &payload, &in, &r, err))
        return false;
    take_bytes(&r, sealed);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed secret", err);
}

bool vault_open(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct secret **ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_OPEN, &payload, &in, &r, err))
        return false;
    struct span clear = frame_read_bytes(&r);

    if (!frame_reader_end(&r, err))
        return false;
    *ret = secret_new(clear);
    return true;
}

bool vault_build_csr(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_csr *csr, struct buf *der,
    struct err *err)
{
    const char *const texts[] = { csr->common_name, csr->organization, csr->organizational_unit,
        csr->locality, csr->state, csr->country, csr->email_address, csr->serial_number };
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (csr->n_sans > VAULT_SANS_MAX)
        return fail(err, ERR_LIMIT, "more than %d alternative names", VAULT_SANS_MAX);
    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    for (size_t i = 0; i < countof(texts); i++)
        frame_put_text(&payload, texts[i]);
    buf_add_u32(&payload, (uint32_t)csr->n_sans);
    for (size_t i = 0; i < csr->n_sans; i++)
        frame_put_text(&payload, csr->sans[i]);
    if (!check_binding(binding, err) || !call(client, VAULT_BUILD_CSR, &payload, &in, &r, err))
        return false;
    take_bytes(&r, der);
    return frame_reader_end(&r, err) && buf_check(der, "a certification request", err);
}

bool vault_sign_checkpoint(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct vault_checkpoint *checkpoint, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    frame_put_i64(&payload, checkpoint->seq);
    buf_add(&payload, checkpoint->hash, sizeof checkpoint->hash);
    if (!check_binding(binding, err) ||
        !call(client, VAULT_SIGN_CHECKPOINT, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, checkpoint->signature, sizeof checkpoint->signature);
    frame_read_fixed(&r, checkpoint->public_key, sizeof checkpoint->public_key);
    return frame_reader_end(&r, err);
}

void vault_backup_done(struct vault_backup *backup)
{
    secret_free(backup->key);
    buf_done(&backup->sealed_key);
    *backup = (struct vault_backup){ 0 };
}

bool vault_begin_backup(struct vault_client *client, struct vault_backup *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    struct frame_reader r;

    *ret = (struct vault_backup){ .sealed_key = BUF_INIT(VAULT_SEALED_MAX) };
    if (!call(client, VAULT_BEGIN_BACKUP, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, ret->recovery_key, sizeof ret->recovery_key);
    ret->key = secret_new(frame_read_bytes(&r));
    take_bytes(&r, &ret->sealed_key);
    return frame_reader_end(&r, err) && buf_check(&ret->sealed_key, "a sealed key", err);
}

bool vault_export_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct buf *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    if (!check_binding(binding, err) || !call(client, VAULT_EXPORT_KEY, &payload, &in, &r, err))
        return false;
    take_bytes(&r, ret);
    return frame_reader_end(&r, err) && buf_check(ret, "a sealed data key", err);
}

bool vault_adopt_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct secret *data_key, struct buf *ret,
    struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    frame_put_bytes(&payload, secret_span(data_key));
    if (!check_binding(binding, err) || !call(client, VAULT_ADOPT_KEY, &payload, &in, &r, err))
        return false;
    take_bytes(&r, ret);
    take_bytes(&r, spki);
    return frame_reader_end(&r, err) && buf_check(ret, "a sealed key", err) &&
           buf_check(spki, "a public key", err);
}

bool vault_sign_backup(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct vault_checkpoint *backup, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    buf_add(&payload, backup->hash, sizeof backup->hash);
    if (!check_binding(binding, err) || !call(client, VAULT_SIGN_BACKUP, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, backup->signature, sizeof backup->signature);
    frame_read_fixed(&r, backup->public_key, sizeof backup->public_key);
    return frame_reader_end(&r, err);
}

bool vault_stats_get(struct vault_client *client, struct vault_stats *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (!call(client, VAULT_STATS, &payload, &in, &r, err))
        return false;
    ret->n_opened = frame_read_i64(&r);
    ret->n_refused = frame_read_i64(&r);
    return frame_reader_end(&r, err);
}
