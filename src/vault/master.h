/*
 * vault/master: the master keys, and where they come from.
 *
 * A ring holds several, so that a new one can be brought in before anything is sealed with it, and
 * old blobs still open. What is new is sealed with the last. A source is a table of functions: a
 * key file, a passphrase, and one day a PKCS#11 token, which will add wrap and unwrap functions of
 * its own here, because its keys never leave it.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "vault/client.h"

struct err;
struct secret;

#define MASTER_KEY_SIZE 32
#define MASTER_KEYS_MAX 16
#define MASTER_ID_SIZE 8

struct master_key {
    uint8_t id[MASTER_ID_SIZE];
    struct secret *bytes;
};

struct master_ring {
    struct master_key keys[MASTER_KEYS_MAX];
    size_t n_keys; /* the last is the one to seal with */
};

/* Takes `bytes`. ERR_LIMIT: the ring is full. ERR_CONFLICT: it is there already. */
bool master_ring_add(struct master_ring *ring, struct secret *bytes, struct err *err) must_check;
void master_ring_done(struct master_ring *ring);

/* Which of the keys has this id, or NULL. */
const struct master_key *master_ring_find(const struct master_ring *ring,
    const uint8_t id[static MASTER_ID_SIZE]);

/* What the database keeps, to know the key again. It says nothing about the key's bytes. */
void master_identify(const struct master_key *key, struct vault_identity *ret);

/* The working directory is the vault's; nothing else is looked at. */
struct master_source {
    const char *name; /* "key file" */

    /* Fill the ring. ERR_NOT_FOUND: there is no key yet. */
    bool (*load)(int passphrase_fd, struct master_ring *ring, struct err *err) must_check;

    /* Make the first key, durably, and put it into the ring. ERR_CONFLICT: there is one. */
    bool (*create)(int passphrase_fd, struct master_ring *ring, struct err *err) must_check;
};

extern const struct master_source master_file;       /* "master.key", mode 0600 */
extern const struct master_source master_passphrase; /* Argon2id, with "master.salt" */

DEFINE_AUTODONE(master_ring);
