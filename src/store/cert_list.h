/*
 * store/cert_list: pages, ids and counts of records.
 *
 * Pages are cut by keyset: a cursor is where the last page ended, opaque to whoever carries it.
 * Every record that is there throughout is on exactly one page, whatever comes and goes meanwhile.
 * Which way a query runs (from the smallest of what it filters by, or along the order it is sorted
 * by) is decided by counting up to a limit first, so that neither "sees a hundred of a million" nor
 * "a million contain this word" is slow (docs/adr/0008).
 */
#pragma once

#include "core/display.h"
#include "core/rows_cert.h"
#include "store/viewer.h"

struct err;
struct tx;

#define CERT_PAGE_MAX 1000

/* Totals are exact up to here; beyond, they may be estimates. */
#define CERT_TOTAL_EXACT 1000

/* Custom fields that one filter may ask for at once. */
#define CERT_FILTER_FIELDS_MAX 8

/* Every condition must hold; zeroed, it lets everything through. Names are names, not ids. */
struct cert_filter {
    const char
        *q; /* part of name, SANs, serial, fingerprint; under 3 characters: the name's beginning */
    unsigned statuses; /* 1 << enum cert_status, any of them; 0: any */
    unsigned sources;  /* 1 << enum cert_source, any of them; 0: any */
    const char *business_group;
    const char *owner;
    const char *assignee; /* "" : nobody */
    const char *resource;
    const char *tag;
    const char *profile;    /* that renews it */
    const char *stage;      /* status of its certificate ticket */
    const char *issuer;     /* as shown, whole */
    const char *alert;      /* one of them, or "any" */
    int64_t expires_before; /* 0: any */
    int64_t expires_after;  /* 0: any */
    struct {
        const char *name;  /* of the custom field */
        const char *value; /* as it is stored */
    } fields[CERT_FILTER_FIELDS_MAX];
    size_t n_fields;
    bool is_unused; /* on no resource, and no endpoint serves it (store/cert_use) */
};

enum cert_sort {
    CERT_BY_EXPIRY,
    CERT_BY_NAME,
    CERT_BY_CREATION,
    CERT_BY_UPDATE,
    CERT_BY_ISSUER,
    CERT_BY_OWNER,
    CERT_BY_BUSINESS_GROUP,
    CERT_BY_RESOURCES, /* how many */
    CERT_BY_CHECK,     /* the endpoint checked longest ago */
    CERT_BY_STATUS,    /* expired, expiring soon, valid, not yet valid, revoked; then by expiry */
    N_CERT_SORT,
};

/* "expires_at" (also "days_left"), "name", "created_at", "updated_at", "issuer", "owner",
 * "business_group", "resources", "last_checked_at", "status". */
bool cert_sort_from_name(const char *name, enum cert_sort *ret);

struct cert_page_request {
    const struct cert_filter *filter;
    enum cert_sort sort;
    bool is_descending; /* records without the value come last either way */
    const char *cursor; /* NULL or "": the first page */
    int64_t limit;      /* 1 to CERT_PAGE_MAX */
    bool wants_total;
    bool wants_people; /* and their access entries; is_mine is said of the viewer */
    int64_t now;
    struct display_rule rule; /* read where statuses are asked for, or sorted by */
    int64_t drive_max; /* 0: as measured. How many records may drive a query, or stand in a set
                          beside it: for tests */
    int64_t set_max;
    int64_t walk_steps; /* 0: as measured. After so many (db/db.h, stmt_limit), or on PostgreSQL
                           about so many entries, a walk is given up */
    bool is_common;     /* find what all conditions have in common, and names in parts, whatever it
                           costs (on SQLite): for tests, too */
};

struct cert_page {
    struct cert_rows rows;
    struct access_rows people; /* record by record */
    char *next_cursor;         /* NULL: this was the last page */
    int64_t total;
    bool is_estimate; /* total is not exact */
};

void cert_page_done(struct cert_page *page);

/* ERR_INVALID for a cursor that is not one of this order. */
bool store_cert_page(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *request, struct cert_page *ret, struct err *err) must_check;

struct cert_ids_request {
    const struct cert_filter *filter;
    int64_t now;
    int64_t after_id; /* the last one of the batch before; 0: from the first */
    int64_t limit;
};

/* The next ids that match, in ascending order: for jobs that take them in batches. */
bool store_cert_ids(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_ids_request *request, struct id_list *ids, struct err *err) must_check;

/* Of these ids those that the viewer may see, in the same order: for what a person has selected. */
bool store_cert_ids_visible(struct tx *tx, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *visible, struct err *err) must_check;

/* Of these ids those that there are, and that the viewer may not see: for what was written when
 * they could. Records that are gone are no secret of anybody's. */
bool store_cert_ids_hidden(struct tx *tx, const struct store_viewer *viewer, const int64_t *ids,
    size_t n, struct id_list *hidden, struct err *err) must_check;

struct cert_counts {
    int64_t total;
    int64_t of[N_CERT_STATUS]; /* by enum cert_status */
    bool is_estimate;
};

/* From the expiry buckets for who sees all, else through the access entries; estimated, from a
 * sample, for who sees tens of thousands. */
bool store_cert_counts(struct tx *tx, const struct store_viewer *viewer, int64_t now,
    struct cert_counts *ret, struct err *err) must_check;

/* To be called now and then: gives back the memory for ids that nobody has listed by in the last
 * minute (store/kept_ids). */
void store_cert_list_rest(void);

DEFINE_AUTODONE(cert_page);
