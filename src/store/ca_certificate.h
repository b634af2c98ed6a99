/*
 * store/ca_certificate: what CAs issued to us, and which of it is revoked.
 */
#pragma once

#include "core/rows_lifecycle.h"

struct err;
struct tx;

struct ca_certificate_new {
    int64_t ca_id;
    const char *serial; /* as cert_serial() */
    const char *number; /* its certificate ID at the CA; "": none */
    int64_t version_id;
    int64_t order_id; /* 0: none of ours */
    int64_t not_after;
};

/* ERR_CONFLICT: the CA has issued that serial before, or for that order. */
bool store_ca_certificate_add(struct tx *tx, const struct ca_certificate_new *certificate,
    int64_t now, int64_t *ret_id, struct err *err) must_check;

/* The one that is this version; *ret is NULL where no CA of ours issued it. */
bool store_ca_certificate_find(struct tx *tx, int64_t version_id, struct ca_certificate_row **ret,
    struct err *err) must_check;

/* It is revoked as of `now`; what is revoked already stays as it was. `reason` as RFC 5280 spells
 * it. */
bool store_ca_certificate_revoke(struct tx *tx, int64_t id, const char *reason, int64_t now,
    struct err *err) must_check;
