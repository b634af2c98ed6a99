/*
 * life/life: the life of a certificate, by ticket: created, enrolled, renewed, revoked, cancelled.
 *
 * The one road, whoever asks: the API, Jira's, a job. Rights, policy, the window and approvals are
 * checked here; comments, summary, stage, attachment, record, history and audit entry are written
 * here, in one transaction for each step. The CA and the vault are asked between transactions: with
 * a CA that forgets (ca/ca.h) before the one that writes everything, with others after one that
 * wrote the order. A kill anywhere leaves an order that the job of type `order` finishes.
 *
 * None of these functions is called within a transaction unless it takes one.
 */
#pragma once

#include "auth/permission.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "ca/ca.h"
#include "core/lifecycle.h"
#include "core/rows_ticket.h"
#include "store/ticket.h"
#include "vault/client_keys.h"

struct db;
struct err;
struct json_problems;
struct tx;

#define LIFE_CSR_MAX (256U << 10)
#define LIFE_PATIENCE_MS 5000

/* On whose behalf, and with what. */
struct life {
    struct db *db;
    const struct ca_services *cas;
    const struct principal *who; /* account_id 0 and ROLE_ADMIN: certdesk itself */
    const char *address;         /* where the request came from; "" from inside */
    int64_t now;
    struct json_problems *problems; /* broken rules, each at its field; NULL: only the message */
    int64_t patience_ms;            /* how long a CA that takes its time is waited for; 0: not */
    bool wakes_jobs;                /* set here: jobs wait for whoever has committed */

    /* Called in the transaction that changes what a request asks to be changed, and never after it:
     * who asks learns by it what was done, whatever becomes of the answer. NULL: nobody does. */
    bool (*note)(void *arg, struct tx *tx, struct err *err);
    void *note_arg;

    /* NULL: ca_open(). For tests, which bring CAs of their own. */
    bool (*open_ca)(struct db *db, const struct ca_row *row, const struct ca_services *services,
        struct ca **ret, struct err *err);
};

/* ---- a new ticket ---- */

/* What is asked for. Everything is borrowed; NULL, 0 and empty are "not said". */
struct life_wish {
    enum ticket_type type; /* Certificate or Revoke Certificate */
    const char *project;
    const char *summary; /* NULL: made from the domain */
    const char *description;
    const char *profile; /* its name */
    int64_t reporter_id;
    int64_t assignee_id; /* 0: that of the record that it is for */
    const char *priority;
    const char *labels;
    int64_t due_at;

    /* Certificate: a CSR (PEM or DER), or what one is made of. */
    struct span csr;
    const struct vault_csr *names;
    bool has_algorithm; /* else the profile's own choice */
    enum vault_algorithm algorithm;
    int64_t certificate_id; /* the record that it is for; 0: a new one, made of what follows */
    const char *name;
    int64_t business_group_id;
    const struct cert_share *shares;
    size_t n_shares;

    /* Revoke Certificate */
    const char *ca_certificate_id; /* as it is shown: C-1042, or the CA's own number */
    const char *domain;
};

/* A wish that was looked at, and its key made where the server makes it. Zeroed it is empty. */
struct life_made;
void life_made_free(struct life_made *made);

/*
 * Check everything that can be checked before the transaction: profile and who may use it, CSR,
 * policy, project. ERR_INVALID with problems (csr, profile, sans, …), ERR_DENIED, ERR_NOT_FOUND.
 */
bool life_prepare(struct life *life, const struct life_wish *wish, struct life_made **ret,
    struct err *err) must_check;

/* What was found out of it, for who has to fill in people and groups within the transaction. */
struct life_wish *life_made_wish(struct life_made *made);

/* Ticket, request, record and life, with their audit entries. */
bool life_create(struct life *life, struct tx *tx, const struct life_made *made, int64_t *ret_id,
    struct err *err) must_check;

/*
 * After the commit: a ticket of type Revoke Certificate has its certificate revoked. *ret_done says
 * whether it has been; if not, the ticket stays open and a comment says why.
 */
bool life_after_create(struct life *life, int64_t ticket_id, enum ca_reason reason, bool *ret_done,
    struct err *err) must_check;

/* ---- transitions ---- */

struct life_ask {
    const char *transition; /* enroll, renew, revoke, cancel, resolve, reopen */
    const char *comment;    /* NULL: none */
    enum ca_reason reason;  /* revoke */
    bool is_forced;         /* renew, outside the window: for admins */
    struct span csr;        /* renew: a new one; empty: as the profile says */
    int64_t expected_row_version;
};

/*
 * Bring the transition about, or begin it; on behalf of certdesk itself only what is due is
 * renewed: with a CA that takes its time the ticket is in its working status afterwards, and a job
 * goes on. ERR_CONFLICT with the reason when it is not possible now; ERR_DENIED; ERR_NOT_FOUND for
 * who may not see the ticket. Revoking what is revoked succeeds, and cancelling what is cancelled.
 * Of two that enroll at the same time both succeed, with one certificate.
 */
bool life_do(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
    must_check;

/*
 * A ticket that came to nothing goes, with the record that it brought: one that no CA was asked for
 * and that is about no certificate. ERR_DENIED for others, and for who is neither its reporter nor
 * an admin.
 */
bool life_delete(struct life *life, struct tx *tx, int64_t ticket_id, struct err *err) must_check;

/* Another CSR (PEM or DER) for the ticket, for what it asks for or for its next renewal. */
bool life_set_csr(struct life *life, int64_t ticket_id, struct span csr, struct err *err)
    must_check;

/* Agree, or not, to what a ticket asks for, in the version that was looked at; 0: in any.
 * ERR_CONFLICT with store_is_stale(): it asks for something else by now. */
bool life_approve(struct life *life, int64_t ticket_id, bool is_approved, const char *comment,
    int64_t expected_row_version, struct err *err) must_check;

/* ---- for jobs ---- */

/*
 * Go on with an order: as far as the CA lets us within life->patience_ms. *ret_again_at is when to
 * go on; 0: it is finished, one way or the other.
 */
bool life_drive(struct life *life, int64_t order_id, int64_t *ret_again_at, struct err *err)
    must_check;

/* A revocation that the CA could not be reached for; ERR_UNAVAILABLE: nor now. `back_to` is the
 * status that the ticket came from. */
bool life_revoke_again(struct life *life, int64_t ticket_id, const struct life_ask *ask,
    const char *back_to, struct err *err) must_check;

/* ---- what may be done ---- */

/* Is it theirs, what the ticket asks for? They reported it, or gave its request. */
bool life_has_asked(const struct ticket_row *ticket, const struct request_row *request,
    int64_t account_id);

/* How somebody stands to a ticket: as to its record; its reporter and assignee at least take part.
 */
bool life_relations(struct tx *tx, const struct principal *who, const struct ticket_row *ticket,
    unsigned *ret, struct err *err) must_check;

/*
 * Tell the ticket's watchers, by mail, of what `actor_id` did ("was commented on"): in the
 * transaction in which it was done. Together with what else happens within a minute.
 */
bool life_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id, const char *what,
    int64_t now, struct err *err) must_check;

/* "CERT-45- Web shop has been created" (F11), "… has been revoked" (F18); "CERT-45 has been
 * updated" (F13). */
#define LIFE_MESSAGE_SIZE (TICKET_SUMMARY_MAX + 64)
void life_message_created(const struct ticket_row *ticket, char field[static LIFE_MESSAGE_SIZE]);
void life_message_updated(const struct ticket_row *ticket, char field[static LIFE_MESSAGE_SIZE]);

DEFINE_AUTOFREE(life_made);
