/*
 * vault/hsm: keys of authorities that lie in a token (PKCS#11), as the vault uses them.
 *
 * The token's module runs in a process of its own (vault/hsm_process), which signs what this
 * sends it and knows of nothing else. That it signed, and with the right key, is looked at here.
 * What may be signed at all was decided before, by what is in the authority's seal
 * (docs/adr/0019).
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "vault/client_keys.h"

struct err;
struct frame_reader;
struct hsm;

#define HSM_SERIAL_SIZE 17
#define HSM_ID_MAX 64
#define HSM_LABEL_SIZE 129

/* What names a key in a token. A seal keeps it beside the public key, by which it is known again.
 */
struct hsm_ref {
    char serial[HSM_SERIAL_SIZE]; /* of the token that it was made in, for messages */
    uint8_t id[HSM_ID_MAX];       /* CKA_ID; may be empty */
    size_t id_size;
    char label[HSM_LABEL_SIZE]; /* CKA_LABEL; may be "" where there is an id */
};
void hsm_ref_put(struct buf *out, const struct hsm_ref *ref);
void hsm_ref_read(struct frame_reader *r, struct hsm_ref *ret);

/* The id alone; one that is too long fails the reader. */
void hsm_id_read(struct frame_reader *r, struct hsm_ref *ret);

/* Takes the socket to the token's process. It lives as long as the vault. */
struct hsm *hsm_new(int fd) must_check;

/* Has its process gone? Then only another vault has another. */
bool hsm_is_gone(struct hsm *hsm);

/*
 * A new key pair, which never leaves the token. RSA, P-256 and P-384; ERR_INVALID for others.
 * `spki` gets the public half. Any thread may call these.
 */
bool hsm_make(struct hsm *hsm, enum vault_algorithm algorithm, const char *label,
    struct hsm_ref *ret, struct buf *spki, struct err *err) must_check;

/* A key pair that is in the token already. ERR_DENIED: it is not the one that the settings name
 * for that. */
bool hsm_take(struct hsm *hsm, const char *label, struct hsm_ref *ret, struct buf *spki,
    struct err *err) must_check;

/*
 * A key that OpenSSL signs with by way of the token; NULL fails. `token` outlives it, and may be
 * NULL: then signing fails, because no token is configured.
 */
EVP_PKEY *hsm_key_new(struct hsm *hsm, const struct hsm_ref *ref, struct span spki, struct err *err)
    must_check;

/* OpenSSL could not sign with this key. Where the token is why, `err` says so, and this returns
 * true. */
bool hsm_key_explain(const EVP_PKEY *key, struct err *err);
