/*
 * life/work: what the files of life/ share. Not for others.
 */
#pragma once

#include "core/policy.h"
#include "life/life.h"
#include "store/audit.h"
#include "store/life.h"
#include "x509/chain.h"

struct csr;
struct cert_row;

#define LIFE_TEXT_MAX 32000
#define LIFE_DOMAIN_SIZE 256

/* A ticket with everything that its transitions look at, as one transaction has read it. */
struct life_case {
    struct ticket_row *ticket;
    enum ticket_type type;
    enum ticket_status status;
    unsigned relations;          /* how life->who stands to it */
    struct request_row *request; /* NULL: an expiry ticket */
    struct profile_row *profile; /* NULL: none */
    struct ca_row *ca;           /* the profile's */
};
void life_case_done(struct life_case *c);

/* ERR_NOT_FOUND for who may not see it. */
bool life_case_load(struct life *life, struct tx *tx, int64_t ticket_id, struct life_case *ret,
    struct err *err) must_check;

/*
 * The same in a transaction that changes it: nobody else does until that ends, so of two that want
 * the same, the second finds what the first has done. ERR_CONFLICT with store_is_stale() when it is
 * no longer in the version that `ask` is about; NULL: whatever is there.
 */
bool life_case_lock(struct life *life, struct tx *tx, int64_t ticket_id, const struct life_ask *ask,
    struct life_case *ret, struct err *err) must_check;

/* ERR_DENIED unless life->who may do this to it. */
bool life_case_require(const struct life *life, const struct life_case *c, enum action action,
    struct err *err) must_check;

struct store_viewer life_viewer(const struct life *life);

/* ---- keys and requests that the vault makes ---- */

/* A key that was made, and a request of it. */
struct life_key {
    char row[VAULT_ROW_NAME_SIZE];
    enum vault_algorithm algorithm;
    struct buf sealed;
    struct buf spki;
    struct buf csr; /* DER; empty: there is no key */
};
void life_key_init(struct life_key *key);
void life_key_done(struct life_key *key);

/* Asks the vault: not within a transaction. */
bool life_key_make(struct life *life, enum vault_algorithm algorithm, const struct vault_csr *names,
    struct life_key *ret, struct err *err) must_check;

/* The same for what another request asks for. */
bool life_key_make_like(struct life *life, const struct csr *csr, struct life_key *ret,
    struct err *err) must_check;
/* Whoever else has a key that is known to be compromised would have every certificate for it:
 * ERR_CONFLICT. */
bool life_key_check(struct tx *tx, const struct csr *csr, struct err *err) must_check;
bool life_key_keep(struct life *life, struct tx *tx, const struct life_key *key, int64_t *ret_id,
    struct err *err) must_check;

/* {subject, sans} of what is asked for. */
void life_names_write(const struct vault_csr *names, struct buf *json);

/* What the ticket is called by: the common name if it is a host's, else the first host's name, else
 * whatever there is. */
void life_domain(const struct csr *csr, char field[static LIFE_DOMAIN_SIZE]);

/* What it is found by: all its names, with blanks between, as far as `ret` has room. */
#define LIFE_WORDS_MAX (32U << 10)
void life_words(const struct csr *csr, struct buf *ret);

/* ---- what a CA answered ---- */

/* A certificate that is what was asked for. */
struct life_issue {
    struct chain *chain;
    char number[64];
    char link[512];
    enum chain_status status;
    int64_t path_expires_at;
};
void life_issue_done(struct life_issue *issue);

/*
 * Is it? For the key and the names of the order's `csr`, valid now, signed by what stands above it.
 * ERR_UPSTREAM says what is wrong. Completes the chain from the inventory. `is_own`: it comes from
 * the built-in CA.
 */
bool life_issue_check(struct life *life, const struct order_row *order, const struct csr *csr,
    const struct ca_answer *answer, bool is_own, struct life_issue *ret, struct err *err)
    must_check;

/* ---- in the transaction ---- */

/* A comment of certdesk's own. */
bool life_say(struct life *life, struct tx *tx, int64_t ticket_id, const struct buf *body,
    struct err *err) must_check;
bool life_audit(struct life *life, struct tx *tx, const struct audit_entry *entry, struct err *err)
    must_check;
bool life_audit_ticket(struct life *life, struct tx *tx, const struct ticket_row *ticket,
    const char *action, const char *before, const char *after, struct err *err) must_check;

/* Tell whoever asked that this transaction does it. */
bool life_note(struct life *life, struct tx *tx, struct err *err) must_check;

/* The comment of the dialog, by whoever filled it in. NULL: none. */
bool life_comment(struct life *life, struct tx *tx, int64_t ticket_id, const char *comment,
    struct err *err) must_check;

/* The ticket into a status; `edit` has what else changes and may be NULL. */
bool life_move(struct life *life, struct tx *tx, const struct life_case *c, enum ticket_status to,
    const struct ticket_edit *edit, struct err *err) must_check;

/* By mail, if the profile wants somebody's approval: what the ticket asks for is new. */
bool life_ask_approvers(struct tx *tx, const struct ticket_row *ticket,
    const struct profile_row *profile, int64_t now, struct err *err) must_check;

/* Everything that follows from a certificate that was issued; the order is in the database. */
bool life_issued(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, const struct life_issue *issue, struct err *err) must_check;

/* Everything that follows from an order that failed because of `cause`. */
bool life_failed(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, const struct err *cause, struct err *err) must_check;

/* The same where there is no order, because it did not come so far. */
bool life_refused(struct life *life, struct tx *tx, const struct life_case *c, bool renewal,
    const struct err *cause, struct err *err) must_check;

/* What was asked of whom: the first of the comments. */
bool life_say_requested(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, struct err *err) must_check;

/* ---- transitions, each in its file ---- */

bool life_obtain(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
    must_check;
bool life_revoke(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
    must_check;

/*
 * May life->who use the ticket's profile, still? ERR_DENIED if not, unless `or_asker`, and whoever
 * gave the request may: then it is theirs, whoever carries it out.
 */
bool life_check_use(struct life *life, struct tx *tx, const struct life_case *c, bool or_asker,
    struct err *err) must_check;

/* Have enough people agreed? ERR_CONFLICT if not. */
bool life_check_approvals(struct tx *tx, const struct life_case *c, struct err *err) must_check;

/* What people had to agree to is renewed without asking them again; more than that is not: may
 * `csr` take the place of the ticket's? ERR_CONFLICT if not. */
bool life_check_agreed(const struct life_case *c, const struct csr *csr, struct err *err)
    must_check;

/* May what a request asks for be issued now? */
bool life_judge(struct life *life, const struct life_case *c, const struct csr *csr, bool is_ours,
    struct err *err) must_check;

bool life_open_ca(struct life *life, const struct ca_row *row, struct ca **ret, struct err *err)
    must_check;

DEFINE_AUTODONE(life_case);
DEFINE_AUTODONE(life_key);
DEFINE_AUTODONE(life_issue);
