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

/* For which names it may issue; texts as in struct vault_ca_new. */
struct ca_names {
    char *permitted[VAULT_CA_NAMES_MAX];
    size_t n_permitted;
    char *excluded[VAULT_CA_NAMES_MAX];
    size_t n_excluded;
};
void ca_names_done(struct ca_names *names);
void ca_names_put(struct buf *out, const struct ca_names *names);
void ca_names_read(struct frame_reader *r, struct ca_names *ret);

/* As an extension; *ret is NULL where nothing limits it. ERR_INVALID names what is no name. */
bool ca_names_build(const struct ca_names *names, NAME_CONSTRAINTS **ret, struct err *err)
    must_check;

/* A seal that was opened. */
struct ca_seal {
    struct ca_names names;
    X509 *cert; /* NULL: an intermediate that has none yet */
    EVP_PKEY *key;
    struct span key_pkcs8; /* in the bytes it was read from */
    bool is_root;
};
void ca_seal_done(struct ca_seal *seal);

/* The clear bytes, to be sealed. `cert` may be empty. */
bool ca_seal_write(const struct ca_names *names, bool is_root, struct span cert, struct span pkcs8,
    struct buf *ret, struct err *err) must_check;

/* `clear` outlives *ret. */
bool ca_seal_read(struct span clear, struct ca_seal *ret, struct err *err) must_check;

DEFINE_AUTODONE(ca_names);
DEFINE_AUTODONE(ca_seal);
