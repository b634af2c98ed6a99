/*
 * core/rows_lifecycle: certificate authorities, profiles, and what was asked of whom.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/rows.h"

/* A certificate authority that may be asked. */
struct ca_row {
    int64_t id;
    char *name; /* stands in URLs */
    char *description;
    char *type;     /* local, … as ca/registry lists them */
    char *settings; /* JSON, as its type's table says */
    int64_t secret_id;
    bool is_staging;
    bool is_disabled;
    int64_t n_profiles; /* that use it */
    int64_t created_at;
    int64_t updated_at;
    int64_t row_version;
};
DECLARE_ROWS(ca);

/* Whose key a renewal is for. */
enum renewal_key {
    RENEWAL_SAME_CSR, /* "same": the CSR again */
    RENEWAL_NEW_KEY,  /* "new": a new key from the vault */
    RENEWAL_ASK,      /* "ask": a new CSR from a person, asked for in the ticket */
    N_RENEWAL_KEYS,
};
const char *renewal_key_name(enum renewal_key key);
bool renewal_key_from_name(const char *name, enum renewal_key *ret);

/* What may be issued, by which CA. */
struct profile_row {
    int64_t id;
    char *name;
    char *description;
    int64_t ca_id;
    char *ca;    /* its name */
    char *rules; /* JSON, as core/policy reads it */
    int64_t lifetime_seconds;
    int64_t window_seconds; /* 0: by window_percent */
    int64_t window_percent; /* of the lifetime that is left; 0: by window_seconds */
    bool renews_itself;
    int64_t scan_seconds; /* renewals wait for the next of such rounds; 0: for none */
    enum renewal_key renewal_key;
    int64_t force_serial; /* activations of Force Renewal so far */
    bool is_forcing;
    int64_t n_approvals;
    int64_t approver_group_id;
    char *approver_group; /* NULL: none */
    bool is_restricted;   /* only for those on its list */
    bool is_disabled;
    int64_t created_at;
    int64_t updated_at;
    int64_t row_version;
};
DECLARE_ROWS(profile);

/* What a ticket of type Certificate or Revoke Certificate asks for. */
struct request_row {
    int64_t ticket_id;
    int64_t profile_id;
    char *profile;         /* its name; NULL: none */
    struct buf csr;        /* DER; empty: the server makes the key, or nobody gave one yet */
    int64_t sealed_key_id; /* of the CSR, where the vault made it */
    char *names;           /* JSON {subject, sans} for a CSR that the server makes */
    char *domain;
    char *ca_certificate_id;
    bool wants_csr;
    int64_t asked_by; /* who gave the CSR or the names; 0: certdesk itself, or they are gone */
};
void request_row_done(struct request_row *row);
void request_row_free(struct request_row *row);
DEFINE_AUTODONE(request_row);
DEFINE_AUTOFREE(request_row);

/* One certificate asked of a CA. */
struct order_row {
    int64_t id;
    int64_t ticket_id;
    int64_t certificate_id; /* the record */
    int64_t profile_id;
    int64_t ca_id;
    char *kind;   /* enroll, renew */
    char *reason; /* person, window, expired, forced */
    struct buf csr;
    int64_t sealed_key_id;
    char *serial;       /* hexadecimal; "": the CA's choice */
    int64_t not_before; /* 0: the CA's choice, as with not_after */
    int64_t not_after;
    int64_t replaces_id;
    char *state; /* ready, submitting, pending, issued, failed */
    char *remote_id;
    int64_t next_at;
    int64_t n_errors;
    char *error;
    int64_t account_id;
    int64_t version_id; /* what came of it */
    char *link;         /* where a person can look at that at the CA; "": nowhere */
    char *back_to;      /* the ticket's status again if it fails */
    int64_t created_at;
    int64_t finished_at;
};
DECLARE_ROWS(order);

/* How a record that a profile renews stands. */
struct life_row {
    int64_t certificate_id;
    int64_t profile_id;
    int64_t ticket_id;
    int64_t renew_at; /* 0: it does not renew itself */
    int64_t forced_serial;
    int64_t n_failures;
    int64_t retry_at;
    char *last_error;
};
DECLARE_ROWS(life);
