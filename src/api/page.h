/* api/page: what all lists have in common, and all that can be edited. */
#pragma once

#include "api/api.h"
#include "api/query.h"

/* The limit that was asked for, or API_PAGE_DEFAULT. */
int64_t page_limit(struct query *query);

/* A cursor that is the id the last page ended with; 0 without one. */
int64_t page_after_id(struct query *query);

/* The members behind "items". `next` 0 is the last page. */
void page_end_id(struct api_call *call, int64_t next, int64_t total, bool is_estimate);
void page_end(struct api_call *call, const char *next, int64_t total, bool is_estimate);

/* "etag": what the ETag field says of that row version. */
void page_write_etag(struct json_out *out, int64_t row_version);

/* 412 if the request's If-Match names another row version of the `what`. */
bool page_check_match(struct api_call *call, int64_t row_version, const char *what, struct err *err)
    must_check;
