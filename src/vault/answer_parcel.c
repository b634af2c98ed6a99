/* vault/answer_parcel: see the header. The public half is the row that the private one is bound to.
 */
#include "vault/answer_parcel.h"

#include "base/err.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "vault/keys.h"
#include "vault/master.h"
#include "vault/parcel.h"
#include "vault/protocol.h"
#include "vault/seal.h"

_Static_assert(PARCEL_PUBLIC_SIZE == VAULT_PARCEL_KEY_SIZE, "the client says it without OpenSSL");

/* `row` is filled in, and lives as long as the binding. */
static struct vault_binding bind_half(const uint8_t *public_key, char row[static VAULT_ROW_MAX + 1])
{
    (void)hex_encode(span_of(public_key, PARCEL_PUBLIC_SIZE), row, VAULT_ROW_MAX + 1);
    return (struct vault_binding){ .purpose = VAULT_PARCEL, .row = row };
}

bool answer_make_parcel_key(const struct master_ring *ring, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *half = NULL;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    uint8_t public_key[PARCEL_PUBLIC_SIZE];
    char row[VAULT_ROW_MAX + 1];

    if (!frame_reader_end(r, err) || !parcel_make_pair(public_key, &half, err))
        return false;
    struct vault_binding binding = bind_half(public_key, row);

    if (!seal_close(ring, &binding, secret_span(half), &sealed, err))
        return false;
    buf_add(out, public_key, sizeof public_key);
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

/* Unwrap, check, and seal as what it is to be. */
static bool reseal(const struct master_ring *ring, const struct secret *half, struct span parcel,
    struct span aad, const struct vault_binding *binding, struct buf *out, struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(VAULT_SEALED_MAX);

    if (!parcel_open(half, PARCEL_INFO, aad, parcel, &key, err) ||
        !keys_check(secret_span(key), &spki, err) ||
        !seal_close(ring, binding, secret_span(key), &sealed, err))
        return false;
    frame_put_bytes(out, buf_span(&sealed));
    frame_put_bytes(out, buf_span(&spki));
    return true;
}

bool answer_seal_parcel(const struct master_ring *ring, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *half = NULL;
    uint8_t public_key[PARCEL_PUBLIC_SIZE];
    char half_row[VAULT_ROW_MAX + 1], row[VAULT_ROW_MAX + 1];
    struct vault_binding binding;

    frame_read_fixed(r, public_key, sizeof public_key);
    struct span sealed_half = frame_read_bytes(r);
    struct span parcel = frame_read_bytes(r);
    struct span aad = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    if (!frame_reader_end(r, err))
        return false;
    if (binding.purpose != VAULT_TLS)
        return fail(err, ERR_DENIED, "keys of an upload are for certificates");
    if (parcel.size > VAULT_SECRET_MAX)
        return fail(err, ERR_LIMIT, "the key is larger than %u bytes", VAULT_SECRET_MAX);
    struct vault_binding half_binding = bind_half(public_key, half_row);

    return seal_open(ring, &half_binding, sealed_half, &half, err) &&
           reseal(ring, half, parcel, aad, &binding, out, err);
}
