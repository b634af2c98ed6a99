/*
 * store/cert_where: which records a viewer's filter lets through, and from which side to look.
 *
 * Three ways: a condition that few records meet *drives*, its records are found first and the
 * others' conditions checked on each. One that more meet, and that another table knows (words,
 * access, tag, …), is found as a *set* of ids first, and the query walks along the index that it is
 * sorted by, which carries what most other conditions ask for, looking each record up in the set.
 * Where all conditions are met by many, it *walks* and asks on each record. By expiry, what
 * somebody may see is walked along their own access entries, unless that is nearly all there is,
 * and what has a tag or a field's value along the rows of these.
 * On PostgreSQL the indexes that are walked carry marks (store/cert_marks): what has any is walked
 * past there, and needs no set; and what drives brings only records that have those of the others.
 * cert_where_plan() counts each condition's records, up to a limit, to know. What several common
 * conditions have in common may drive, or be the set, as well (store/cert_common). Figures are in
 * docs/adr/0008. Not for others than store/.
 */
#pragma once

#include "store/cert_list.h"
#include "store/select.h"

/* So many records are found one by one, and sorted, in a few milliseconds. */
#define DRIVE_MAX 2000

/* So many ids are read from an index, and put into a set, in a few milliseconds. */
#define SET_MAX 12000

/* A page of the usual length, and one row to tell that there are more. */
#define CERT_WHERE_PAGE 51

/* Somebody in more groups than these has all records walked. */
#define ACCESS_HOLDERS 8

/* More of one serial, and they are looked for by words, as other texts are. */
#define CERT_WHERE_VERSIONS 10

enum cert_way { WAY_WALK, WAY_SET, WAY_DRIVE };

/* In the order in which they are counted: each only as far as the least before it. */
enum drive {
    DRIVE_NONE,
    DRIVE_VERSION,
    DRIVE_ACCESS,
    DRIVE_TAG,
    DRIVE_RESOURCE,
    DRIVE_FIELD,
    DRIVE_PROFILE,
    DRIVE_STAGE,
    DRIVE_OWNER,
    DRIVE_ASSIGNEE,
    DRIVE_BUSINESS_GROUP,
    DRIVE_ISSUER,
    DRIVE_ALERT,
    DRIVE_SOURCE,
    DRIVE_UNUSED,
    DRIVE_UNKNOWN,
    DRIVE_REVOKED,
    DRIVE_NOT_YET,
    DRIVE_DATES,
    DRIVE_NAME,
    DRIVE_WORDS,
    N_DRIVES,
};

/* What is walked: the records themselves, or what has their ends as well, in the order of these. */
enum cert_along { ALONG_RECORDS, ALONG_ACCESS, ALONG_TAG, ALONG_FIELD, N_ALONG };

struct cert_where {
    const struct store_viewer *viewer;
    const struct cert_filter *filter;
    unsigned statuses; /* the filter's */
    enum cert_sort sort;
    int64_t now;
    char *tag;         /* the filter's, as tags are kept */
    char *profile;     /* the filter's, as names of profiles are compared */
    char *words;       /* LIKE pattern for certificate_search; NULL: no such condition */
    char *words_exact; /* the pattern again, with what LIKE would take for wildcards escaped; NULL:
                          not needed */
    char *hex;         /* the text, which may be a whole fingerprint or serial; NULL: it may not */
    char *name_from;   /* names begin here … */
    char *name_until;  /* … and end before this; NULL: no such condition */
    bool has_dates;    /* expires_at is between … */
    int64_t from;      /* … this … */
    int64_t until;     /* … and this, both included */
    bool skips_from;   /* the cursor says it better, as the sort is by the same column */
    bool skips_until;
    int64_t drive_max;
    int64_t set_max;
    bool is_common; /* as told by the request: whatever it costs */

    /* Set by cert_where_plan(). Certificates of that fingerprint or serial take the words' place.
     */
    int64_t version_ids[CERT_WHERE_VERSIONS];
    size_t n_version_ids;
    bool is_sqlite;
    size_t field;    /* of those asked for, the one that drives: the rarest */
    bool is_nothing; /* a condition is met by no record */
    enum cert_way way;
    enum drive drive;
    enum cert_along along;
    enum drive counted; /* what was counted, and is walked past or along; DRIVE_NONE: nothing */
    int64_t n_counted;  /* so many records; one may count twice */
    bool is_part_known; /* a sample has told … */
    bool is_part_small; /* … that the viewer sees a third of all, or less */
    int64_t holders[ACCESS_HOLDERS]; /* of the entries that are walked: the account (0) and its
                                        groups; of tags and fields there is one, 0 */
    size_t n_holders;
    int64_t n_drive;    /* how many records drive, or are in the set; a record may count twice */
    enum drive known;   /* on PostgreSQL, where it takes long to ask: what brings … */
    struct id_list ids; /* … these and no others; empty: not known */
    int64_t seen_by[ACCESS_HOLDERS]; /* on PostgreSQL, marks of the viewer and of their groups; of
                                        whoever sees most, or is in many groups, none */
    size_t n_seen_by;
    bool has_set; /* by store/cert_set: the ids, ascending; they may drive, too */
    struct id_list set;
    unsigned told; /* 1 << enum drive: the conditions that all of the set meet, beside the one that
                      drives */
    int64_t
        number; /* of the plan, before what is kept in memory narrowed the set; -1: it did not */
    int64_t n_sampled;          /* so many records were looked at here and there; 0: none were */
    int64_t n_hits;             /* so many of these meet all conditions … */
    int64_t n_worded;           /* … and so many have the words, whatever else they are … */
    int64_t n_begun;            /* … and begin with them, where that is asked for by name */
    int64_t n_marked[N_DRIVES]; /* on PostgreSQL: … and so many have the marks of the one condition;
                                   0: or that was not counted */
    enum drive rare;            /* what may bring few, by the marks that its index carries */
    int64_t max_id;             /* cert_count_find_max() */
};

void cert_where_init(struct cert_where *where, const struct store_viewer *viewer,
    const struct cert_filter *filter, enum cert_sort sort, const struct cert_page_request *request);
void cert_where_done(struct cert_where *where);

/* Choose the way. */
bool cert_where_plan(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* The way as a number to be kept with a cursor, and the same way again for the next page: a made-up
 * number is planned anew. */
int64_t cert_where_plan_number(const struct cert_where *where);
bool cert_where_plan_again(struct tx *tx, struct cert_where *where, int64_t number, struct err *err)
    must_check;

/* A walk took too long: look from the other side, if there is one. *ret: there is. */
bool cert_where_plan_common(struct tx *tx, struct cert_where *where, bool *ret, struct err *err)
    must_check;

/* Are the statuses that are asked for ranges of the ends? */
bool cert_where_is_dated(const struct cert_filter *filter);

/* How many conditions are there? 0: everything matches. */
int cert_where_n_conditions(const struct cert_where *where);

/* Is what is asked for a range of the order, so that only this is walked? */
bool cert_where_is_range(const struct cert_where *where);

/* Is anything asked that stands on the record, its end apart? */
bool cert_where_reads_records(const struct cert_where *where);

/* Is the viewer known to see more than a third of all there is? */
bool cert_where_sees_most(const struct cert_where *where);

/* What all that is walked meets; DRIVE_NONE for the records themselves. */
enum drive cert_where_along_drive(enum cert_along along);

/* Is all that there is walked, on PostgreSQL, though what was counted could drive, too? Then
 * cert_where_plan_common() lets it. */
bool cert_where_may_drive_counted(const struct cert_where *where);

/* Does what drives come in the order of the list by itself? */
bool cert_where_is_in_order(const struct cert_where *where);

/* Add " FROM … WHERE …" with all conditions; the record is called c, and " AND …" may follow. */
void cert_where_add(const struct cert_where *where, struct select *select);

/* " FROM (…) AS driver": the ids that drive, once each, of which all is true that can be told by
 * the id. */
void cert_where_add_driving_ids(const struct cert_where *where, struct select *select);

/* The same along entries, which are those of `holder` where they are of access: x.id and
 * x.expires_at. */
void cert_where_add_entries(const struct cert_where *where, int64_t holder, struct select *select);

/* Only the conditions, each as " AND …", for a query that has c already and looks at every row of
 * it. */
void cert_where_add_checks(const struct cert_where *where, struct select *select);

/* The two halves of them: those for which the id is enough, and those that read the record. */
void cert_where_add_checks_by_id(const struct cert_where *where, struct select *select);
void cert_where_add_checks_by_column(const struct cert_where *where, struct select *select);

/* The words alone, in the same way: the record's (c), or those of a row that has them (p). */
enum cert_words_of { CERT_WORDS_OF_RECORD, CERT_WORDS_OF_PLACE };
void cert_where_add_words(const struct cert_where *where, enum cert_words_of of,
    struct select *select);

/* Has what is asked for any marks (store/cert_marks) that an index carries? Then: those that have
 * them all, of a row of certificate. Facts are what such a row says itself: only worth asking where
 * it is not read. */
bool cert_where_has_marks(const struct cert_where *where, bool with_facts);
void cert_where_add_marks(const struct cert_where *where, bool with_facts, struct select *select);

/* What remains to be asked of a record whose end and facts are as they are asked for. */
void cert_where_drop_facts(struct cert_filter *filter);

/* Of a row of certificate_tag or certificate_field, " AND …" those of the viewer, if there are any.
 */
void cert_where_add_holders(const struct cert_where *where, struct select *select);

/* Have the words any? Has the beginning of a name? */
bool cert_where_has_letters(const struct cert_where *where);
bool cert_where_has_name(const struct cert_where *where);

/* Walk what drives in the order of the list, instead: cert_where_is_in_order(). */
void cert_where_walk_in_order(struct cert_where *where);

/* Is that met by whatever drives, is in the set, or is walked? */
bool cert_where_is_told(const struct cert_where *where, enum drive drive);

/* The records that n_drive counts: "SELECT … AS id". */
void cert_where_add_drive(const struct cert_where *where, struct select *select);

DEFINE_AUTODONE(cert_where);
