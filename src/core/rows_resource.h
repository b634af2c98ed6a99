/*
 * core/rows_resource: what serves certificates, which record belongs on it, and how certificates
 * got there.
 */
#pragma once

#include "base/base.h"
#include "codec/digest.h"
#include "core/rows.h"

#define RESOURCE_MANUAL "manual" /* a person puts the certificate there */

struct resource_row {
    int64_t id;
    char *name;
    char *description;
    char *type;     /* manual, or as deploy/registry lists them */
    char *settings; /* JSON {settings, slots}, as deploy/settings reads it */
    int64_t proof_rounds;
    int64_t proof_seconds;
    int64_t n_associations; /* with records that whoever asked may see */
    int64_t created_at;
    int64_t row_version; /* grows with each edit, and with each change of its associations */
};
DECLARE_ROWS(resource);

/* A record in a place of a resource. */
struct association_row {
    int64_t id;
    int64_t resource_id;
    char *resource;
    char *resource_type;
    char *slot; /* the place on the resource; "" where there is only one */
    int64_t certificate_id;
    bool is_visible; /* whoever asked may see the record */
    int64_t created_at;
};
DECLARE_ROWS(association);

/* Where it can be seen what a resource serves. */
struct resource_endpoint_row {
    char *slot; /* "": every place */
    char *host;
    int64_t port;
    char *sni;
    char *protocol;
};
DECLARE_ROWS(resource_endpoint);

/* Who may deploy to a resource: a person or a group. */
struct resource_user_row {
    int64_t account_id; /* 0: a group */
    int64_t group_id;
    char *name;
};
DECLARE_ROWS(resource_user);

enum deployment_state {
    DEPLOYMENT_QUEUED,
    DEPLOYMENT_DEPLOYING, /* the resource may have it, or may not */
    DEPLOYMENT_PROVING,   /* the resource has it; its endpoints are being looked at */
    DEPLOYMENT_SEEN,      /* every address presents it */
    DEPLOYMENT_PUT_BACK,  /* the resource has the previous one again */
    DEPLOYMENT_FAILED,    /* nothing was changed, or nothing could be put back: see the error */
    N_DEPLOYMENT_STATES
};
const char *deployment_state_name(enum deployment_state state);
bool deployment_state_from_name(const char *name, enum deployment_state *ret);
/* A version of a record brought to a place. */
struct deployment_row {
    int64_t id;
    int64_t resource_id;
    char *resource; /* its name */
    char *slot;
    int64_t certificate_id;
    char *certificate; /* the record's name */
    int64_t version_id;
    uint8_t sha256[SHA256_SIZE]; /* of that version */
    int64_t previous_version_id; /* what was there before; 0: nothing, or nothing we know */
    uint8_t previous_sha256[SHA256_SIZE];
    char *previous_name; /* what was there before, as the resource calls it */
    int64_t ticket_id;
    char *ticket;       /* its key; NULL: none */
    int64_t account_id; /* who asked; 0: certdesk itself */
    char *account;      /* NULL: certdesk itself */
    enum deployment_state state;
    bool is_putting_back;
    int64_t attempts;
    int64_t n_tries;
    char *error;
    char *addresses; /* JSON [{endpoint, address, fingerprint, is_expected, error, checked_at}] */
    int64_t prove_until;
    int64_t retry_at;
    int64_t created_at;
    int64_t started_at;
    int64_t updated_at;
    int64_t finished_at;
};
DECLARE_ROWS(deployment);

/*
 * How long after the n-th unsuccessful attempt it is tried again; 0: not by itself any more.
 * is_unreachable: nothing was changed, because nobody answered: that harms nobody, and is tried
 * without end.
 */
int64_t deployment_backoff_seconds(int64_t attempts, bool is_unreachable);
