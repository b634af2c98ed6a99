/* api/page: see the header. */
#include "api/page.h"

#include "base/err.h"

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

void page_write_etag(struct json_out *out, int64_t row_version)
{
    json_numbered(out, "etag", "\\\"", row_version, "\\\""); /* its quotes are part of it */
}

bool page_check_match(struct api_call *call, int64_t row_version, const char *what, struct err *err)
{
    if (!call->if_match || call->if_match == row_version)
        return true;
    call->status = 412;
    return fail(err, ERR_CONFLICT, "the %s has been changed meanwhile", what);
}
