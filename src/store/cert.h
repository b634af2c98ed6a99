/*
 * store/cert: records, one at a time.
 *
 * Every change here keeps what lists and counts rely on in step: access entries, search words,
 * expiry buckets. Lists are in store/cert_list, people in store/cert_people, what follows from
 * checks in store/cert_refresh.
 */
#pragma once

#include "core/rows_cert.h"
#include "core/rows_endpoint.h"
#include "store/cert_people.h"
#include "store/viewer.h"

struct err;
struct tx;

struct cert_new {
    const char *name;
    const char *name_lower;  /* as codec/fold gives it; NULL: it is folded here */
    const char *description; /* NULL: none */
    bool is_imported;
    bool is_managed;
    int64_t owner_id;
    int64_t assignee_id;        /* 0: nobody */
    int64_t business_group_id;  /* 0: none */
    const char *tags;           /* separated by ";"; NULL: none */
    const char *required_names; /* JSON list or NULL */
    const char *notify_periods; /* JSON list or NULL */
    const struct cert_share *shares;
    size_t n_shares;
    const struct endpoint_key *places; /* added where they are new */
    size_t n_places;
    const struct custom_field_value *fields; /* that it has, each once */
    size_t n_fields;
};

/* Can it be written, as far as that is told without the database? ERR_INVALID without a name or an
 * owner, ERR_LIMIT above what there may be. */
bool store_cert_check_new(const struct cert_new *cert, struct err *err) must_check;

/* Records with all that hangs on them: access entries, tags, endpoints, words, buckets. ret_ids has
 * room for n. */
bool store_certs_add(struct tx *tx, const struct cert_new *certs, size_t n, int64_t now,
    int64_t *ret_ids, struct err *err) must_check;
bool store_cert_add(struct tx *tx, const struct cert_new *cert, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

/* With everything that is looked up beside it. ERR_NOT_FOUND if the viewer may not see it. */
bool store_cert_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct cert_row **ret, struct err *err) must_check;

/* Many at once, in the order of `ids`; those that are gone are left out. */
bool store_certs_get(struct tx *tx, const struct id_list *ids, struct cert_rows *rows,
    struct err *err) must_check;

/* What to change; NULL leaves a field as it is. People are store_cert_set_people()'s. */
struct cert_edit {
    int64_t expected_row_version; /* 0: whatever is there */
    const char *name;
    const char *description;
    const int64_t *business_group_id; /* 0: none */
    const char *tags;                 /* separated by ";"; "": none */
    const char *required_names;       /* "": as the endpoints say */
    const char *notify_periods;       /* "": as set for all */
    const bool *is_imported;
    const bool *is_managed;
};

/* ERR_CONFLICT, with store_is_stale(), if somebody else has edited it since. */
bool store_cert_edit(struct tx *tx, int64_t id, const struct cert_edit *edit, int64_t now,
    struct err *err) must_check;

/*
 * The record, what hangs on it, and the endpoints that no other record has. Versions stay. Open
 * tickets about it lose their record. ERR_CONFLICT names the resources it is associated with.
 */
bool store_cert_delete(struct tx *tx, int64_t id, int64_t expected_row_version, struct err *err)
    must_check;

/* Say that it is revoked as of `revoked_at`; 0 takes it back. */
bool store_cert_set_revoked(struct tx *tx, int64_t id, int64_t revoked_at, int64_t now,
    struct err *err) must_check;
