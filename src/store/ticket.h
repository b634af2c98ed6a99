/*
 * store/ticket: the tracker's tickets.
 *
 * Who sees a record sees its tickets; reporter and assignee see theirs in any case. Every edit
 * writes its own history (store/ticket_talk). What a status means is core/lifecycle's.
 */
#pragma once

#include "core/rows_ticket.h"
#include "store/viewer.h"

struct err;
struct tx;

#define TICKET_SUMMARY_MAX 1020 /* bytes: 255 characters of any kind */

struct ticket_new {
    const char *project; /* NULL: CERT */
    const char *type;
    const char *status;
    const char *summary;
    const char *description; /* NULL: none */
    int64_t certificate_id;  /* 0: none, as with all ids here */
    int64_t version_id;
    int64_t reporter_id; /* 0: certdesk itself */
    int64_t assignee_id;
    const char *priority; /* NULL: medium */
    const char *labels;   /* separated by blanks; NULL: none */
    const char *names;    /* of what it asks for: it is found by them; blanks between; NULL: none */
    int64_t due_at;
};

/* Gives it the next number of its project. ERR_INVALID without a summary. */
bool store_ticket_add(struct tx *tx, const struct ticket_new *ticket, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

struct ticket_placed {
    int64_t id;
    bool is_new;
    char key[40]; /* of a new one; "" otherwise */
};

/*
 * The open expiry ticket for a record and version: the one there is, or a new one. However many
 * try at once, there is one. It says in *ret whether this call made it.
 */
bool store_ticket_put_expiry(struct tx *tx, const struct ticket_new *ticket, int64_t now,
    struct ticket_placed *ret, struct err *err) must_check;

bool store_ticket_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct ticket_row **ret, struct err *err) must_check;

/*
 * Until the transaction ends nobody else changes the ticket: what is read of it afterwards is what
 * is changed. ERR_CONFLICT with store_is_stale() when it is no longer in that version (0: whatever
 * is there). A ticket that is not there is no error otherwise.
 */
bool store_ticket_lock(struct tx *tx, int64_t id, int64_t expected_row_version, struct err *err)
    must_check;

/* By key, "cert-45" as well as "CERT-45". */
bool store_ticket_get_by_key(struct tx *tx, const struct store_viewer *viewer, const char *key,
    struct ticket_row **ret, struct err *err) must_check;

/* All open tickets of a type about a record, oldest first. */
bool store_tickets_open_of(struct tx *tx, int64_t certificate_id, const char *type,
    struct ticket_rows *rows, struct err *err) must_check;

/* Those of a type that are about a version, oldest first. */
bool store_tickets_by_version(struct tx *tx, int64_t version_id, const char *type,
    struct ticket_rows *rows, struct err *err) must_check;

/* What to change; NULL leaves a field as it is, an id or instant of 0 empties it. */
struct ticket_edit {
    int64_t expected_row_version; /* 0: whatever is there */
    int64_t actor_id;             /* for the history; 0: certdesk itself */
    const char *summary;
    const char *description;
    const char *status;
    const char *resolution; /* not "": resolved now; "": open again */
    const char *priority;
    const char *labels;
    const int64_t *assignee_id;
    const int64_t *certificate_id;
    const int64_t *version_id;
    const int64_t *due_at;
    const int64_t *snoozed_until;
    const bool *is_acknowledged; /* by the actor */
};

/*
 * Fields that are already so are not touched and leave no history; when nothing changes the row
 * version stays. A new assignee is told by mail, unless it is the actor. ERR_CONFLICT with
 * store_is_stale() if somebody else has edited it since.
 */
bool store_ticket_edit(struct tx *tx, int64_t id, const struct ticket_edit *edit, int64_t now,
    struct err *err) must_check;

/*
 * With all that was said in it. ERR_DENIED for one that is about a version of a certificate, or
 * that a CA was asked for: those are kept.
 */
bool store_ticket_delete(struct tx *tx, const struct ticket_row *ticket, struct err *err)
    must_check;
