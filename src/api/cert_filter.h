/* api/cert_filter: which records are meant, from a query or from JSON. */
#pragma once

#include "api/api.h"
#include "api/query.h"
#include "store/cert_filter.h"

/* Keeps what a filter borrows, where that is not the request itself. */
struct cert_filter_text {
    const char *list[16];
};

/* Problems are the query's. */
void cert_filter_from_query(struct query *query, struct cert_filter *ret,
    struct cert_filter_text *text);

/* "sort": a column, with "-" in front for descending. */
void cert_filter_sort(struct query *query, struct cert_page_request *ret);

/* "ids" or "filter", one of which must be there: which records a job is about. Problems are the
 * decoder's. */
void cert_selection_check(struct json_in *in);
