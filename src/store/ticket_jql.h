/*
 * store/ticket_jql: tickets that a JQL query finds.
 *
 * Only those that the viewer may see, as everywhere. Names in the query are looked up here: what
 * does not exist is ERR_INVALID, in Jira's words. A condition on an empty field holds neither with
 * "=" nor with "!=".
 */
#pragma once

#include "core/jql.h"
#include "core/rows.h"
#include "store/viewer.h"

struct err;
struct tx;

#define TICKET_JQL_PAGE_MAX 1000

struct ticket_jql {
    const struct jql *jql;
    const struct store_viewer *viewer; /* account_id is currentUser() */
    int64_t now;

    int64_t start_at;  /* skip so many */
    const char *token; /* or go on where a page ended; NULL: do not */
    int64_t limit;
};

struct ticket_jql_page {
    struct id_list ids; /* in their order */
    char *next_token;   /* leads to the next one; NULL on the last */
    bool has_more;
    bool is_common; /* so many tickets meet the conditions that the first looked at filled it */
};
void ticket_jql_page_done(struct ticket_jql_page *page);

/* ERR_INVALID also for a token of another query. */
bool store_ticket_jql_page(struct tx *tx, const struct ticket_jql *query,
    struct ticket_jql_page *ret, struct err *err) must_check;

/* How many there are in all. Kept until anything changes, for clients ask with every page. */
bool store_ticket_jql_count(struct tx *tx, const struct ticket_jql *query, bool is_common,
    int64_t *ret, struct err *err) must_check;

/* Is the ticket, which the viewer sees, among them? For webhooks' filters. */
bool store_ticket_jql_matches(struct tx *tx, const struct ticket_jql *query, int64_t ticket_id,
    bool *ret, struct err *err) must_check;

DEFINE_AUTODONE(ticket_jql_page);
