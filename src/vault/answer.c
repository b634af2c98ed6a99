/*
 * vault/answer: see the header.
 *
 * Each purpose says what may be done with it; a request for anything else is denied before the seal
 * is looked at.
 */
#include "vault/answer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"
#include "vault/answer_backup.h"
#include "vault/answer_ca.h"
#include "vault/answer_parcel.h"
#include "vault/answer_unlock.h"
#include "vault/keys.h"
#include "vault/protocol.h"
#include "vault/seal.h"

enum deed {
    MAKES = 1 << 0,
    SEALS_SECRET = 1 << 1,
    OPENS = 1 << 2,
    SIGNS_CSR = 1 << 3,
    SIGNS_CHECKPOINT = 1 << 4,
};

static const unsigned deeds[] = {
    [VAULT_TLS] = MAKES | OPENS | SIGNS_CSR,
    [VAULT_AUDIT] = MAKES | SIGNS_CHECKPOINT,
    [VAULT_SECRET] = SEALS_SECRET | OPENS,
    [VAULT_PARCEL] = 0, /* only what answer_parcel.c does */
    [VAULT_CA] = 0,     /* only what answer_ca.c does */
};

static bool may(const struct vault_binding *binding, enum deed deed, struct err *err)
{
    if (deeds[binding->purpose] & deed)
        return true;
    return fail(err, ERR_DENIED, "that is not what a key for \"%s\" is for",
        vault_purpose_name(binding->purpose));
}

void vault_init(struct vault *vault, const struct master_source *const *sources,
    const struct master_access *access, struct ledger *ledger)
{
    *vault = (struct vault){ .sources = sources, .access = access, .ledger = ledger };
    (void)pthread_mutex_init(&vault->lock, NULL);
}

void vault_use_hsm(struct vault *vault, struct hsm *hsm)
{
    vault->hsm = hsm;
    vault->cas.hsm = hsm;
}

void vault_done(struct vault *vault)
{
    ca_cache_wipe(&vault->cas);
    master_ring_done(&vault->ring);
    (void)pthread_mutex_destroy(&vault->lock);
}

static bool seal_and_put(struct vault *vault, const struct vault_binding *binding,
    struct span clear, struct buf *out, struct err *err)
{
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);

    if (!seal_close(&vault->ring, binding, clear, &sealed, err))
        return false;
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

static bool make_key(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    autodone(buf) struct buf spki = BUF_INIT(VAULT_SEALED_MAX);
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    uint8_t algorithm = frame_read_u8(r);

    vault_read_binding(r, &binding, row);
    if (!frame_reader_end(r, err) || !may(&binding, MAKES, err))
        return false;
    if (algorithm > VAULT_ED25519)
        return fail(err, ERR_INVALID, "unknown kind of key");
    if (binding.purpose == VAULT_AUDIT && algorithm != VAULT_ED25519)
        return fail(err, ERR_INVALID, "checkpoints are signed with Ed25519");
    /* Whoever seals or opens meanwhile does not wait for it. */
    (void)pthread_mutex_unlock(&vault->lock);
    bool made = keys_make((enum vault_algorithm)algorithm, &key, &spki, err);

    (void)pthread_mutex_lock(&vault->lock);
    if (!made || !seal_and_put(vault, &binding, secret_span(key), out, err))
        return false;
    frame_put_bytes(out, buf_span(&spki));
    return true;
}

static bool seal_secret(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span bytes = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    if (!frame_reader_end(r, err) || !may(&binding, SEALS_SECRET, err))
        return false;
    if (bytes.size == 0)
        return fail(err, ERR_INVALID, "an empty secret cannot be sealed");
    if (bytes.size > VAULT_SECRET_MAX)
        return fail(err, ERR_LIMIT, "the secret is larger than %u bytes", VAULT_SECRET_MAX);
    return seal_and_put(vault, &binding, bytes, out, err);
}

/* The start of every request that uses a key. The payload's rest is the caller's to read. */
static bool read_sealed(struct frame_reader *r, struct span *sealed, struct vault_binding *binding,
    char row[static VAULT_ROW_MAX + 1], enum deed deed, struct err *err)
{
    *sealed = frame_read_bytes(r);
    vault_read_binding(r, binding, row);
    if (r->failed)
        return frame_reader_end(r, err);
    return may(binding, deed, err);
}

static bool open_sealed(struct vault *vault, struct frame_reader *r, int64_t now_ms,
    struct buf *out, struct err *err)
{
    autofree(secret) struct secret *clear = NULL;
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span sealed;

    if (!read_sealed(r, &sealed, &binding, row, OPENS, err))
        return false;
    struct span cert = frame_read_bytes(r);
    bool is_key = binding.purpose != VAULT_SECRET;

    if (!frame_reader_end(r, err))
        return false;
    if (!ledger_spend(vault->ledger, is_key, now_ms))
        return fail(err, ERR_LIMIT, "too many keys were asked for in too short a time");
    if (!seal_open(&vault->ring, &binding, sealed, &clear, err) ||
        (is_key && !keys_check_cert(secret_span(clear), cert, err)))
        return false;
    ledger_count(vault->ledger);
    frame_put_bytes(out, secret_span(clear));
    return true;
}

static bool rewrap(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    char key_id[VAULT_KEY_ID_SIZE];
    struct span before = frame_read_bytes(r);

    vault_read_binding(r, &binding, row);
    frame_read_text_to(r, key_id, sizeof key_id);
    if (!frame_reader_end(r, err))
        return false;
    const struct master_key *master = master_ring_find_name(&vault->ring, key_id);

    if (!master)
        return fail(err, ERR_CONFLICT, "the vault does not hold the master key %s", key_id);
    ca_cache_wipe(&vault->cas);
    if (!seal_rewrap(&vault->ring, master, &binding, before, &sealed, err))
        return false;
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

static bool build_csr_of(struct vault *vault, struct span sealed,
    const struct vault_binding *binding, const struct vault_csr *csr, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    autodone(buf) struct buf der = BUF_INIT(VAULT_FRAME_MAX / 2);

    if (!seal_open(&vault->ring, binding, sealed, &key, err) ||
        !keys_build_csr(secret_span(key), csr, &der, err))
        return false;
    frame_put_bytes(out, buf_span(&der));
    return true;
}

static bool build_csr(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    char texts[VAULT_SUBJECT_TEXTS][VAULT_TEXT_MAX];
    char row[VAULT_ROW_MAX + 1];
    struct vault_binding binding;
    struct vault_csr csr = { 0 };
    struct span sealed;

    if (!read_sealed(r, &sealed, &binding, row, SIGNS_CSR, err))
        return false;
    vault_read_subject(r, texts, &csr);
    size_t n = frame_read_count(r, 4);

    if (n > VAULT_SANS_MAX)
        return fail(err, ERR_LIMIT, "more than %d alternative names", VAULT_SANS_MAX);
    char **sans = xcalloc(n + 1, sizeof *sans);

    for (size_t i = 0; i < n; i++)
        sans[i] = frame_read_text_dup(r, VAULT_TEXT_MAX);
    csr.sans = (const char *const *)sans;
    csr.n_sans = n;
    bool ok = frame_reader_end(r, err) && build_csr_of(vault, sealed, &binding, &csr, out, err);

    for (size_t i = 0; i < n; i++)
        free(sans[i]);
    free(sans);
    return ok;
}

static bool sign_checkpoint(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    struct vault_checkpoint checkpoint = { 0 };
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    struct span sealed;

    if (!read_sealed(r, &sealed, &binding, row, SIGNS_CHECKPOINT, err))
        return false;
    checkpoint.seq = frame_read_i64(r);
    frame_read_fixed(r, checkpoint.hash, sizeof checkpoint.hash);
    if (!frame_reader_end(r, err) || !seal_open(&vault->ring, &binding, sealed, &key, err) ||
        !keys_sign_checkpoint(secret_span(key), &checkpoint, err))
        return false;
    buf_add(out, checkpoint.signature, sizeof checkpoint.signature);
    buf_add(out, checkpoint.public_key, sizeof checkpoint.public_key);
    return true;
}

static bool stats(const struct vault *vault, const struct frame_reader *r, struct buf *out,
    struct err *err)
{
    if (!frame_reader_end(r, err))
        return false;
    frame_put_i64(out, vault->ledger->n_opened);
    frame_put_i64(out, vault->ledger->n_refused);
    return true;
}

static bool run(struct vault *vault, const struct frame *request, int64_t now_ms, struct buf *out,
    struct err *err)
{
    struct frame_reader r = frame_reader_of(request->payload);

    if (request->type == VAULT_UNLOCK)
        return answer_unlock(vault, &r, out, err);
    if (!vault->is_unlocked)
        return fail(err, ERR_CONFLICT, "the vault is locked");
    switch ((enum vault_request)request->type) {
    case VAULT_MAKE_KEY:
        return make_key(vault, &r, out, err);
    case VAULT_SEAL_SECRET:
        return seal_secret(vault, &r, out, err);
    case VAULT_OPEN:
        return open_sealed(vault, &r, now_ms, out, err);
    case VAULT_BUILD_CSR:
        return build_csr(vault, &r, out, err);
    case VAULT_SIGN_CHECKPOINT:
        return sign_checkpoint(vault, &r, out, err);
    case VAULT_STATS:
        return stats(vault, &r, out, err);
    case VAULT_SEAL_WITH:
        return answer_seal_with(vault, &r, err);
    case VAULT_REWRAP:
        return rewrap(vault, &r, out, err);
    case VAULT_MAKE_PARCEL_KEY:
        return answer_make_parcel_key(&vault->ring, &r, out, err);
    case VAULT_SEAL_PARCEL:
        return answer_seal_parcel(&vault->ring, &r, out, err);
    case VAULT_BEGIN_BACKUP:
        return answer_begin_backup(vault, &r, out, err);
    case VAULT_EXPORT_KEY:
        return answer_export_key(vault, &r, out, err);
    case VAULT_ADOPT_KEY:
        return answer_adopt_key(vault, &r, out, err);
    case VAULT_SIGN_BACKUP:
        return answer_sign_backup(vault, &r, out, err);
    case VAULT_CA_MAKE:
        return answer_ca_make(vault, &r, out, err);
    case VAULT_CA_INSTALL:
        return answer_ca_install(vault, &r, out, err);
    case VAULT_CA_SIGN:
        return answer_ca_sign(vault, &r, out, err);
    case VAULT_CA_SIGN_CRL:
        return answer_ca_sign_crl(vault, &r, out, err);
    case VAULT_CA_SIGN_OCSP:
        return answer_ca_sign_ocsp(vault, &r, out, err);
    case VAULT_CA_PROVE:
        return answer_ca_prove(vault, &r, out, err);
    case VAULT_UNLOCK:
        break;
    }
    return fail(err, ERR_INVALID, "unknown request to the vault");
}

void vault_answer(struct vault *vault, const struct frame *request, int64_t now_ms, struct buf *out)
{
    struct err err = { 0 };
    size_t start = out->size;
    size_t begun = frame_begin(out, request->request, VAULT_DONE);

    (void)pthread_mutex_lock(&vault->lock);
    bool ok = run(vault, request, now_ms, out, &err);

    (void)pthread_mutex_unlock(&vault->lock);
    if (ok && buf_check(out, "an answer of the vault", &err)) {
        frame_end(out, begun);
        return;
    }
    /* Nothing of what was put together so far may go out. */
    out->overflowed = false;
    secret_wipe(out->data + start, out->size - start);
    out->size = start;
    begun = frame_begin(out, request->request, VAULT_FAILED);
    frame_put_err(out, &err);
    frame_end(out, begun);
}
