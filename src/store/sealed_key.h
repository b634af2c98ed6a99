/*
 * store/sealed_key: ciphertext of keys and secrets; only the vault can open it (vault/client).
 *
 * The order of things: a name for the row (vault_row_new), the seal with that name bound into it,
 * and then, in the transaction that refers to it, the row.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/client_keys.h"

struct err;
struct tx;

/* What a row is made of. The master key it is sealed under is read from the blob. */
struct sealed_key_new {
    enum vault_purpose purpose;
    const char *bound_to;  /* the binding's row; each is used once */
    const char *algorithm; /* vault_algorithm_name(), or what the public key says; "" for secrets */
    struct span public_key; /* SubjectPublicKeyInfo, DER; empty for secrets */
    struct span blob;
};

/* ERR_INVALID: the blob is not one of the vault's. ERR_UNAVAILABLE: the master key it is sealed
 * under was retired meanwhile; it must be sealed again. */
bool store_sealed_key_add(struct tx *tx, const struct sealed_key_new *key, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* One row, as the vault wants it. */
struct sealed_key_row {
    int64_t id;
    enum vault_purpose purpose;
    char bound_to[VAULT_ROW_MAX + 1];
    char master_key_id[VAULT_KEY_ID_SIZE];
    struct buf blob;
};
void sealed_key_row_init(struct sealed_key_row *row);
void sealed_key_row_done(struct sealed_key_row *row);

/* What the vault must be shown with the blob. Lives as long as the row. */
struct vault_binding sealed_key_binding(const struct sealed_key_row *row);

/* Fill in `row`, which was initialised. ERR_NOT_FOUND if there is none. */
bool store_sealed_key_get(struct tx *tx, int64_t id, struct sealed_key_row *row, struct err *err)
    must_check;

/* The first made for a purpose of which there is one; row->id is 0 where there is none yet. */
bool store_sealed_key_first(struct tx *tx, enum vault_purpose purpose, struct sealed_key_row *row,
    struct err *err) must_check;

/* The first with an id above `after_id` that is not sealed under `master_key_id`; row->id is 0 when
 * there is none. */
bool store_sealed_key_next_other(struct tx *tx, const char *master_key_id, int64_t after_id,
    struct sealed_key_row *row, struct err *err) must_check;

/* How many are sealed under another, and how many there are. */
bool store_sealed_key_count_other(struct tx *tx, const char *master_key_id, int64_t *ret_n,
    int64_t *ret_total, struct err *err) must_check;

/* Put the blob wrapped anew in the place of the old one. *ret_changed is false if the row is gone
 * or no longer under `row->master_key_id`: somebody else was faster. */
bool store_sealed_key_rewrap(struct tx *tx, const struct sealed_key_row *row, struct span blob,
    bool *ret_changed, struct err *err) must_check;

/* The public half of a key (SubjectPublicKeyInfo); nothing is appended for a secret. */
bool store_sealed_key_public(struct tx *tx, int64_t id, struct buf *ret, struct err *err)
    must_check;

/* A key that belongs to a certificate, a request for one, an order or an authority that has another
 * public key; *ret_id is 0 when all fit. Reads every request: for after a restore. */
bool store_sealed_key_find_misfit(struct tx *tx, int64_t *ret_id, struct err *err) must_check;

/* Remove it, unless a record or a request for a certificate still has it. */
bool store_sealed_key_release(struct tx *tx, int64_t id, struct err *err) must_check;

/* Remove keys of certificates that nothing has referred to for a day; *ret_n says how many. */
bool store_sealed_key_sweep(struct tx *tx, int64_t now, int64_t *ret_n, struct err *err) must_check;

DEFINE_AUTODONE(sealed_key_row);
