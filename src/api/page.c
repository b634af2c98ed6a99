/* api/page: see the header. */
#include "api/page.h"

int64_t page_limit(struct query *query)
{
    return query_i64(query, "limit", 1, API_PAGE_MAX, API_PAGE_DEFAULT);
}

int64_t page_after_id(struct query *query)
{
    return query_i64(query, "cursor", 1, INT64_MAX, 0);
}

void page_end(struct api_call *call, const char *next, int64_t total, bool is_estimate)
{
    json_str(&call->reply, "next_cursor", next);
    json_i64(&call->reply, "total", total);
    json_bool(&call->reply, "total_is_estimate", is_estimate);
}

void page_end_id(struct api_call *call, int64_t next, int64_t total, bool is_estimate)
{
    char cursor[24];

    (void)snprintf(cursor, sizeof cursor, "%" PRId64, next);
    page_end(call, next ? cursor : NULL, total, is_estimate);
}
