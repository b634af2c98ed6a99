/* api/cert_filter: see the header. */
#include "api/cert_filter.h"

#include <string.h>

#define IDS_MAX 10000

static void read_lists(struct query *query, struct cert_filter *filter,
    struct cert_filter_text *text)
{
    bool is_bad = false;
    size_t n = query_list(query, "status", text->list, countof(text->list));

    for (size_t i = 0; i < n; i++)
        is_bad |= !cert_filter_add_status(filter, text->list[i]);
    if (is_bad)
        query_complain(query, "status", "there is no such status");
    is_bad = false;
    n = query_list(query, "source", text->list, countof(text->list));
    for (size_t i = 0; i < n; i++)
        is_bad |= !cert_filter_add_source(filter, text->list[i]);
    if (is_bad)
        query_complain(query, "source", "there is no such source");
}

/* "field.NAME=value". */
static void read_fields(struct query *query, struct cert_filter *filter)
{
    const char *names[CERT_FILTER_FIELDS_MAX];
    const char *values[CERT_FILTER_FIELDS_MAX];
    size_t n = query_prefixed(query, "field.", names, values, CERT_FILTER_FIELDS_MAX);

    for (size_t i = 0; i < n; i++) {
        filter->fields[i].name = names[i];
        filter->fields[i].value = values[i];
    }
    filter->n_fields = n;
}

void cert_filter_from_query(struct query *query, struct cert_filter *ret,
    struct cert_filter_text *text)
{
    read_lists(query, ret, text);
    ret->q = query_text(query, "q", 200);
    ret->business_group = query_text(query, "business_group", 200);
    ret->owner = query_text(query, "owner", 64);
    ret->assignee = cert_filter_assignee(query_text(query, "assignee", 64));
    ret->resource = query_text(query, "resource", 200);
    ret->tag = query_text(query, "tag", 64);
    ret->issuer = query_text(query, "issuer", 1024);
    ret->alert = query_text(query, "flag", 16);
    if (!cert_filter_is_flag(ret->alert))
        query_complain(query, "flag", "there is no such flag");
    ret->expires_before = query_time(query, "expires_before", 0);
    ret->expires_after = query_time(query, "expires_after", 0);
    ret->is_unused = query_bool(query, "unused", false);
    read_fields(query, ret);
    const char *seen = query_text(query, "seen", 8);

    if (seen && strcmp(seen, "never") != 0)
        query_complain(query, "seen", "only \"never\" can be asked for");
    if (seen)
        ret->statuses |= 1U << CERT_UNKNOWN;
    ret->profile = query_text(query, "profile", 400);
    ret->stage = query_text(query, "stage", 64);
    if (!cert_filter_is_stage(ret->stage))
        query_complain(query, "stage", "no certificate's ticket can have this status");
}

void cert_filter_sort(struct query *query, struct cert_page_request *ret)
{
    const char *sort = query_text(query, "sort", 32);

    if (!sort)
        return;
    ret->is_descending = sort[0] == '-';
    if (!cert_sort_from_name(sort + ret->is_descending, &ret->sort))
        query_complain(query, "sort", "the list cannot be sorted by this");
}

void cert_selection_check(struct json_in *in)
{
    struct cert_filter filter = { 0 };
    struct json_in nested;
    const size_t n = json_in_array_opt(in, "ids", IDS_MAX);

    for (size_t i = 0; i < n; i++)
        (void)json_in_item_i64(in, "ids", i, 1, INT64_MAX);
    if (json_in_object_opt(in, "filter", &nested)) {
        cert_filter_from_json(&nested, &filter);
        json_in_leave(&nested);
    }
    if (json_in_has(in, "ids") == json_in_has(in, "filter"))
        json_in_complain(in, "ids", "give either ids or filter");
}
