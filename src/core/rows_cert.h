/*
 * core/rows_cert: the record people talk about, and the people around it.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"
#include "core/rows_version.h"

/* Characters, as everywhere where people write. A name may be longer than the 200 that people may
 * give it: a host's can be. */
#define CERT_ROW_NAME_MAX 255
#define TAG_MAX 64
#define TAGS_MAX 50 /* of one record */

/* Computed from the dates and from revocation, never stored. Bits of cert_filter.statuses are 1 <<
 * these. */
enum cert_status {
    CERT_VALID,
    CERT_EXPIRING_SOON,
    CERT_EXPIRED,
    CERT_NOT_YET_VALID,
    CERT_REVOKED,
    CERT_UNKNOWN,
    N_CERT_STATUS,
};

/* How a record lives; the strongest that holds is shown. */
enum cert_source { CERT_MONITORED, CERT_IMPORTED, CERT_MANAGED, N_CERT_SOURCE };

const char *cert_status_name(enum cert_status status); /* "valid", "expiring_soon", … */
const char *cert_source_name(enum cert_source source);

/* False where `name` is no such word. "active" is "valid". */
bool cert_status_from_name(const char *name, enum cert_status *ret);
bool cert_source_from_name(const char *name, enum cert_source *ret);

struct cert_row {
    int64_t id;
    char *name;
    char *description;
    bool is_imported;
    bool is_managed;
    int64_t owner_id;
    char *owner; /* the account's name, as all people here */
    int64_t assignee_id;
    char *assignee; /* NULL: nobody */
    int64_t business_group_id;
    char *business_group; /* NULL: none */
    char *required_names; /* JSON list; NULL: the endpoints' names, else the SANs */
    char *notify_periods; /* JSON list; NULL: as set for all */
    char *tags;           /* separated by ";", in order */
    int64_t created_at;
    int64_t updated_at;
    int64_t row_version; /* grows with each edit */

    /* Maintained by store_cert_refresh(). */
    int64_t version_id; /* the current version that ends first; 0: nothing seen yet, and no dates */
    int64_t begins_at;
    int64_t expires_at; /* earliest end along the verified path; the worst one served */
    int64_t expiring_at;
    int64_t revoked_at;
    int64_t notify_at;
    int64_t last_checked_at; /* 0: never, or nothing to check */
    char *last_error;
    char *alert; /* compare_alert_name() */

    /* Looked up with it. */
    struct version_row *version; /* of version_id; NULL: nothing seen yet */
    int64_t record_version_id;   /* the n of "C-n" of the current version */
    char *ca_certificate_id;     /* NULL: none */
    char *chain_status;          /* of the current version; "" before one was seen */
    int64_t sealed_key_id;       /* its private key; 0: we do not have it */
    int64_t n_endpoints;
    int64_t n_resources;
    char *resources;  /* names of those it is associated with, separated by ";" */
    char *fields;     /* of its own: JSON, {name: value} */
    char *ticket_key; /* the newest open ticket about it; NULL: none */
    char *profile;    /* that renews it; NULL: none */
    char *stage;      /* status of the ticket of type Certificate that it lives by; NULL: none */
};
DECLARE_ROWS(cert);

enum cert_status cert_row_status(const struct cert_row *row, int64_t now);
enum cert_source cert_row_source(const struct cert_row *row);

/* One entry of a record's access list. Of account and group exactly one is there. */
struct access_row {
    int64_t certificate_id;
    unsigned relation; /* RELATION_OWNER, RELATION_ASSIGNEE, RELATION_SHARED_USER or _GROUP */
    int64_t account_id;
    char *account; /* NULL for a group */
    int64_t group_id;
    char *group; /* NULL for an account */
    bool may_use_key;
    bool is_notified;
    bool is_mine; /* whoever asked is the account, or a member of the group */
};
DECLARE_ROWS(access);
