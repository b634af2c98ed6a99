/*
 * store/local_ca: what the built-in certificate authority is, beside its row in store/ca.
 */
#pragma once

#include "core/rows_ca.h"

struct err;
struct tx;

/* ERR_NOT_FOUND: it is none of the built-in ones. */
bool store_local_ca_get(struct tx *tx, int64_t ca_id, struct local_ca_row **ret, struct err *err)
    must_check;

/* All of the row but what belongs to the CRL. The ca_row and the sealed key are there. */
bool store_local_ca_add(struct tx *tx, const struct local_ca_row *row, struct err *err) must_check;

/* A certificate for it: state, certificate, chain_pem, version, record, dates, path_length. */
bool store_local_ca_install(struct tx *tx, const struct local_ca_row *row, struct err *err)
    must_check;

/* ERR_CONFLICT once it is fixed. */
bool store_local_ca_set_url(struct tx *tx, int64_t ca_id, const char *url, struct err *err)
    must_check;

/* From now on this URL stays. ERR_UNAVAILABLE: it is another one by now. */
bool store_local_ca_fix_url(struct tx *tx, int64_t ca_id, const char *url, struct err *err)
    must_check;

/* Append its CRL to `der`; nothing where there is none. */
bool store_local_ca_crl(struct tx *tx, int64_t ca_id, struct buf *der, struct err *err) must_check;

/* A new CRL: number, dates and n_revoked of the row. *ret_changed is false where another with this
 * number, or a later one, is there. */
bool store_local_ca_set_crl(struct tx *tx, const struct local_ca_row *row, struct span der,
    bool *ret_changed, struct err *err) must_check;

/*
 * Lists may have been published after the backup that this was restored from: the numbers go on far
 * above theirs (RFC 5280, 5.2.3: they only grow), and each list is due to be signed anew.
 */
bool store_local_ca_restored(struct tx *tx, struct err *err) must_check;

/* The ids of all that have a certificate, disabled ones too. */
bool store_local_ca_active(struct tx *tx, struct id_list *ids, struct err *err) must_check;

/* Called with the DER of each of these certificates: anchors for what we judge. */
typedef void (*local_ca_visit)(void *context, struct span der);
bool store_local_ca_anchors(struct tx *tx, local_ca_visit visit, void *context, struct err *err)
    must_check;
