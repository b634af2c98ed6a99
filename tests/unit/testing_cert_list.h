/*
 * A world of records of every kind, and what looking at each of them says of a list: for the tests
 * of store/cert_list, whatever they ask for.
 */
#pragma once

#include "testing_store.h"

#include "store/cert_list.h"

#define N_RECORDS 60

struct world {
    struct tx *tx;
    int64_t owners[2];
    int64_t ids[N_RECORDS];
    struct cert_row *rows[N_RECORDS]; /* as read one by one; filled by read_rows() */
};

/* testing_cert_world.c. One of every kind: unseen, expired, soon, valid, not yet, revoked; ends
 * that fall together. The transaction is the test's to free. */
void make_world(struct test_db *test, struct world *world);

/* Somebody who is there in all ways at once: owner, assignee, by name and by two groups. */
int64_t a_busy_account(struct world *world);

/* Every record as reading it alone gives it: what the lists are compared with. */
void read_rows(struct world *world);
void free_rows(struct world *world);

/* testing_cert_order.c: all pages of a request, as ids. The order and the cursors are checked on
 * the way. */
void walk(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *template, struct id_list *ids);

/* testing_cert_cases.c: filters, and which records each of them finds. */
struct list_case {
    struct cert_filter filter;
    bool (*matches)(const struct cert_row *row);
};

#define N_CASES 50
extern const struct list_case cases[N_CASES];

#define EIGHT_BYTES(hex) hex hex hex hex hex hex hex hex
#define SHA256_OF(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex)

/* How many records match, all of which must be in `found`, and no others; NULL claims that they
 * have a version. */
size_t count_matches(const struct world *world, bool (*claim)(const struct cert_row *row),
    const struct id_list *found);

/* Ways to find them. As measured; nothing may drive; everything walks; what all conditions have in
 * common drives, or is a set; a walk is given up for that. */
struct list_limits {
    int64_t drive_max;
    int64_t set_max;
    bool is_common;
    int64_t walk_steps;
};

#define N_LIMITS 6
extern const struct list_limits limits[N_LIMITS];
