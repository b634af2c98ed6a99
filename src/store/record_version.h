/*
 * store/record_version: the versions of a record and the part each plays.
 *
 * At most one is current in a slot. Whoever changes roles calls store_cert_refresh() after.
 */
#pragma once

#include "core/rows_version.h"

struct err;
struct tx;

struct record_version_new {
    int64_t certificate_id;
    int64_t version_id;
    const char *slot;
    enum version_role role;
    enum version_origin origin;
    const char *ca_certificate_id; /* NULL: none */
    int64_t chain_id;              /* 0: none */
    const char *chain_status;
    int64_t path_expires_at; /* earliest end along the verified path, else the leaf's */
    int64_t sealed_key_id;   /* its private key; 0: we do not have it, or it stays what it was */
};

/*
 * Add the version to the record in that role, or give it that role if it is there; chain, chain
 * status and path_expires_at become these, since_at moves only when the role changes. Whatever was
 * current in the slot is superseded by a new current one. *ret_id is the n of "C-n".
 */
bool store_record_version_put(struct tx *tx, const struct record_version_new *version, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* The record's current version has become another: what is kept of it on the record follows. */
bool store_record_version_keep(struct tx *tx, int64_t certificate_id, struct err *err) must_check;

/* Change a role. What was current in its slot is superseded by a new current one. */
bool store_record_version_set_role(struct tx *tx, int64_t id, enum version_role role, int64_t now,
    struct err *err) must_check;

/* The record's versions with their certificates: current ones first, then the newest role first. */
bool store_record_versions(struct tx *tx, int64_t certificate_id, struct record_version_rows *rows,
    struct err *err) must_check;

/* *ret is NULL when the record never had that version. */
bool store_record_version_find(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct record_version_row **ret, struct err *err) must_check;

/* The records that have the version in any role, by id. */
bool store_version_records(struct tx *tx, int64_t version_id, struct id_list *certificate_ids,
    struct err *err) must_check;
