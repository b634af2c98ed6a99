/* job/audit: link the entries of the audit log, and have the vault vouch for the last link. */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "codec/hex.h"
#include "db/db.h"
#include "job/types/audit_key.h"
#include "job/types/types.h"
#include "net/syslog.h"
#include "store/audit.h"
#include "store/schedule.h"
#include "store/sealed_key.h"
#include "vault/client_keys.h"

#define BATCH 5000
#define LEASE_SECONDS 120

/* One node at a time: the lease is renewed with each batch. */
static bool link_batch(struct job_run *run, int64_t *ret_n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool held;

    *ret_n = 0;
    if (!tx_begin(run->db, TX_WRITE_LONG, &tx, err) ||
        !store_lease_take(tx, "audit", run->services->node, run->now, run->now + LEASE_SECONDS,
            &held, err))
        return false;
    if (!held)
        return true;
    return store_audit_chain(tx, BATCH, ret_n, err) && tx_commit(take(&tx), err);
}

/* *ret_signed: nobody has to vouch for the last link any more, or there is none. */
static bool read_head(struct job_run *run, struct vault_checkpoint *head, bool *ret_signed,
    struct err *err)
{
    autodone(audit_checkpoint_row) struct audit_checkpoint_row newest = { 0 };
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(run->db, TX_READ, &tx, err) ||
        !store_audit_head(tx, &head->seq, head->hash, err) ||
        !store_audit_checkpoint_find(tx, head->seq, &newest, err))
        return false;
    *ret_signed = newest.seq == head->seq;
    return true;
}

static bool keep_checkpoint(struct job_run *run, const struct vault_checkpoint *checkpoint,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_WRITE, &tx, err) &&
           store_audit_checkpoint(tx, checkpoint->seq, checkpoint->hash,
               span_of(checkpoint->signature, sizeof checkpoint->signature),
               span_of(checkpoint->public_key, sizeof checkpoint->public_key), run->now, err) &&
           tx_commit(take(&tx), err);
}

/* Out of reach of whoever can write the database. What could not be sent is in our own log. */
static void tell_outside(const struct job_run *run, const struct vault_checkpoint *checkpoint)
{
    char hash[2 * sizeof checkpoint->hash + 1];
    char key[2 * sizeof checkpoint->public_key + 1];
    char signature[2 * sizeof checkpoint->signature + 1];
    char message[SYSLOG_MESSAGE_MAX];
    struct err err = { 0 };

    hex_encode(span_of(checkpoint->hash, sizeof checkpoint->hash), hash, sizeof hash);
    hex_encode(span_of(checkpoint->public_key, sizeof checkpoint->public_key), key, sizeof key);
    hex_encode(span_of(checkpoint->signature, sizeof checkpoint->signature), signature,
        sizeof signature);
    log_info("audit.checkpoint", KV_I64("seq", checkpoint->seq), KV_STR("hash", hash),
        KV_STR("key", key));
    (void)snprintf(message, sizeof message,
        "audit checkpoint seq=%" PRId64 " hash=%s key=%s signature=%s", checkpoint->seq, hash, key,
        signature);
    if (!syslog_send(run->services->audit_syslog, message, run->now, &err) &&
        err.kind != ERR_NOT_FOUND)
        log_warning("audit.syslog_failed", KV_ERR(&err));
}

bool job_audit_run(struct job_run *run, struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row key;
    struct vault_checkpoint checkpoint = { 0 };
    int64_t n = BATCH;
    bool is_signed;

    sealed_key_row_init(&key);
    while (n == BATCH)
        if (!link_batch(run, &n, err))
            return false;
    if (!read_head(run, &checkpoint, &is_signed, err))
        return false;
    if (is_signed)
        return true;
    if (!audit_key_get(run->db, run->services->vault, run->now, &key, err))
        return false;
    struct vault_binding binding = sealed_key_binding(&key);

    if (!vault_sign_checkpoint(run->services->vault, buf_span(&key.blob), &binding, &checkpoint,
            err) ||
        !keep_checkpoint(run, &checkpoint, err))
        return false;
    tell_outside(run, &checkpoint);
    return true;
}
