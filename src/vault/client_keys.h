/*
 * vault/client_keys: keys and secrets that only the vault can open, and what is made with them.
 *
 * Whoever calls these holds sealed blobs, and gets signatures and requests. The vault is called as
 * vault/client says: never inside a database transaction.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/masters.h"

struct err;
struct secret;
struct vault_client;

#define VAULT_ROW_MAX 128
#define VAULT_SEALED_MAX (128u << 10)
#define VAULT_SECRET_MAX (64u << 10)
#define VAULT_SANS_MAX 1000

/*
 * What a sealed blob is for, and which row it lies in: both are bound into the seal, so that a blob
 * that was moved to another row does not open. `row` is whatever names that row for ever:
 * "key/0198c2…".
 */
enum vault_purpose {
    VAULT_TLS,    /* "tls": keys of certificates; signs CSRs; opened for deployment */
    VAULT_AUDIT,  /* "audit": signs the audit log's checkpoints; never leaves */
    VAULT_SECRET, /* "secret": passwords and tokens for other systems */
    VAULT_PARCEL, /* "parcel": opens the keys of one upload (vault_make_parcel_key) */
    VAULT_CA,     /* "ca": signs what the authority that it belongs to may issue (client_ca) */
};

struct vault_binding {
    enum vault_purpose purpose;
    const char *row;
};

/* A name for a row that is about to be sealed: "key/", and 128 random bits in hexadecimal. */
#define VAULT_ROW_NAME_SIZE 37
void vault_row_new(char ret[static VAULT_ROW_NAME_SIZE]);

/* The id of the master key that a blob is sealed under. False: it is no sealed blob. */
bool vault_sealed_under(struct span sealed, char ret[static VAULT_KEY_ID_SIZE]);

const char *vault_purpose_name(enum vault_purpose purpose);
bool vault_purpose_from_name(struct span name, enum vault_purpose *ret);

enum vault_algorithm {
    VAULT_RSA_2048,
    VAULT_RSA_3072,
    VAULT_RSA_4096,
    VAULT_P256,
    VAULT_P384,
    VAULT_P521,
    VAULT_ED25519,
};

/* "rsa-2048", "ec-p256", "ed25519", … as the database keeps it. */
const char *vault_algorithm_name(enum vault_algorithm algorithm);
bool vault_algorithm_from_name(struct span name, enum vault_algorithm *ret);

/*
 * A key pair is made and sealed; `sealed` and `spki` (SubjectPublicKeyInfo, DER) are bufs of the
 * caller. A VAULT_AUDIT key is always Ed25519, a VAULT_SECRET is no key.
 */
bool vault_make_key(struct vault_client *client, enum vault_algorithm algorithm,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
    must_check;

/*
 * Seal a key that was made elsewhere (PKCS#8 DER, unencrypted; RSA from 512 to 16384 bits, a named
 * curve, Ed25519, Ed448, DSA), as VAULT_TLS; its public half goes to `spki`. Keys that nobody
 * should make any more are taken, because there are certificates for them. ERR_INVALID: it is none
 * of these.
 */
bool vault_seal_key(struct vault_client *client, struct span pkcs8,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
    must_check;

/*
 * For an upload: what its parser encrypts private keys with, so that they reach the vault without
 * having been seen on the way. `sealed_half` is the private half, sealed, to be shown again with
 * what was encrypted; it is for this upload alone, and nobody keeps it.
 */
#define VAULT_PARCEL_KEY_SIZE 32

bool vault_make_parcel_key(struct vault_client *client,
    uint8_t ret_public[static VAULT_PARCEL_KEY_SIZE], struct buf *sealed_half, struct err *err)
    must_check;

/*
 * As vault_seal_key(), for a key in a parcel (vault/parcel, with the key's SubjectPublicKeyInfo as
 * `aad`). ERR_INVALID: damaged, wrapped up for another upload, or no key that we take.
 */
struct vault_parcel {
    const uint8_t *public_key; /* VAULT_PARCEL_KEY_SIZE bytes, as vault_make_parcel_key() gave */
    struct span sealed_half;
    struct span bytes;
    struct span aad;
};

bool vault_seal_parcel(struct vault_client *client, const struct vault_parcel *parcel,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct err *err)
    must_check;

/* Seal any bytes, up to VAULT_SECRET_MAX, as VAULT_SECRET. */
bool vault_seal_secret(struct vault_client *client, struct span bytes,
    const struct vault_binding *binding, struct buf *sealed, struct err *err) must_check;

/*
 * The clear bytes of a secret, for speaking to the system that it is for. The vault counts these,
 * and above a rate that no honest work reaches it refuses with ERR_LIMIT. ERR_INVALID: the seal
 * does not fit the binding, or is damaged; nothing more is said.
 */
bool vault_open_secret(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct secret **ret, struct err *err) must_check;

/*
 * A private key in PKCS#8 DER, for the deployment of `cert` (DER), and nothing else. Counted and
 * limited like secrets, more tightly, also over restarts of the vault. ERR_INVALID as above;
 * ERR_CONFLICT: it is not the key of that certificate.
 */
bool vault_open_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct span cert, struct secret **ret, struct err *err)
    must_check;

/* Wrap a blob's data key with the master key `key_id`, which is loaded; what is sealed does not
 * change. Appends to `ret`. */
bool vault_rewrap(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const char *key_id, struct buf *ret, struct err *err)
    must_check;

/* A certification request (PKCS#10). Texts are UTF-8; NULL leaves an attribute out. */
struct vault_csr {
    const char *common_name;
    const char *organization;
    const char *organizational_unit;
    const char *locality;
    const char *state;
    const char *country; /* two letters */
    const char *email_address;
    const char *serial_number; /* of the subject, as of a device; no certificate's */
    const char *const *sans;   /* "dns:www.example.org", "ip:192.0.2.1", "email:…", "uri:…" */
    size_t n_sans;
};

/* Build and sign it with a VAULT_TLS key; DER is appended to `der`. */
bool vault_build_csr(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_csr *csr, struct buf *der,
    struct err *err) must_check;

#define VAULT_SIGNATURE_SIZE 64
#define VAULT_PUBLIC_SIZE 32

struct vault_checkpoint {
    int64_t seq; /* the link of the audit chain, and its hash */
    uint8_t hash[32];
    uint8_t signature[VAULT_SIGNATURE_SIZE];
    uint8_t public_key[VAULT_PUBLIC_SIZE];
};

/* Sign seq and hash with a VAULT_AUDIT key; the vault fills in signature and public key. */
bool vault_sign_checkpoint(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct vault_checkpoint *checkpoint, struct err *err)
    must_check;

#define VAULT_BACKUP_KEY_SIZE 32

/* What a backup begins with: the recovery key, and a key for the file, as it is and sealed to it.
 */
struct vault_backup {
    uint8_t recovery_key[VAULT_PUBLIC_SIZE];
    struct secret *key;
    struct buf sealed_key;
};
void vault_backup_done(struct vault_backup *backup);

/* ERR_CONFLICT: no recovery key is set. */
bool vault_begin_backup(struct vault_client *client, struct vault_backup *ret, struct err *err)
    must_check;

/* The data key of a sealed blob, sealed to the recovery key; appended to `ret`. */
bool vault_export_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct buf *ret, struct err *err) must_check;

/*
 * A blob that was sealed under another master key, with its data key: the same under ours, appended
 * to `ret`, and the public half of the key in it (nothing for a secret) to `spki`. ERR_INVALID: the
 * data key does not open it.
 */
bool vault_adopt_key(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct secret *data_key, struct buf *ret,
    struct buf *spki, struct err *err) must_check;

/* Sign backup->hash with a VAULT_AUDIT key; the vault fills in signature and public key. */
bool vault_sign_backup(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct vault_checkpoint *backup, struct err *err)
    must_check;

DEFINE_AUTODONE(vault_backup);
