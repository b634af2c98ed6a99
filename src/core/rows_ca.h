/*
 * core/rows_ca: the built-in certificate authority, and what authorities have issued.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/rows.h"

enum local_ca_state { LOCAL_CA_AWAITING, LOCAL_CA_ACTIVE };

/* "awaiting_certificate", "active". */
const char *local_ca_state_name(enum local_ca_state state);
bool local_ca_state_from_name(const char *name, enum local_ca_state *ret);

/* What the built-in authority is, beside its ca_row. */
struct local_ca_row {
    int64_t ca_id;
    bool is_root; /* it signed itself */
    enum local_ca_state state;
    int64_t sealed_key_id;
    char *key_algorithm; /* "ec-p256", … */
    char *key_storage;   /* "sealed", "pkcs11" */
    char *subject;
    char *names;            /* JSON {permitted, excluded} */
    struct buf csr;         /* DER; empty for a root */
    struct buf certificate; /* DER; empty while it awaits one */
    char *chain_pem;        /* what stands above it; "" for a root */
    int64_t version_id;
    int64_t certificate_id; /* the record that it is watched by */
    int64_t not_before;
    int64_t not_after;
    int64_t path_length; /* -1: none is stated */
    char *public_url;    /* without a "/" at its end */
    bool is_url_fixed;
    int64_t crl_number; /* 0: there is none yet */
    int64_t crl_this_at;
    int64_t crl_next_at;
    int64_t crl_n_revoked;
};
void local_ca_row_done(struct local_ca_row *row);
void local_ca_row_free(struct local_ca_row *row);
DEFINE_AUTODONE(local_ca_row);
DEFINE_AUTOFREE(local_ca_row);

/* A CRL has a new one every day and is believed for seven. */
#define CRL_LIFETIME_SECONDS INT64_C(604800)
#define CRL_RENEWAL_SECONDS INT64_C(86400)

/* From then on it is time to worry: what renews it has failed for days. */
#define CRL_ALARM_SECONDS INT64_C(172800)

/* How a list stands. */
enum crl_state {
    CRL_NONE, /* the authority has no certificate yet, or no list */
    CRL_FRESH,
    CRL_ENDING, /* it should have been renewed long ago */
    CRL_STALE,  /* nobody believes it any more */
};
enum crl_state local_ca_crl_state(const struct local_ca_row *row, int64_t now);

/* A certificate that an authority issued to us. */
struct ca_certificate_row {
    int64_t id;
    int64_t ca_id;
    char *serial; /* lower-case hexadecimal, as cert_serial() */
    char *number; /* its certificate ID at the CA; "": none */
    int64_t version_id;
    int64_t order_id; /* 0: none */
    int64_t not_after;
    int64_t issued_at;
    int64_t revoked_at;      /* 0: it is not */
    char *revocation_reason; /* RFC 5280, 5.3.1; "" while it is not */
    int64_t certificate_id;  /* lists: a record that has it, 0: none that the viewer may see */
    char *certificate;       /* lists: the record's name */
};
DECLARE_ROWS(ca_certificate);
