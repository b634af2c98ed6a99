/* vault/client_ca: see the header. */
#include "vault/client_ca.h"

#include "base/err.h"
#include "base/frame.h"
#include "vault/client_call.h"

static void put_names(struct buf *out, const char *const *names, size_t n)
{
    buf_add_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        frame_put_text(out, names[i]);
}

bool vault_ca_make(struct vault_client *client, const struct vault_ca_new *new,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct buf *der,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (new->n_permitted > VAULT_CA_NAMES_MAX || new->n_excluded > VAULT_CA_NAMES_MAX)
        return fail(err, ERR_LIMIT, "more than %d names are permitted, or excluded",
            VAULT_CA_NAMES_MAX);
    buf_add_u8(&payload, (uint8_t) new->algorithm);
    vault_put_binding(&payload, binding);
    frame_put_bool(&payload, new->is_in_token);
    frame_put_text(&payload, new->token_label);
    frame_put_text(&payload, new->token_key);
    vault_put_subject(&payload, new->subject);
    put_names(&payload, new->permitted, new->n_permitted);
    put_names(&payload, new->excluded, new->n_excluded);
    frame_put_bool(&payload, new->is_root);
    frame_put_bytes(&payload, new->serial);
    frame_put_i64(&payload, new->not_before);
    frame_put_i64(&payload, new->not_after);
    if (!vault_check_binding(binding, err) ||
        !vault_call(client, VAULT_CA_MAKE, &payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, sealed);
    vault_take_bytes(&r, spki);
    vault_take_bytes(&r, der);
    return frame_reader_end(&r, err) && buf_check(sealed, "a sealed key", err) &&
           buf_check(spki, "a public key", err) && buf_check(der, "a certificate", err);
}

/* A request that begins with the key, and is answered with bytes. */
static bool call_for_bytes(struct vault_client *client, enum vault_request type,
    const struct vault_binding *binding, const struct buf *payload, struct buf *ret,
    struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    if (!vault_check_binding(binding, err) || !buf_check(payload, "a request to the vault", err) ||
        !vault_call(client, type, payload, &in, &r, err))
        return false;
    vault_take_bytes(&r, ret);
    return frame_reader_end(&r, err) && buf_check(ret, "an answer of the vault", err);
}

static void put_key(struct buf *out, struct span sealed, const struct vault_binding *binding)
{
    frame_put_bytes(out, sealed);
    vault_put_binding(out, binding);
}

bool vault_ca_install(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct span cert, struct buf *ret_sealed, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);

    put_key(&payload, sealed, binding);
    frame_put_bytes(&payload, cert);
    return call_for_bytes(client, VAULT_CA_INSTALL, binding, &payload, ret_sealed, err);
}

bool vault_ca_prove(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, bool *ret_in_token, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader r;

    put_key(&payload, sealed, binding);
    if (!vault_check_binding(binding, err) || !buf_check(&payload, "a request to the vault", err) ||
        !vault_call(client, VAULT_CA_PROVE, &payload, &in, &r, err))
        return false;
    bool is_in_token = frame_read_bool(&r);

    if (!frame_reader_end(&r, err))
        return false;
    *ret_in_token = is_in_token;
    return true;
}

bool vault_ca_sign(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ca_leaf *leaf, struct buf *der,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);

    put_key(&payload, sealed, binding);
    frame_put_bytes(&payload, leaf->csr);
    frame_put_bytes(&payload, leaf->serial);
    frame_put_i64(&payload, leaf->not_before);
    frame_put_i64(&payload, leaf->not_after);
    buf_add_u8(&payload, (uint8_t)leaf->usage);
    frame_put_text(&payload, leaf->crl_url);
    frame_put_text(&payload, leaf->ocsp_url);
    frame_put_text(&payload, leaf->issuer_url);
    return call_for_bytes(client, VAULT_CA_SIGN, binding, &payload, der, err);
}

void vault_ca_crl_add(struct vault_ca_crl *crl, struct span serial, int64_t revoked_at,
    uint8_t reason)
{
    frame_put_bytes(&crl->entries, serial);
    frame_put_i64(&crl->entries, revoked_at);
    buf_add_u8(&crl->entries, reason);
    crl->n_entries++;
}

bool vault_ca_sign_crl(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ca_crl *crl, struct buf *der,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);

    if (!buf_check(&crl->entries, "the list of what is revoked", err))
        return false;
    put_key(&payload, sealed, binding);
    frame_put_i64(&payload, crl->number);
    frame_put_i64(&payload, crl->this_at);
    frame_put_i64(&payload, crl->next_at);
    buf_add_u32(&payload, (uint32_t)crl->n_entries);
    frame_put_bytes(&payload, buf_span(&crl->entries));
    return call_for_bytes(client, VAULT_CA_SIGN_CRL, binding, &payload, der, err);
}

bool vault_ca_sign_ocsp(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ocsp *ocsp, struct buf *der,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);

    put_key(&payload, sealed, binding);
    frame_put_i64(&payload, ocsp->this_at);
    frame_put_i64(&payload, ocsp->next_at);
    frame_put_bytes(&payload, ocsp->nonce);
    buf_add_u32(&payload, (uint32_t)ocsp->n_items);
    for (size_t i = 0; i < ocsp->n_items; i++) {
        const struct vault_ocsp_item *item = &ocsp->items[i];

        buf_add_u8(&payload, (uint8_t)item->hash);
        frame_put_bytes(&payload, item->serial);
        buf_add_u8(&payload, (uint8_t)item->status);
        frame_put_i64(&payload, item->revoked_at);
        buf_add_u8(&payload, item->reason);
    }
    return call_for_bytes(client, VAULT_CA_SIGN_OCSP, binding, &payload, der, err);
}
