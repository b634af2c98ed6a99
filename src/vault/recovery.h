/*
 * vault/recovery: the key pair that backups are encrypted to.
 *
 * The public half is a setting of the server; the private half is in a file that its owner keeps
 * elsewhere, and never comes near a server but to restore one. What is sealed to it are libsodium's
 * sealed boxes (X25519, XSalsa20-Poly1305): whoever seals cannot open again.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/client_keys.h"

struct err;
struct secret;

#define RECOVERY_PUBLIC_SIZE 32
#define RECOVERY_TEXT_SIZE 80 /* "cdrk1-", 72 hexadecimal digits, and a NUL */
#define RECOVERY_SEAL_OVERHEAD 48

struct recovery_key {
    uint8_t public_half[RECOVERY_PUBLIC_SIZE];
    struct secret *private_half;
};

void recovery_key_make(struct recovery_key *ret);
void recovery_key_done(struct recovery_key *key);

/* The public half as people copy it; it ends with a checksum, so that a slip is noticed. */
void recovery_public_text(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE],
    char ret[static RECOVERY_TEXT_SIZE]);
bool recovery_public_parse(const char *text, uint8_t ret[static RECOVERY_PUBLIC_SIZE],
    struct err *err) must_check;

/* The file with the private half; `out` is a secret's buf. */
void recovery_key_write(const struct recovery_key *key, struct buf *out);
bool recovery_key_read(struct span text, struct recovery_key *ret, struct err *err) must_check;

/* Appends clear.size + RECOVERY_SEAL_OVERHEAD bytes. */
void recovery_seal(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE], struct span clear,
    struct buf *sealed);

/* ERR_INVALID: damaged, or sealed to another key. */
bool recovery_open(const struct recovery_key *key, struct span sealed, struct secret **ret,
    struct err *err) must_check;

/* A blob's data key, sealed to the recovery key together with what the blob is bound to. */
bool recovery_seal_data_key(const uint8_t public_half[static RECOVERY_PUBLIC_SIZE],
    const struct secret *data_key, const struct vault_binding *binding, struct buf *sealed,
    struct err *err) must_check;

/* ERR_INVALID also where it is another row's. */
bool recovery_open_data_key(const struct recovery_key *key, struct span sealed,
    const struct vault_binding *binding, struct secret **ret, struct err *err) must_check;

DEFINE_AUTODONE(recovery_key);
