/*
 * ca/local/crl: the list of what is revoked, signed anew.
 *
 * What is revoked and how many ever were is read first, then signed, then stored if nobody was
 * faster. Whoever revokes queues a job after that; a list that was being made meanwhile does not
 * count it, so the job makes another.
 */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "ca/local/local.h"
#include "codec/hex.h"
#include "db/db.h"
#include "store/ca_certificate.h"
#include "store/local_ca.h"
#include "vault/client_ca.h"

/* An entry stays until one list after the certificate's end has had it (RFC 5280, 3.3). */
#define KEEP_SECONDS (2 * CRL_LIFETIME_SECONDS)

/* Clocks that are behind must not find it in the future. */
#define BACKDATE_SECONDS 60

struct collecting {
    struct vault_ca_crl crl;
    size_t n_bad;
};

static void collect(void *context, const char *serial, int64_t revoked_at, const char *reason)
{
    struct collecting *collecting = context;
    uint8_t bytes[VAULT_CA_SERIAL_MAX];
    size_t n = strlen(serial) / 2;
    enum ca_reason value = CA_REASON_UNSPECIFIED;
    struct err ignored = { 0 };

    if (n == 0 || n > sizeof bytes || !hex_decode(span_text(serial), bytes, n, &ignored)) {
        collecting->n_bad++;
        return;
    }
    (void)ca_reason_from_name(reason, &value);
    vault_ca_crl_add(&collecting->crl, span_of(bytes, n), revoked_at, (uint8_t)value);
}

static bool read_revoked(struct db *db, struct local_ca_row *own, int64_t now, bool is_forced,
    struct collecting *collecting, bool *ret_due, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n_revoked = 0;

    /* The count first: whatever is revoked after it is in no list that says this number. */
    if (!tx_begin(db, TX_READ, &tx, err) ||
        !store_ca_certificate_n_revoked(tx, own->ca_id, &n_revoked, err))
        return false;
    *ret_due = is_forced || own->crl_number == 0 || n_revoked != own->crl_n_revoked ||
               now - own->crl_this_at >= CRL_RENEWAL_SECONDS || now < own->crl_this_at;
    own->crl_n_revoked = n_revoked;
    return !*ret_due || store_ca_certificate_revoked(tx, own->ca_id, now - KEEP_SECONDS, collect,
                            collecting, err);
}

static bool sign_and_store(struct db *db, struct vault_client *vault, struct local_ca *ca,
    const struct vault_ca_crl *crl, bool *ret_made, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(VAULT_CA_CRL_MAX * 2);
    autofree(tx) struct tx *tx = NULL;
    struct vault_binding binding = sealed_key_binding(&ca->key);

    return vault_ca_sign_crl(vault, buf_span(&ca->key.blob), &binding, crl, &der, err) &&
           tx_begin(db, TX_WRITE, &tx, err) &&
           store_local_ca_set_crl(tx, ca->own, buf_span(&der), ret_made, err) &&
           tx_commit(take(&tx), err);
}

bool local_crl_refresh(struct db *db, struct vault_client *vault, int64_t id, bool is_forced,
    int64_t now, bool *ret_made, struct err *err)
{
    autodone(local_ca) struct local_ca ca = { 0 };
    struct collecting collecting = { .crl = { .entries = BUF_INIT(VAULT_CA_CRL_MAX) } };
    bool is_due = false;

    *ret_made = false;
    if (!local_ca_load(db, id, &ca, err))
        return false;
    bool ok = read_revoked(db, ca.own, now, is_forced, &collecting, &is_due, err);

    if (ok && collecting.n_bad > 0)
        log_error("ca.serials", KV_STR("ca", ca.row->name),
            KV_I64("unreadable", (int64_t)collecting.n_bad));
    if (ok && is_due) {
        ca.own->crl_number++;
        ca.own->crl_this_at = now - BACKDATE_SECONDS;
        ca.own->crl_next_at = now + CRL_LIFETIME_SECONDS;
        collecting.crl.number = ca.own->crl_number;
        collecting.crl.this_at = ca.own->crl_this_at;
        collecting.crl.next_at = ca.own->crl_next_at;
        ok = sign_and_store(db, vault, &ca, &collecting.crl, ret_made, err);
    }
    buf_done(&collecting.crl.entries);
    return ok || err_wrap(err, "could not make a CRL of %s", ca.row->name);
}
