/*
 * ca/local: the built-in certificate authority.
 *
 * Its key lies sealed in the database, and the vault signs with it what the seal allows. A
 * certificate that was signed and not stored was never seen by anyone, so order and certificate can
 * be one transaction. What is revoked is known from store/ca_certificate; CRL and OCSP tell of it.
 */
#pragma once

#include "base/base.h"
#include "ca/ca.h"
#include "core/rows_ca.h"
#include "store/sealed_key.h"

struct db;
struct err;
struct vault_client;

extern const struct ca_ops local_ca_ops;

/* How far before "now" certificates begin, for clocks that are behind. */
#define LOCAL_BACKDATE_SECONDS 300

#define LOCAL_URL_SIZE 513

/* Where things about an authority are found, below its public URL. */
enum local_place { LOCAL_CRL, LOCAL_OCSP, LOCAL_CERT };
void local_ca_url(const char *public_url, const char *name, enum local_place place,
    char ret[static LOCAL_URL_SIZE]);

#define LOCAL_SERIAL_BYTES 16

/* 125 random bits; positive, and without a leading zero in any way of writing it. */
void local_ca_serial(uint8_t ret[static LOCAL_SERIAL_BYTES]);

/* An authority as it is used: both rows and its key. */
struct local_ca {
    struct ca_row *row;
    struct local_ca_row *own;
    struct sealed_key_row key;
};
void local_ca_done(struct local_ca *ca);

/* In a transaction of its own. ERR_CONFLICT: it awaits its certificate. */
bool local_ca_load(struct db *db, int64_t id, struct local_ca *ret, struct err *err) must_check;

/*
 * Sign and keep a new CRL: if `is_forced`, if something was revoked since the last, or if that is
 * older than CRL_RENEWAL_SECONDS. *ret_made says whether. No transaction is open meanwhile.
 */
bool local_crl_refresh(struct db *db, struct vault_client *vault, int64_t id, bool is_forced,
    int64_t now, bool *ret_made, struct err *err) must_check;

DEFINE_AUTODONE(local_ca);
