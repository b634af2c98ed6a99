/*
 * core/rows_csr: certificate requests whose key is in the vault.
 */
#pragma once

#include "codec/digest.h"
#include "core/rows.h"

/* One request, without its DER (store_csr_der). */
struct csr_row {
    int64_t id;
    char *name;
    char *description;
    char *business_group; /* "": none */
    int64_t owner_id;
    char *owner;
    char *subject;       /* as it is shown */
    char *sans;          /* JSON list of {type, value} */
    char *key_algorithm; /* rsa, ec, ed25519 */
    int64_t key_size;    /* in bits */
    char *curve;         /* "" where there is none */
    uint8_t spki_sha256[SHA256_SIZE];
    int64_t sealed_key_id;
    int64_t certificate_id; /* the record its certificate became; 0: none, or none any more */
    char *certificate;      /* its name; NULL without one */
    int64_t used_at;        /* 0: not yet */
    int64_t created_at;
};
DECLARE_ROWS(csr);
