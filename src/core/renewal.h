/*
 * core/renewal: when a certificate is renewed, and why then.
 *
 * A profile's window opens some days before the end, or when so much of the lifetime is left. Each
 * certificate has an instant of its own in the first twentieth of it: what ends on one day is not
 * renewed in one minute, and nearly all of the window is left for a CA that is down. A profile with
 * scans of its own (scan_seconds, counted from 1970) has it wait for the next of them. After a
 * failure it is tried again: sooner at first, then every so often, and more often again as the end
 * comes near. What has expired, and what Force Renewal asks for, is due at once.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "core/rows_lifecycle.h"

/* Refused with these words, whatever asks. */
#define RENEWAL_OUTSIDE_WINDOW                                                                     \
    "The certificate's profile does not allow renewal outside of the configured expiry window"

/* What is known of a record. Borrowed. */
struct renewal_input {
    const struct profile_row *profile; /* NULL: it is not managed */
    const struct life_row *life;       /* NULL: as above */
    int64_t certificate_id;
    int64_t not_before; /* of its current version; both 0: nothing was issued yet */
    int64_t not_after;
    bool is_revoked;
    bool is_ca_disabled;
    bool is_ordered; /* an order for it is under way */
    bool wants_csr;  /* a person must give a new request first */
    int64_t now;
};

/* Why it will be renewed when it will, or why not. */
enum renewal_why {
    RENEWAL_PLANNED,     /* "planned": the window is not open, or its own instant has not come */
    RENEWAL_DUE,         /* "due": it has */
    RENEWAL_EXPIRED,     /* "expired": it has ended, so at once */
    RENEWAL_FORCED,      /* "forced": Force Renewal, so at once */
    RENEWAL_FAILED,      /* "failed": the last attempt did; again at retry_at */
    RENEWAL_ORDERED,     /* "ordered": it is under way */
    RENEWAL_WANTS_CSR,   /* "wants_csr": it waits for a person's new request */
    RENEWAL_BY_PERSON,   /* "by_person": the profile does not renew by itself */
    RENEWAL_NOT_MANAGED, /* "not_managed": no profile issues it */
    RENEWAL_NOT_ISSUED,  /* "not_issued": there is nothing to renew yet */
    RENEWAL_REVOKED,     /* "revoked" */
    RENEWAL_PROFILE_OFF, /* "profile_disabled" */
    RENEWAL_CA_OFF,      /* "ca_disabled" */
    N_RENEWAL_WHYS,
};

const char *renewal_why_name(enum renewal_why why); /* stable, for programs */

struct renewal_plan {
    int64_t opens_at; /* of the window; 0: it has none, as nothing was issued or is managed */
    int64_t
        renew_at; /* the next attempt, back-off included: for life.renew_at; 0: none by itself */
    bool is_due;  /* try now */
    int64_t overdue_at; /* by then it should have come by itself; 0: it does not */
    bool is_forced;     /* what is due is due by Force Renewal: then set life.forced_serial */
    bool may_now;       /* a person may renew it now, without force */
    bool may_forced;    /* … with force */
    const char *reason; /* of an order made now by itself: "window", "expired", "forced" */
    enum renewal_why why;
    char text[256]; /* a sentence for people */
};

void renewal_plan(const struct renewal_input *input, struct renewal_plan *ret);

/* The same without the text, for thousands at once. */
void renewal_decide(const struct renewal_input *input, struct renewal_plan *ret);

/*
 * Does it renew itself, so that nobody needs to hear that it ends? Not once it is overdue, has
 * failed RENEWAL_FAILURES_TOLD times in a row, or is blocked.
 */
#define RENEWAL_FAILURES_TOLD 3
bool renewal_is_in_hand(const struct renewal_input *input, const struct renewal_plan *plan);

/* May a person renew it now? ERR_CONFLICT: RENEWAL_OUTSIDE_WINDOW, or why it cannot be at all. */
bool renewal_permit(const struct renewal_plan *plan, bool is_forced, struct err *err) must_check;

/* Nothing is put off for longer than so many seconds after a failure, but by a clock that was
 * ahead: that does not count. */
#define RENEWAL_RETRY_CREDIBLE 86400

/*
 * After a failure: not before then. `n_failures` counts it. A CA that refused (ERR_UPSTREAM) is
 * asked again less often than one that did not answer. Never later than the end, as long as that is
 * to come.
 */
int64_t renewal_retry_at(const struct renewal_input *input, int64_t n_failures, enum err_kind kind)
    must_check;

/* When the window of a certificate with these dates opens. A window longer than two thirds of the
 * lifetime is cut to that, or it would never be closed. */
int64_t renewal_opens_at(const struct profile_row *profile, int64_t not_before, int64_t not_after);
