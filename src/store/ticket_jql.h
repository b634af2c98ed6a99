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

/* The ids of one page, in their order. *ret_token leads to the next one, and is NULL on the last;
 * the caller frees it. ERR_INVALID also for a token of another query. */
bool store_ticket_jql_page(struct tx *tx, const struct ticket_jql *query, struct id_list *ids,
    char **ret_token, struct err *err) must_check;

bool store_ticket_jql_count(struct tx *tx, const struct ticket_jql *query, int64_t *ret,
    struct err *err) must_check;

/* Is the ticket, which the viewer sees, among them? For webhooks' filters. */
bool store_ticket_jql_matches(struct tx *tx, const struct ticket_jql *query, int64_t ticket_id,
    bool *ret, struct err *err) must_check;
