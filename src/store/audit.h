/*
 * store/audit: what was done, by whom, to what.
 *
 * An entry is written in the transaction of the change it tells of, and never touched again. The
 * chainer later links committed entries into a hash chain: link n = SHA-256(link n-1, canonical
 * bytes of the entry). Removing, editing or reordering an entry breaks every link after it.
 * store_audit_verify() finds the first.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct tx;

struct audit_entry {
    int64_t id; /* filled in by reading */
    int64_t at;
    int64_t account_id;      /* 0: certdesk itself */
    const char *actor;       /* their name; "certdesk" for itself */
    const char *address;     /* where the request came from; "" from inside */
    const char *action;      /* "certificate.create" */
    const char *object_type; /* "certificate" */
    int64_t object_id;       /* 0: none */
    const char *object_name;
    const char *before; /* JSON; "" where there was nothing */
    const char *after;
};

bool store_audit_add(struct tx *tx, const struct audit_entry *entry, struct err *err) must_check;
bool store_audit_add_all(struct tx *tx, const struct audit_entry *entries, size_t n,
    struct err *err) must_check;

/* Called for each entry, newest first. What it is given lives for the call. */
typedef void (*audit_visit)(void *context, const struct audit_entry *entry);

struct audit_filter {
    const char *object_type; /* NULL: any */
    int64_t object_id;       /* 0: any */
    const char *action;      /* NULL: any; a prefix */
    const char *actor;       /* NULL: any; the whole name */
    int64_t from_at;         /* 0: any; from then on */
    int64_t to_at;           /* 0: any; before then */
    int64_t before_id;       /* 0: from the newest */
};

bool store_audit_list(struct tx *tx, const struct audit_filter *filter, int64_t limit,
    audit_visit visit, void *context, struct err *err) must_check;

/*
 * Link up to `limit` committed entries that are not linked yet; *ret_n is how many there were. One
 * node at a time (store_lease_take): of two, one gets ERR_CONFLICT.
 */
bool store_audit_chain(struct tx *tx, int64_t limit, int64_t *ret_n, struct err *err) must_check;

/* The last link: *ret_seq is 0, and the hash zeros, while there is none. */
bool store_audit_head(struct tx *tx, int64_t *ret_seq, uint8_t ret_hash[static 32], struct err *err)
    must_check;

struct audit_verdict {
    int64_t n_links;    /* how many links hold */
    int64_t n_waiting;  /* entries that the next run of the schedule "audit" links */
    int64_t broken_seq; /* the first that does not; 0: all hold */
    char reason[160];
};

/* Walk the whole chain. True also when it is broken: the verdict tells. */
bool store_audit_verify(struct tx *tx, struct audit_verdict *ret, struct err *err) must_check;

struct audit_checkpoint_row {
    int64_t seq; /* 0: there is none */
    uint8_t hash[32];
    uint8_t *signature; /* over what the vault signs for this link */
    size_t signature_size;
    uint8_t *public_key;
    size_t public_key_size;
    int64_t created_at;
};

void audit_checkpoint_row_done(struct audit_checkpoint_row *row);
DEFINE_AUTODONE(audit_checkpoint_row);

/* The newest checkpoint at or below link `seq`: whose signature is to be checked. */
bool store_audit_checkpoint_find(struct tx *tx, int64_t seq, struct audit_checkpoint_row *ret,
    struct err *err) must_check;

/* Keep the vault's signature over a link. */
bool store_audit_checkpoint(struct tx *tx, int64_t seq, const uint8_t hash[static 32],
    struct span signature, struct span public_key, int64_t now, struct err *err) must_check;
