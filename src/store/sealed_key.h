/* store/sealed_key: ciphertext of keys; only the vault can open it (vault/client). */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct tx;

struct sealed_key_new {
    const char *purpose;
    const char *algorithm;
    struct span public_key; /* SubjectPublicKeyInfo, DER */
    struct span blob;
    const char *master_key_id;
};

bool store_sealed_key_add(struct tx *tx, const struct sealed_key_new *key, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* The first key made for a purpose of which there is one; nothing is appended where there is none
 * yet. */
bool store_sealed_key_first(struct tx *tx, const char *purpose, struct buf *blob, struct err *err)
    must_check;
