/*
 * vault/seal: bytes under a data key of their own, which is under a master key.
 *
 * A sealed blob, version 1:
 *   "CDS" 1           magic and version
 *   key id[8]         of the master key
 *   nonce[12] wrapped data key[32] tag[16]
 *   nonce[12] ciphertext tag[16]
 * Both parts are AES-256-GCM. What is authenticated besides, in both: purpose and row; for the
 * wrapped data key also the master key's id. So a blob opens only where it belongs, and a new
 * master key needs only the first part anew.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/client_keys.h"

struct err;
struct master_ring;
struct secret;

#define SEAL_OVERHEAD (4 + 8 + 12 + 32 + 16 + 12 + 16)

struct master_key;

/* With the ring's sealing key. Appends to `sealed`. */
bool seal_close(const struct master_ring *ring, const struct vault_binding *binding,
    struct span clear, struct buf *sealed, struct err *err) must_check;

/* The data key, wrapped with `master`; what it encrypts stays as it is. Appends to `ret`. As
 * seal_open() fails, but for damage to what is encrypted, which is not looked at. */
bool seal_rewrap(const struct master_ring *ring, const struct master_key *master,
    const struct vault_binding *binding, struct span sealed, struct buf *ret, struct err *err)
    must_check;

/* ERR_INVALID: damaged, or sealed for something else. ERR_CONFLICT: under a key we do not have. */
bool seal_open(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, struct secret **ret, struct err *err) must_check;

/* The data key of a blob that opens: for sealing it to a recovery key. */
bool seal_export(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, struct secret **ret_data_key, struct err *err) must_check;

/*
 * The blob again, its data key under the ring's last key instead of the one that it names. That it
 * opens with this data key is made sure of first.
 */
bool seal_adopt(const struct master_ring *ring, const struct vault_binding *binding,
    struct span sealed, const struct secret *data_key, struct buf *ret, struct err *err) must_check;
