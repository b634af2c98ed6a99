/*
 * store/cert_page: one page of records in the making. Not for others than store/ and its tests,
 * which ask the database how it would run the statement.
 */
#pragma once

#include "store/cert_where.h"
#include "store/cursor.h"

/* Which of the records behind the cursor. */
enum cursor_part {
    CURSOR_ALL,
    CURSOR_TIES,   /* those of the same value, by id */
    CURSOR_BEYOND, /* those of another */
};

struct paging {
    const struct cert_page_request *request;
    struct cert_where where;
    struct cursor cursor; /* where the page begins, then where it ends */
    bool has_cursor;
    enum cursor_part part;
    struct id_list ids;
    int64_t max_steps;  /* that a walk may take, or on PostgreSQL entries that it may pass; 0: as
                           many as  it does */
    bool is_cut;        /* it would have taken more: `ids` may not be all */
    enum drive counted; /* what drives, where the page is walked for all the same */
};

/* Ids of the body (with a value to sort by) or of the tail, from the cursor on, up to `most`. */
void cert_page_select(const struct paging *paging, bool is_tail, size_t most,
    struct select *select);

/* The same along entries, of one of where.holders. */
void cert_page_select_entries(const struct paging *paging, int64_t holder, bool is_tail,
    size_t most, struct select *select);

/* Ids of the body or of the tail, along entries. */
bool cert_page_read_along(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err) must_check;

/*
 * By status, where something drives: the ids from the cursor on, all of them, into paging->ids.
 * *ret_is_read is false, and nothing is read, where each status has to be looked for by itself.
 */
bool cert_page_read_statuses(struct tx *tx, struct paging *paging,
    const struct store_viewer *viewer, bool *ret_is_read, struct err *err) must_check;

/* Body, then tail, up to `most` ids in all. A range of ends excludes the tail. */
bool cert_page_read_ids(struct tx *tx, struct paging *paging, size_t most, struct err *err)
    must_check;

/* Is it a list by name of a word that names begin with? Then it is read in parts. On SQLite. */
bool cert_page_has_name_parts(const struct paging *paging);
bool cert_page_read_name_parts(struct tx *tx, struct paging *paging, struct err *err) must_check;
