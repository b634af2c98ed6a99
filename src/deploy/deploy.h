/*
 * deploy/deploy: what every kind of resource can be asked, to which certificates with their keys
 * are brought.
 *
 * A resource has settings of its own and slots: the places where a certificate can be, each with
 * settings, too. Both are rows of the type's table, from which they are read, checked and
 * described. A target is opened for a few calls, belongs to one thread, and is never used inside a
 * database transaction. Keys only ever go in: no type can be asked for one, and none says in a
 * message what it was given.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "deploy/settings.h"

struct addr_ranges;
struct conf;
struct deploy_target;
struct err;
struct json_problems;
struct secret;

/* What the host's configuration allows: it binds whoever makes resources, admins of certdesk too.
 */
struct deploy_host;

bool deploy_host_new(const struct conf *conf, struct deploy_host **ret, struct err *err) must_check;
void deploy_host_free(struct deploy_host *host);

/*
 * A file or socket by its absolute path, which must lie below one of the directories of the
 * configuration, links followed as far as it exists. ERR_DENIED: it does not.
 */
bool deploy_host_permit_path(const struct deploy_host *host, const char *path, struct err *err)
    must_check;

/* The n-th directory; NULL past the last. */
#define DEPLOY_DIRECTORIES_MAX 32
const char *deploy_host_directory(const struct deploy_host *host, size_t n);

/* Addresses to which keys may be sent without encryption. */
const struct addr_ranges *deploy_host_allow(const struct deploy_host *host);

#define DEPLOY_NAME_MAX 256

/* What is in a place. Fields that the resource does not tell are empty. */
struct deploy_current {
    bool is_there;              /* something is */
    char name[DEPLOY_NAME_MAX]; /* for people: its subject and end, as the resource says it */
    char serial[136];           /* lower-case hexadecimal without leading zeros, as cert_serial() */
    uint8_t sha1[20];
    bool has_sha1;
};

/* What is brought. Borrowed for the call. */
struct deploy_material {
    struct span chain_pem;      /* the leaf first, without its root */
    const struct secret *pkcs8; /* its private key, DER */
    const char *serial;         /* of the leaf, as cert_serial() */
    const uint8_t *sha1;        /* of the leaf, 20 bytes */
};

/* One thing that a resource has, for the test that a person asks for. */
struct deploy_found {
    char name[DEPLOY_NAME_MAX];
    bool is_slot; /* one of the slots of the settings is this */
};

#define DEPLOY_FOUND_MAX 1000

struct deploy_inspection {
    char version[DEPLOY_NAME_MAX]; /* what it is, in its own words; "": it does not say */
    struct deploy_found *found;
    size_t n_found;
    bool is_cut; /* it has more than DEPLOY_FOUND_MAX */
};
void deploy_inspection_done(struct deploy_inspection *inspection);

/* ERR_UNAVAILABLE of any of these: it could not be reached, or broke off: try again. */
struct deploy_ops {
    const char *type; /* "haproxy", as the database and the API name it */
    const char *summary;
    const struct deploy_setting *settings;      /* of the resource; ends with an empty row */
    const struct deploy_setting *slot_settings; /* of each slot; likewise */

    /* What the tables cannot say; problems name their field. Nothing is connected to. */
    void (*check)(const struct deploy_host *host, const struct deploy_settings *settings,
        struct json_problems *problems);

    /* The caller closes *ret; settings and host must outlive it. */
    bool (*open)(const struct deploy_host *host, const struct deploy_settings *settings,
        struct deploy_target **ret, struct err *err) must_check;
    void (*close)(struct deploy_target *target);

    /* What is in the n-th slot now. */
    bool (*current)(struct deploy_target *target, size_t slot, struct deploy_current *ret,
        struct err *err) must_check;

    /*
     * Put it there, so that it is served at once and after a restart, without a connection being
     * lost. Repeating it does no harm. ERR_UNAVAILABLE: it may be there or not; any other error:
     * it was refused, and what was there before still is.
     */
    bool (*put)(struct deploy_target *target, size_t slot, const struct deploy_material *material,
        struct err *err) must_check;

    /* Connect, and say what is there. */
    bool (*inspect)(struct deploy_target *target, struct deploy_inspection *ret, struct err *err)
        must_check;
};

/* The first member of every implementation's own struct. */
struct deploy_target {
    const struct deploy_ops *ops;
    const struct deploy_host *host;
    const struct deploy_settings *settings;
};

/* The table of a type; NULL: there is no such type, or ("manual") nothing is brought there. */
const struct deploy_ops *deploy_ops_find(const char *type);

void deploy_target_free(struct deploy_target *target);

DEFINE_AUTOFREE(deploy_host);
DEFINE_AUTOFREE(deploy_target);
DEFINE_AUTODONE(deploy_inspection);
