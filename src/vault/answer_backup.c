/* vault/answer_backup: see the header. */
#include "vault/answer_backup.h"

#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/ca_seal.h"
#include "vault/keys.h"
#include "vault/protocol.h"
#include "vault/recovery.h"
#include "vault/seal.h"

static bool need_recovery_key(const struct vault *vault, struct err *err)
{
    if (vault->has_recovery_key)
        return true;
    return fail(err, ERR_CONFLICT,
        "no recovery key is set: \"certdesk key recovery FILE\" makes one, backup.recovery_key "
        "names it");
}

bool answer_begin_backup(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *key = secret_new_zeroed(VAULT_BACKUP_KEY_SIZE);
    autodone(buf) struct buf sealed = BUF_INIT(256);

    if (!frame_reader_end(r, err) || !need_recovery_key(vault, err))
        return false;
    rand_bytes(secret_bytes(key), VAULT_BACKUP_KEY_SIZE);
    recovery_seal(vault->recovery_key, secret_span(key), &sealed);
    if (!buf_check(&sealed, "a sealed key", err))
        return false;
    buf_add(out, vault->recovery_key, sizeof vault->recovery_key);
    frame_put_bytes(out, secret_span(key));
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

bool answer_export_key(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *data_key = NULL;
    autodone(buf) struct buf sealed = BUF_INIT(256);
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span blob = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    if (!frame_reader_end(r, err) || !need_recovery_key(vault, err) ||
        !seal_export(&vault->ring, &binding, blob, &data_key, err) ||
        !recovery_seal_data_key(vault->recovery_key, data_key, &binding, &sealed, err))
        return false;
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

/* The public half of what was adopted; nothing for a secret. */
static bool find_public(const struct vault_binding *binding, struct span clear, struct buf *spki,
    struct err *err)
{
    if (binding->purpose == VAULT_SECRET)
        return true;
    if (binding->purpose != VAULT_CA)
        return keys_check(clear, spki, err);

    autodone(ca_seal) struct ca_seal seal = { 0 };

    if (!ca_seal_read(clear, NULL, &seal, err))
        return false;
    return seal.sealed_key.is_in_token ? keys_put_public(seal.key, spki, err)
                                       : keys_check(seal.sealed_key.bytes, spki, err);
}

/* The data key came out of a backup, in the hands of who has the recovery key. */
bool answer_adopt_key(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autodone(buf) struct buf adopted = BUF_INIT(VAULT_SEALED_MAX);
    autodone(buf) struct buf spki = BUF_INIT(VAULT_SEALED_MAX);
    autofree(secret) struct secret *clear = NULL;
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span blob = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    autofree(secret) struct secret *data_key = secret_new(frame_read_bytes(r));

    if (!frame_reader_end(r, err) ||
        !seal_adopt(&vault->ring, &binding, blob, data_key, &adopted, err) ||
        !seal_open(&vault->ring, &binding, buf_span(&adopted), &clear, err))
        return false;
    if (!find_public(&binding, secret_span(clear), &spki, err))
        return false;
    frame_put_bytes(out, buf_span(&adopted));
    frame_put_bytes(out, buf_span(&spki));
    return true;
}

bool answer_sign_backup(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    struct vault_checkpoint backup = { 0 };
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span blob = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    frame_read_fixed(r, backup.hash, sizeof backup.hash);
    if (!frame_reader_end(r, err))
        return false;
    if (binding.purpose != VAULT_AUDIT)
        return fail(err, ERR_DENIED, "backups are signed with the key of the audit log");
    if (!seal_open(&vault->ring, &binding, blob, &key, err) ||
        !keys_sign_backup(secret_span(key), &backup, err))
        return false;
    buf_add(out, backup.signature, sizeof backup.signature);
    buf_add(out, backup.public_key, sizeof backup.public_key);
    return true;
}
