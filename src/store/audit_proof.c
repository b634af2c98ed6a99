/* store/audit_proof: see the header. */
#include "store/audit_proof.h"

#include <string.h>

#include "codec/hex.h"
#include "db/db.h"
#include "vault/checkpoint.h"

static void broken(struct audit_proof *proof, int64_t seq, const char *reason)
{
    if (proof->chain.broken_seq)
        return;
    proof->chain.broken_seq = seq;
    (void)snprintf(proof->chain.reason, sizeof proof->chain.reason, "%s", reason);
}

/* False: the row's bytes cannot be a checkpoint's. */
static bool read_checkpoint(struct stmt *q, struct vault_checkpoint *ret)
{
    struct span hash = stmt_blob(q, 1);

    ret->seq = stmt_i64(q, 0);
    if (hash.size != sizeof ret->hash)
        return false;
    memcpy(ret->hash, hash.data, hash.size);
    struct span signature = stmt_blob(q, 2);

    if (signature.size != sizeof ret->signature)
        return false;
    memcpy(ret->signature, signature.data, signature.size);
    struct span public_key = stmt_blob(q, 3);

    if (public_key.size != sizeof ret->public_key)
        return false;
    memcpy(ret->public_key, public_key.data, public_key.size);
    return true;
}

static bool check_signatures(struct tx *tx, const struct audit_expected *expected,
    struct audit_proof *proof, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT seq, hash, signature, public_key, created_at FROM audit_checkpoint"
                       " ORDER BY seq");

    while (stmt_next(q)) {
        struct vault_checkpoint checkpoint = { 0 };

        proof->n_checkpoints++;
        if (!read_checkpoint(q, &checkpoint) || !checkpoint_verify(&checkpoint)) {
            broken(proof, checkpoint.seq, "the signature of the checkpoint does not hold");
            continue;
        }
        (void)hex_encode(span_of(checkpoint.public_key, sizeof checkpoint.public_key),
            proof->signer, sizeof proof->signer);
        if (expected && expected->signer && strcmp(expected->signer, proof->signer) != 0)
            broken(proof, checkpoint.seq, "the checkpoint is signed with another key");
        if (proof->chain.broken_seq)
            continue;
        proof->vouched_seq = checkpoint.seq;
        proof->vouched_at = stmt_i64(q, 4);
    }
    return stmt_end(q, err);
}

static bool find_expected(struct tx *tx, const struct audit_expected *expected,
    struct audit_proof *proof, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT hash FROM audit_link WHERE seq = $1");
    bool is_there = false;

    stmt_bind_i64(q, 1, expected->seq);
    while (stmt_next(q))
        is_there = span_equal(stmt_blob(q, 0), span_of(expected->hash, sizeof expected->hash));
    if (!stmt_end(q, err))
        return false;
    if (!is_there)
        broken(proof, expected->seq, "the link is not the one of the checkpoint that was given");
    return true;
}

bool store_audit_prove(struct tx *tx, const struct audit_expected *expected,
    struct audit_proof *ret, struct err *err)
{
    struct audit_proof proof = { 0 };

    if (!store_audit_verify(tx, &proof.chain, err) || !check_signatures(tx, expected, &proof, err))
        return false;
    if (expected && expected->seq && !find_expected(tx, expected, &proof, err))
        return false;
    *ret = proof;
    return true;
}
