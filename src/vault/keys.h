/*
 * vault/keys: key pairs while they are in the open, and what is signed with them.
 *
 * Used inside the vault only. Private halves leave these functions as PKCS#8 DER in a struct secret
 * and nothing else.
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/client_keys.h"

struct err;
struct secret;

/* A new key pair: private half, and SubjectPublicKeyInfo appended to `spki`. */
bool keys_make(enum vault_algorithm algorithm, struct secret **ret, struct buf *spki,
    struct err *err) must_check;

/* ERR_INVALID: not one of the kinds of keys we take. `spki` gets the public half. */
bool keys_check(struct span pkcs8, struct buf *spki, struct err *err) must_check;

/* For the files that sign: NULL, and `err` filled in, unless these bytes are one key of a kind we
 * take. The caller frees it. */
EVP_PKEY *keys_decode(struct span pkcs8, struct err *err) must_check;

/* What it signs a hash of; NULL where it signs what there is. */
const EVP_MD *keys_digest(const EVP_PKEY *key);

/* OpenSSL could not sign `what` ("a certificate"): says why. Returns false. */
bool keys_fail_to_sign(const EVP_PKEY *key, const char *what, struct err *err);

/* Is it of this kind? */
bool keys_is_a(const EVP_PKEY *key, enum vault_algorithm algorithm);

/* Append SubjectPublicKeyInfo. */
bool keys_put_public(EVP_PKEY *key, struct buf *spki, struct err *err) must_check;

/* ERR_CONFLICT unless this is the key of the certificate (DER). */
bool keys_check_cert(struct span pkcs8, struct span cert, struct err *err) must_check;

/* A PKCS#10 request for this key; `csr->n_sans` of at most VAULT_SANS_MAX. Appends DER. */
bool keys_build_csr(struct span pkcs8, const struct vault_csr *csr, struct buf *der,
    struct err *err) must_check;

/* Ed25519 over what vault_checkpoint_verify() looks at. */
bool keys_sign_checkpoint(struct span pkcs8, struct vault_checkpoint *checkpoint, struct err *err)
    must_check;

/* The same over a backup's hash: what checkpoint_verify_backup() looks at. */
bool keys_sign_backup(struct span pkcs8, struct vault_checkpoint *backup, struct err *err)
    must_check;
