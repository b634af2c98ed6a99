/*
 * core/lifecycle: what kinds of ticket there are, which statuses they have, and what leads from one
 * to the next. One table, whoever asks: the page, the API, a real Jira or certdesk itself.
 */
#pragma once

#include "base/base.h"

struct err;

enum ticket_type {
    TICKET_CERTIFICATE,
    TICKET_REVOKE_CERTIFICATE,
    TICKET_CERTIFICATE_EXPIRY,
    N_TICKET_TYPES
};

/* The stages of a certificate ticket; Open and Done for the others. */
enum ticket_status {
    STATUS_OPEN,
    STATUS_DONE,
    STATUS_CERTIFICATE_REQUEST,
    STATUS_CERTIFICATE_ENROLLING,
    STATUS_CERTIFICATE_ENROLLED,
    STATUS_CERTIFICATE_RENEW,
    STATUS_CERTIFICATE_RENEWED,
    STATUS_CERTIFICATE_REVOKING,
    STATUS_CERTIFICATE_REVOKED,
    STATUS_CANCELLED,
    N_TICKET_STATUSES,
};

/* Jira's three: what a status means to whoever does not know it. */
enum status_category { CATEGORY_NEW, CATEGORY_INDETERMINATE, CATEGORY_DONE };

/* Who may bring a transition about. */
enum transition_actor { BY_PERSON = 1, BY_CERTDESK = 2, BY_ANYONE = BY_PERSON | BY_CERTDESK };

struct transition {
    const char *name;  /* "enroll", stable */
    const char *title; /* "Enroll Certificate" */
    enum ticket_type type;
    enum ticket_status from;
    enum ticket_status to;
    enum transition_actor actor;
    enum ticket_status
        working; /* the status while certdesk works on it; the same as `to` where it does not */
};

const char *ticket_type_name(enum ticket_type type);  /* "certificate_expiry" */
const char *ticket_type_title(enum ticket_type type); /* "Certificate Expiry" */
bool ticket_type_from_name(const char *name, enum ticket_type *ret);
const char *ticket_status_name(enum ticket_status status);  /* "certificate_enrolled" */
const char *ticket_status_title(enum ticket_status status); /* "Certificate Enrolled" */
bool ticket_status_from_name(const char *name, enum ticket_status *ret);
enum status_category ticket_status_category(enum ticket_status status);
bool ticket_status_is_resolved(enum ticket_status status); /* nothing is left to be done */

enum ticket_status ticket_first_status(enum ticket_type type);
bool ticket_type_has_status(enum ticket_type type, enum ticket_status status);

/* The transitions out of a status that an actor may choose; NULL past the last. */
const struct transition *lifecycle_nth(enum ticket_type type, enum ticket_status from,
    enum transition_actor actor, size_t n);

/*
 * Find the transition by its name. ERR_CONFLICT if there is none from that status for that actor:
 * the message says what is possible.
 */
bool lifecycle_find(enum ticket_type type, enum ticket_status from, const char *name,
    enum transition_actor actor, const struct transition **ret, struct err *err) must_check;

/*
 * How a ticket leaves its working status: the transition of certdesk's from `working` to `to`,
 * which is where it was to go, or where it came from when that failed. NULL: the table has none.
 */
const struct transition *lifecycle_outcome(enum ticket_type type, enum ticket_status working,
    enum ticket_status to);

/* Is it a status in which certdesk works on the ticket? */
bool ticket_status_is_working(enum ticket_status status);
