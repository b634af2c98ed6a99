/*
 * ca/ca: what every certificate authority can be asked.
 *
 * Calls are made on a worker thread, never two at once on one struct ca, never inside a database
 * transaction, and return within ca->timeout_ms; whatever takes a CA longer than that is CA_PENDING
 * and is polled. Whoever calls has stored the order, with key and CSR, before the first of them.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "core/rows_lifecycle.h"

struct addr_ranges;
struct db;
struct err;
struct vault_client;

#define CA_SERIAL_SIZE 41 /* twenty bytes in hexadecimal, and the end */

/* What drivers may use besides the database; lives as long as the server. */
struct ca_services {
    struct vault_client *vault;
    const struct addr_ranges *allow; /* addresses that are otherwise denied and a CA may have */
    const char *proxy;               /* URL; NULL: none */
};

/* What the profile asks for beyond the CSR; the CSR's names were judged by core/policy. */
struct ca_order {
    int64_t id;
    struct span csr;    /* PKCS#10, DER */
    const char *serial; /* as plan() chose it; "": the CA's choice */
    int64_t not_before; /* 0: the CA's choice, as with not_after */
    int64_t not_after;
    const char *usage;     /* server, client, both: extended key usage, where the CA lets us say */
    const char *remote_id; /* poll(): what submit() left; "" before */
    struct span replaces;  /* DER of the certificate that it renews; empty: none */
};

enum ca_verdict { CA_ISSUED, CA_PENDING, CA_REJECTED };

struct ca_answer {
    enum ca_verdict verdict;
    struct buf remote_id; /* what the other calls need to name the order, and is stored */
    struct buf chain_pem; /* CA_ISSUED: the leaf first */
    char number[64];      /* CA_ISSUED: the certificate ID at the CA; "": it has none */
    char link[512];       /* CA_ISSUED: where a person can look at it; "": nowhere */
    int64_t retry_at;     /* CA_PENDING: ask again no sooner; 0 leaves it to us */
    char reason[256];     /* CA_REJECTED: the CA's own words */
};

/* A certificate to be revoked. */
struct ca_cert {
    struct span der;
    const char *serial; /* lower-case hexadecimal */
    const char *number; /* its certificate ID at the CA; "": none */
};

/* RFC 5280, 5.3.1, as far as a person may choose them; the values are the RFC's. */
enum ca_reason {
    CA_REASON_UNSPECIFIED = 0,
    CA_REASON_KEY_COMPROMISE = 1,
    CA_REASON_AFFILIATION_CHANGED = 3,
    CA_REASON_SUPERSEDED = 4,
    CA_REASON_CESSATION_OF_OPERATION = 5,
    CA_REASON_PRIVILEGE_WITHDRAWN = 9,
};

struct ca;

struct ca_ops {
    const char *type; /* "local", as the database and the API name it */

    /*
     * Nobody else remembers what was submitted: a certificate that was signed and not stored was
     * never seen by anyone. Order and certificate may then be one transaction.
     */
    bool forgets;

    /* Check settings (JSON) that a person gave; problems name their field. */
    bool (*check)(const char *settings, struct err *err) must_check;

    /* Ready to be asked. The caller closes *ret. ERR_CONFLICT: it cannot issue now, and why. */
    bool (*open)(struct db *db, const struct ca_row *row, const struct ca_services *services,
        struct ca **ret, struct err *err) must_check;
    void (*close)(struct ca *ca);

    /*
     * Choose serial and dates, where we say so; stored with the order before submit(). NULL: the CA
     * chooses all of that. `lifetime_seconds` is the profile's.
     */
    bool (*plan)(struct ca *ca, int64_t lifetime_seconds, int64_t now,
        char ret_serial[static CA_SERIAL_SIZE], int64_t *ret_not_before, int64_t *ret_not_after,
        struct err *err) must_check;

    /*
     * Place an order. ERR_UNAVAILABLE: it may or may not have arrived; submit() is called again
     * for the same order, which has the same id, and must find out.
     */
    bool (*submit)(struct ca *ca, const struct ca_order *order, struct ca_answer *answer,
        struct err *err) must_check;

    /* How is it going? ERR_UNAVAILABLE says nothing about the order. NULL: never CA_PENDING. */
    bool (*poll)(struct ca *ca, const struct ca_order *order, struct ca_answer *answer,
        struct err *err) must_check;

    /* NULL: this CA cannot revoke, and the API says so. What is revoked already succeeds. */
    bool (*revoke)(struct ca *ca, const struct ca_cert *cert, enum ca_reason reason,
        const char *comment, struct err *err) must_check;

    /* A job to be queued (its object is the CA) once a revocation is stored: a new CRL. NULL: none.
     */
    const char *job_after_revoke;
};

/* The first member of every implementation's own struct. */
struct ca {
    const struct ca_ops *ops;
    int64_t id;
    int timeout_ms;
};

#define CA_ANSWER_INIT                                                                             \
    {                                                                                              \
        .remote_id = BUF_INIT(4096), .chain_pem = BUF_INIT(1U << 20)                               \
    }
void ca_answer_done(struct ca_answer *answer);

const char *ca_reason_name(enum ca_reason reason); /* "keyCompromise", as RFC 5280 spells it */
const char *ca_reason_nth(size_t i);               /* the i-th such name; NULL past the last */
bool ca_reason_from_name(const char *name, enum ca_reason *ret); /* "key_compromise" as well */

/* The table of a type; NULL: there is no such type. */
const struct ca_ops *ca_ops_find(const char *type);

/* ops->open() of the row's type. ERR_CONFLICT for a CA that is disabled. */
bool ca_open(struct db *db, const struct ca_row *row, const struct ca_services *services,
    struct ca **ret, struct err *err) must_check;
void ca_free(struct ca *ca);

DEFINE_AUTODONE(ca_answer);
DEFINE_AUTOFREE(ca);
