/*
 * vault/ca_seal: what lies in the seal of an authority's key: besides the key all that limits it.
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"
#include "base/span.h"
#include "vault/client_ca.h"

struct buf;
struct err;
struct frame_reader;
struct secret;
struct hsm;
struct hsm_ref;

/* For which names it may issue; texts as in struct vault_ca_new. */
struct ca_names {
    char *permitted[VAULT_CA_NAMES_MAX];
    size_t n_permitted;
    char *excluded[VAULT_CA_NAMES_MAX];
    size_t n_excluded;
};
void ca_names_done(struct ca_names *names);
void ca_names_read(struct frame_reader *r, struct ca_names *ret);

/* As an extension; *ret is NULL where nothing limits it. ERR_INVALID names what is no name. */
bool ca_names_build(const struct ca_names *names, NAME_CONSTRAINTS **ret, struct err *err)
    must_check;

/* The key as it lies in a seal: itself, or what names it in a token, with its public half. */
struct ca_key {
    bool is_in_token;
    struct span bytes; /* PKCS#8; or ca_key_put_ref()'s */
};
void ca_key_put_ref(struct buf *out, const struct hsm_ref *ref, struct span spki);

/* A seal that was opened. */
struct ca_seal {
    struct ca_names names;
    X509 *cert;               /* NULL: an intermediate that has none yet */
    EVP_PKEY *key;            /* signs, wherever it lies */
    struct ca_key sealed_key; /* in the bytes it was read from */
    bool is_root;
};
void ca_seal_done(struct ca_seal *seal);

/* The clear bytes, to be sealed. `cert` may be empty. */
bool ca_seal_write(const struct ca_names *names, bool is_root, struct span cert,
    const struct ca_key *key, struct buf *ret, struct err *err) must_check;

/* `clear` and `token` outlive *ret. `token` may be NULL: a key that lies in one then signs nothing.
 */
bool ca_seal_read(struct span clear, struct hsm *hsm, struct ca_seal *ret, struct err *err)
    must_check;

DEFINE_AUTODONE(ca_names);
DEFINE_AUTODONE(ca_seal);
