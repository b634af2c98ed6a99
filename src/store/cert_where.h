/*
 * store/cert_where: which records a viewer's filter lets through, and from which side to look.
 *
 * Each condition that an index knows (words, access, tag, resource, owner, …) can drive the query:
 * its records are found first and the others' conditions checked on each. Or nothing drives, and
 * the query walks along the index that it is sorted by, checking everything as it goes. Driving is
 * right for the rare, walking for the common; cert_where_plan() counts each up to DRIVE_MAX to know
 * which it is. Not for others than store/.
 */
#pragma once

#include "store/cert_list.h"
#include "store/select.h"

/* Sorting this many records takes some 10 ms; finding a page among the rest of a million no longer.
 */
#define DRIVE_MAX 10000

/* Words are read to be counted, which is dearer. */
#define DRIVE_WORDS_MAX 3000

/* In the order in which they are counted: each only as far as the least before it. */
enum drive {
    DRIVE_NONE, /* walk */
    DRIVE_ACCESS,
    DRIVE_TAG,
    DRIVE_RESOURCE,
    DRIVE_FIELD,
    DRIVE_OWNER,
    DRIVE_ASSIGNEE,
    DRIVE_BUSINESS_GROUP,
    DRIVE_ISSUER,
    DRIVE_ALERT,
    DRIVE_SOURCE,
    DRIVE_UNKNOWN,
    DRIVE_REVOKED,
    DRIVE_NOT_YET,
    DRIVE_DATES,
    DRIVE_NAME,
    DRIVE_WORDS,
    N_DRIVES,
};

struct cert_where {
    const struct store_viewer *viewer;
    const struct cert_filter *filter;
    enum cert_sort sort;
    int64_t now;
    char *words;       /* LIKE pattern for certificate_search; NULL: no such condition */
    char *words_exact; /* the pattern again, with what LIKE would take for wildcards escaped; NULL:
                          not needed */
    char *name_from;   /* names begin here … */
    char *name_until;  /* … and end before this; NULL: no such condition */
    bool has_dates;    /* expires_at is between … */
    int64_t from;      /* … this … */
    int64_t until;     /* … and this, both included */
    bool skips_from;   /* the cursor says it better, as the sort is by the same column */
    bool skips_until;
    bool is_sqlite; /* set by cert_where_plan() */
    int64_t drive_max;
    enum drive drive;
    int64_t n_drive; /* how many records drive */
};

/* `rule` may be NULL: then where "expiring soon" begins is not guessed at. */
void cert_where_init(struct cert_where *where, const struct store_viewer *viewer,
    const struct cert_filter *filter, enum cert_sort sort, const struct display_rule *rule,
    int64_t now);
void cert_where_done(struct cert_where *where);

/* Choose what drives. */
bool cert_where_plan(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* Does everything match? */
bool cert_where_is_empty(const struct cert_where *where);

/* Add " FROM … WHERE …" with all conditions; the record is called c, and " AND …" may follow. */
void cert_where_add(const struct cert_where *where, struct select *select);

/* Only the conditions, each as " AND …", for a query that has c already and looks at every row of
 * it. */
void cert_where_add_checks(const struct cert_where *where, struct select *select);

DEFINE_AUTODONE(cert_where);
