/*
 * vault/master: the master keys, and where they come from.
 *
 * A ring holds several, so that a new one can be brought in before anything is sealed with it, and
 * old blobs still open. A source is a table of functions. Whatever it is, the bytes of a master key
 * are in the vault's memory while it serves: a token gives them out wrapped, once, at the start.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "vault/masters.h"

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
    size_t n_keys;
    size_t sealing; /* which of them seals what is new */
};

/* Takes `bytes`. ERR_LIMIT: the ring is full. ERR_CONFLICT: it is there already. */
bool master_ring_add(struct master_ring *ring, struct secret *bytes, struct err *err) must_check;
void master_ring_done(struct master_ring *ring);

/* Which of the keys has this id, or NULL. */
const struct master_key *master_ring_find(const struct master_ring *ring,
    const uint8_t id[static MASTER_ID_SIZE]);

/* The same by the id as it is shown, VAULT_KEY_ID_SIZE with its NUL. */
const struct master_key *master_ring_find_name(const struct master_ring *ring, const char *key_id);

/* What the database keeps, to know the key again. It says nothing about the key's bytes. */
void master_identify(const struct master_key *key, struct vault_identity *ret);

/* The same of bytes that are in no ring. */
void master_identify_bytes(const struct secret *bytes, struct vault_identity *ret);

/*
 * What the sources may reach. The working directory is the vault's own; descriptors are -1 where
 * they were not given.
 */
struct master_access {
    int passphrase_fd;
    int old_passphrase_fd; /* of before, while keys of it are still in use */
    const char *pkcs11;    /* "MODULE\nTOKEN\nKEY LABEL"; NULL: none */
    int pin_fd;
    bool wants_pkcs11;     /* new keys come from there, */
    bool wants_passphrase; /* else from here, else from the file */
};

struct master_source {
    const char *name; /* for people: "key file" */

    /* May it be used, with this access? */
    bool (*is_given)(const struct master_access *access);

    /* The bytes of this key. ERR_NOT_FOUND: it is not here. ERR_CONFLICT: something else is. */
    bool (*load)(const struct master_access *access, const struct vault_master *wanted,
        struct secret **ret, struct err *err) must_check;

    /*
     * One that is not among `known`, durably: one that is there already and unknown, else a new
     * one. `recipe` is what load() will need.
     */
    bool (*make)(const struct master_access *access, const struct vault_masters *known,
        struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err) must_check;

    /* Nothing more will be asked of it. NULL: it does not care. */
    void (*close)(void);
};

extern const struct master_source master_file;       /* "master.key", mode 0600 */
extern const struct master_source master_passphrase; /* Argon2id; the recipe is costs and salt */
extern const struct master_source master_pkcs11;     /* the recipe holds it, wrapped by a token */

DEFINE_AUTODONE(master_ring);
