/* vault/client_keys: see the header. */
#include "vault/client_keys.h"

#include <string.h>

#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"
#include "vault/client_call.h"

bool vault_rewrap(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const char *key_id, struct buf *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    frame_put_text(&payload, key_id);
    if (!vault_call(client, VAULT_REWRAP, &payload, &in, &r, err))
        return false;
    buf_add_span(ret, frame_read_bytes(&r));
    return frame_reader_end(&r, err) && buf_check(ret, "a sealed key", err);
}

bool vault_check_binding(const struct vault_binding *binding, struct err *err)
{
    size_t n = binding->row ? strlen(binding->row) : 0;

    if (n == 0 || n > VAULT_ROW_MAX)
        return fail(err, ERR_INTERNAL, "a sealed key needs a row of 1 to %d bytes", VAULT_ROW_MAX);
    return true;
}

bool vault_make_key(struct vault_client *client, enum vault_algorithm algorithm,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    buf_add_u8(&payload, (uint8_t)algorithm);
    vault_put_binding(&payload, binding);
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_MAKE_KEY, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, sealed);
    vault_take_bytes(&r, spki);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed key", err) &&
           buf_check(spki, "a public key", err);
}

bool vault_make_parcel_key(struct vault_client *client,
    uint8_t ret_public[static VAULT_PARCEL_KEY_SIZE], struct buf *sealed_half, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (!vault_call(client, VAULT_MAKE_PARCEL_KEY, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, ret_public, VAULT_PARCEL_KEY_SIZE);
    vault_take_bytes(&r, sealed_half);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_SEAL_PARCEL, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, sealed);
    vault_take_bytes(&r, spki);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_SEAL_SECRET, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, sealed);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed secret", err);
}

static bool open_sealed(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct span cert, struct secret **ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT_SECRET(VAULT_FRAME_MAX);
    struct frame_reader r;

    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    frame_put_bytes(&payload, cert);
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_OPEN, &payload, &in, &r, err))
        return false;
    struct span clear = frame_read_bytes(&r);

    if (!frame_reader_end(&r, err))
        return false;
    *ret = secret_new(clear);
    return true;
}

bool vault_open_secret(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct secret **ret, struct err *err)
{
    return open_sealed(client, sealed, binding, SPAN_EMPTY, ret, err);
}

bool vault_open_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct span cert, struct secret **ret, struct err *err)
{
    return open_sealed(client, sealed, binding, cert, ret, err);
}

bool vault_build_csr(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_csr *csr, struct buf *der,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (csr->n_sans > VAULT_SANS_MAX)
        return fail(err, ERR_LIMIT, "more than %d alternative names", VAULT_SANS_MAX);
    frame_put_bytes(&payload, sealed);
    vault_put_binding(&payload, binding);
    vault_put_subject(&payload, csr);
    buf_add_u32(&payload, (uint32_t)csr->n_sans);
    for (size_t i = 0; i < csr->n_sans; i++)
        frame_put_text(&payload, csr->sans[i]);
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_BUILD_CSR, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, der);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_SIGN_CHECKPOINT, &payload, &in, &r, err))
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
    if (!vault_call(client, VAULT_BEGIN_BACKUP, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, ret->recovery_key, sizeof ret->recovery_key);
    ret->key = secret_new(frame_read_bytes(&r));
    vault_take_bytes(&r, &ret->sealed_key);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_EXPORT_KEY, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, ret);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_ADOPT_KEY, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, ret);
    vault_take_bytes(&r, spki);
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
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_SIGN_BACKUP, &payload, &in, &r, err))
        return false;
    frame_read_fixed(&r, backup->signature, sizeof backup->signature);
    frame_read_fixed(&r, backup->public_key, sizeof backup->public_key);
    return frame_reader_end(&r, err);
}
