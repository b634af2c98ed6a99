/*
 * import/found: what an upload holds: certificates and private keys, or why it holds none.
 *
 * Used inside the importer only; keys are in the open here.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "import/client.h"

struct err;
struct secret;

struct found_cert {
    enum import_part part;
    struct buf der;
};

struct found_key {
    enum import_part part;
    struct secret *pkcs8; /* DER, unencrypted */
    struct buf spki;      /* SubjectPublicKeyInfo, DER */
};

struct found {
    struct found_cert certs[IMPORT_CERTS_MAX];
    size_t n_certs;
    bool has_certs[N_IMPORT_PARTS]; /* of others' too: a copy is kept once */
    struct found_key keys[IMPORT_KEYS_MAX];
    size_t n_keys;
};

void found_done(struct found *found);

/* The same certificate or key is kept once. ERR_LIMIT above IMPORT_CERTS_MAX, IMPORT_KEYS_MAX. */
bool found_add_cert(struct found *found, enum import_part part, struct span der, struct err *err)
    must_check;

/* Takes `pkcs8`, also when it fails. */
bool found_add_key(struct found *found, enum import_part part, struct secret *pkcs8,
    struct span spki, struct err *err) must_check;

DEFINE_AUTODONE(found);
