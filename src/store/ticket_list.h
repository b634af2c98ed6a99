/*
 * store/ticket_list: pages of tickets, the last updated first.
 */
#pragma once

#include "core/rows_ticket.h"
#include "store/viewer.h"

struct err;
struct tx;

#define TICKET_PAGE_MAX 1000
#define TICKET_TOTAL_EXACT 10000

/* Every condition must hold; zeroed, it lets everything through. */
struct ticket_filter {
    const char *q; /* part of key, summary or description */
    const char *type;
    const char *status;
    const char *project;
    const char *profile;  /* its name in lower case */
    const char *assignee; /* a name; "": nobody */
    const char *reporter;
    const char *label; /* in any case of its letters */
    int64_t certificate_id;
    bool is_open;
    bool is_resolved;
    bool hides_snoozed; /* those snoozed beyond `now` */
    int64_t now;
};

struct ticket_page {
    struct ticket_rows rows;
    char *next_cursor; /* NULL: this was the last page */
    int64_t total;
    bool is_estimate;
};

void ticket_page_done(struct ticket_page *page);

/* Cursor NULL or "": the first page. ERR_INVALID for what is no cursor. */
bool store_ticket_page(struct tx *tx, const struct store_viewer *viewer,
    const struct ticket_filter *filter, const char *cursor, int64_t limit, struct ticket_page *ret,
    struct err *err) must_check;

DEFINE_AUTODONE(ticket_page);
