/*
 * vault/masters: master keys as the database knows them: names, states and what is needed to find
 * them again. Never the keys.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

#define VAULT_KEY_ID_SIZE 17 /* sixteen hexadecimal digits and a NUL */
#define VAULT_CHECK_SIZE 32

/* Which master key this is, as the table master_key keeps it. The check value is no secret. */
struct vault_identity {
    char key_id[VAULT_KEY_ID_SIZE];
    uint8_t check[VAULT_CHECK_SIZE];
};

/* Where a master key comes from: "file", "passphrase", "pkcs11". */
enum vault_source { VAULT_FILE, VAULT_PASSPHRASE, VAULT_PKCS11, N_VAULT_SOURCES };

const char *vault_source_name(enum vault_source source);
bool vault_source_from_name(struct span name, enum vault_source *ret);

/* "pending": being loaded by every node; "current": what is new is sealed with it; "retiring": what
 * is under it is being wrapped anew; "retired". */
enum vault_state { VAULT_PENDING, VAULT_CURRENT, VAULT_RETIRING, VAULT_RETIRED };

const char *vault_state_name(enum vault_state state);
bool vault_state_from_name(struct span name, enum vault_state *ret);

#define VAULT_RECIPE_MAX 512

/* A master key as the database knows it; not the key. */
struct vault_master {
    struct vault_identity identity;
    enum vault_source source;
    enum vault_state state;
    char recipe[VAULT_RECIPE_MAX]; /* what the source needs besides its own secret; may be "" */
    bool is_loaded;                /* the vault holds it */
};

#define VAULT_MASTERS_MAX 12

struct vault_masters {
    struct vault_master items[VAULT_MASTERS_MAX];
    size_t n;
};

/* The one in that state, or NULL. */
const struct vault_master *vault_masters_in(const struct vault_masters *masters,
    enum vault_state state);
