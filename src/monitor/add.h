/*
 * monitor/add: put something under watch.
 */
#pragma once

#include "base/base.h"
#include "core/rows_endpoint.h"
#include "store/cert.h"
#include "store/cert_people.h"

struct err;
struct tx;

/* What is typed to say where a certificate is served, made sure of. */
struct watch_place {
    char host[254]; /* lower-case A-labels, or an address without brackets */
    int64_t port;
    char sni[254]; /* "" for an address, or where none was given and none is sent */
    const char *protocol;
};

/*
 * `host` may hold a port, which then must not differ from `port`; `port` 0 is the protocol's own. A
 * scheme before it ("imap://") says the protocol where `protocol` is NULL or "tls".
 * `sni` NULL is the host. ERR_INVALID says what is wrong and, in *ret_field, with which of "host",
 * "port", "sni" and "protocol".
 */
bool watch_place_parse(const char *host, int64_t port, const char *sni, const char *protocol,
    struct watch_place *ret, const char **ret_field, struct err *err) must_check;

void watch_place_key(const struct watch_place *place, struct endpoint_key *ret);

struct watch_new {
    struct cert_new cert; /* the owner must be there; its places are those below */
    const struct watch_place *places;
    size_t n_places;
    int64_t account_id; /* whose job the first check is */
};

/* The record, its people and endpoints, and its first check; *ret_job is 0 without endpoints. */
bool watch_add(struct tx *tx, const struct watch_new *watch, int64_t now, int64_t *ret_id,
    int64_t *ret_job, struct err *err) must_check;

/* The audit entry of a record that a job added for somebody. */
bool watch_audit_added(struct tx *tx, const struct watch_new *watch, int64_t id, int64_t now,
    struct err *err) must_check;

/* One more place of a record. ERR_CONFLICT if it has it already. */
bool watch_add_place(struct tx *tx, int64_t certificate_id, const struct watch_place *place,
    int64_t now, int64_t *ret_endpoint, struct err *err) must_check;

/* The same without a question; twice is once. */
bool watch_attach(struct tx *tx, int64_t certificate_id, const struct watch_place *place,
    int64_t now, int64_t *ret_endpoint, struct err *err) must_check;

/* Look at a record's endpoints soon; the job under way, if there is one. */
bool watch_look(struct tx *tx, int64_t certificate_id, int64_t account_id, int64_t now,
    int64_t *ret_job, struct err *err) must_check;
