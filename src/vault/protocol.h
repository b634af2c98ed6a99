/*
 * vault/protocol: what is said between a server and its vault.
 *
 * A request is a frame whose type is one of the below; the answer has the same request number, and
 * the type VAULT_DONE with what was asked for, or VAULT_FAILED with an error. One request at a
 * time.
 */
#pragma once

#include "base/base.h"
#include "base/frame.h"
#include "vault/client_keys.h"

#define VAULT_FRAME_MAX (4u << 20)

enum vault_request {
    VAULT_UNLOCK = 1,  /* bool makes, u8 n, n masters → u32 bits of those loaded, bool is_made,
                          and the master that was made. With it comes a descriptor: a second
                          socket, for what makes keys */
    VAULT_MAKE_KEY,    /* u8 algorithm, binding → sealed, spki */
    VAULT_SEAL_KEY,    /* bytes pkcs8, binding → sealed, spki */
    VAULT_SEAL_SECRET, /* bytes, binding → sealed */
    VAULT_OPEN,        /* bytes sealed, binding, bytes certificate → bytes */
    VAULT_BUILD_CSR,   /* bytes sealed, binding, eight texts, count, texts → der */
    VAULT_SIGN_CHECKPOINT, /* bytes sealed, binding, i64, hash[32] → signature[64], public[32] */
    VAULT_STATS,           /* → i64 opened, i64 refused */
    VAULT_SEAL_WITH,       /* text key id → */
    VAULT_REWRAP,          /* bytes sealed, binding, text key id → sealed */
    VAULT_MAKE_PARCEL_KEY = 20, /* → public[32], bytes sealed half */
    VAULT_SEAL_PARCEL,          /* public[32], bytes sealed half, bytes parcel, bytes aad,
                                   binding → sealed, spki */
    VAULT_BEGIN_BACKUP = 40,    /* → public[32], bytes key, bytes sealed key */
    VAULT_EXPORT_KEY,           /* bytes sealed, binding → bytes data key, sealed to the recovery
                                   key */
    VAULT_ADOPT_KEY,            /* bytes sealed, binding, bytes data key → sealed, spki */
    VAULT_SIGN_BACKUP,          /* bytes sealed, binding, hash[32] → signature[64], public[32] */
    VAULT_CA_MAKE = 60, /* u8 algorithm, binding, bool in token, two texts, eight texts, names, bool
                           root, bytes serial, i64 from, i64 to → sealed, spki, bytes certificate or
                           request */
    VAULT_CA_INSTALL,   /* bytes sealed, binding, bytes certificate → sealed */
    VAULT_CA_SIGN,      /* bytes sealed, binding, bytes request, bytes serial, i64 from, i64 to, u8
                           usage, three texts → bytes certificate */
    VAULT_CA_SIGN_CRL,  /* bytes sealed, binding, i64 number, i64 this, i64 next, u32 n, bytes
                           entries (bytes serial, i64, u8) → bytes CRL */
    VAULT_CA_SIGN_OCSP, /* bytes sealed, binding, i64 this, i64 next, bytes nonce, count, items (u8
                           hash, bytes serial, u8 status, i64, u8 reason) → bytes response */
    VAULT_CA_PROVE,     /* bytes sealed, binding → bool is in token */
};

enum vault_answer { VAULT_DONE = 100, VAULT_FAILED };

#define VAULT_TEXT_MAX 1024 /* one attribute or name of a request */
#define VAULT_SUBJECT_TEXTS 8

void vault_put_binding(struct buf *out, const struct vault_binding *binding);

/* Eight texts; what was read is in `texts`, and ret's members point there. */
void vault_put_subject(struct buf *out, const struct vault_csr *csr);
void vault_read_subject(struct frame_reader *r, char texts[VAULT_SUBJECT_TEXTS][VAULT_TEXT_MAX],
    struct vault_csr *ret);

/* text key id, check[32], u8 source, u8 state, text recipe */
void vault_put_master(struct buf *out, const struct vault_master *master);
void vault_read_master(struct frame_reader *r, struct vault_master *ret);

/* ret->row points to `row`. A bad purpose fails the reader. */
void vault_read_binding(struct frame_reader *r, struct vault_binding *ret,
    char row[static VAULT_ROW_MAX + 1]);
