/*
 * store/cert_people: who may see a record and why.
 *
 * certificate.owner_id, assignee_id and certificate_access are written here and nowhere else,
 * always together.
 */
#pragma once

#include "core/relation.h"
#include "core/rows_cert.h"
#include "store/viewer.h"

struct err;
struct tx;

/* One user or one group that shares the record: exactly one of the ids. */
struct cert_share {
    int64_t account_id;
    int64_t group_id;
    bool may_use_key;
    bool is_notified;
};

/* Everybody around a record. */
struct cert_people {
    int64_t owner_id;
    int64_t assignee_id; /* 0: nobody */
    const struct cert_share *shares;
    size_t n_shares;
};

/* Their marks (store/cert_marks), to be kept on the record. */
int64_t cert_people_marks(const struct cert_people *people);

/*
 * Replace all of them. The owner may use the key, always. Open tickets about the record's end go
 * along: from whoever was responsible for it to whoever is now, who is told. ERR_INVALID without an
 * owner; ERR_CONFLICT with store_is_stale() when expected_row_version (0: whatever) has passed.
 */
bool store_cert_set_people(struct tx *tx, int64_t id, const struct cert_people *people,
    int64_t expected_row_version, int64_t now, struct err *err) must_check;

/* The access list: owner, assignee, then shares by name. */
bool store_cert_people(struct tx *tx, int64_t id, struct access_rows *rows, struct err *err)
    must_check;

/* The same of n records, one after the other; is_mine is said of `account_id`. */
bool store_cert_people_of(struct tx *tx, int64_t account_id, const int64_t *ids, size_t n,
    struct access_rows *rows, struct err *err) must_check;

/* The record and its entries, of a viewer whom they let see it: else ERR_NOT_FOUND, as for a record
 * that is not there. The caller frees *ret. */
bool store_cert_get_with_people(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct access_rows *people, struct cert_row **ret, struct err *err) must_check;

/* How the account stands to the record, as bits of enum relation; 0 is a stranger. A record that is
 * not there is ERR_NOT_FOUND. */
bool store_cert_relations(struct tx *tx, int64_t id, int64_t account_id, unsigned *ret,
    struct err *err) must_check;

/* How whoever asked stands to the record, from entries that store_cert_people_of() or
 * store_cert_get_with_people() has read. */
unsigned cert_people_relations(const struct access_rows *rows, int64_t certificate_id);

/*
 * Everything that `from` owns or is assigned becomes `to`'s, in one step: records, open tickets,
 * certificate requests, views that are shared. What was shared with `from` no longer is. *ret_n is
 * how many records changed.
 */
bool store_cert_hand_over(struct tx *tx, int64_t from, int64_t to, int64_t now, int64_t *ret_n,
    struct err *err) must_check;
