/* api/cert_filter: see the header. */
#include "api/cert_filter.h"

#include <string.h>

#include "core/compare.h"
#include "core/rows_view.h"

#define IDS_MAX 10000

static bool is_flag(const char *word)
{
    return !word || strcmp(word, "any") == 0 || compare_is_alert_name(word);
}

static void add_status(unsigned *statuses, const char *word, bool *is_bad)
{
    enum cert_status status;

    if (cert_status_from_name(word, &status))
        *statuses |= 1U << status;
    else
        *is_bad = true;
}

static void add_source(unsigned *sources, const char *word, bool *is_bad)
{
    enum cert_source source;

    if (cert_source_from_name(word, &source))
        *sources |= 1U << source;
    else
        *is_bad = true;
}

/* An empty assignee is "nobody"; query_text() has no way to say that an empty value was given. */
static const char *assignee_of(const char *word)
{
    return word && strcmp(word, "-") == 0 ? "" : word;
}

static void read_lists(struct query *query, struct cert_filter *filter,
    struct cert_filter_text *text)
{
    bool is_bad = false;
    size_t n = query_list(query, "status", text->list, countof(text->list));

    for (size_t i = 0; i < n; i++)
        add_status(&filter->statuses, text->list[i], &is_bad);
    if (is_bad)
        query_complain(query, "status", "there is no such status");
    is_bad = false;
    n = query_list(query, "source", text->list, countof(text->list));
    for (size_t i = 0; i < n; i++)
        add_source(&filter->sources, text->list[i], &is_bad);
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

/* "fields": {NAME: value}. */
static void read_json_fields(struct json_in *in, struct cert_filter *filter)
{
    struct json_in fields;
    const char *names[CERT_FILTER_FIELDS_MAX];

    if (!json_in_object_opt(in, "fields", &fields))
        return;
    size_t n = json_in_names(&fields, names, CERT_FILTER_FIELDS_MAX);

    for (size_t i = 0; i < n; i++) {
        filter->fields[i].name = names[i];
        filter->fields[i].value = json_in_text(&fields, names[i], 1, FIELD_VALUE_MAX);
    }
    filter->n_fields = n;
    json_in_leave(&fields);
}

void cert_filter_from_query(struct query *query, struct cert_filter *ret,
    struct cert_filter_text *text)
{
    read_lists(query, ret, text);
    ret->q = query_text(query, "q", 200);
    ret->business_group = query_text(query, "business_group", 200);
    ret->owner = query_text(query, "owner", 64);
    ret->assignee = assignee_of(query_text(query, "assignee", 64));
    ret->resource = query_text(query, "resource", 200);
    ret->tag = query_text(query, "tag", 64);
    ret->issuer = query_text(query, "issuer", 1024);
    ret->alert = query_text(query, "flag", 16);
    if (!is_flag(ret->alert))
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
    if (query_text(query, "stage", 64))
        query_complain(query, "stage", "no certificate has a stage yet");
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

static void read_json_statuses(struct json_in *in, struct cert_filter *filter)
{
    bool is_bad = false;
    size_t n = json_in_array_opt(in, "status", 16);

    for (size_t i = 0; i < n; i++)
        add_status(&filter->statuses, json_in_item_text(in, "status", i, 1, 32), &is_bad);
    if (is_bad)
        json_in_complain(in, "status", "there is no such status");
    is_bad = false;
    n = json_in_array_opt(in, "source", 16);
    for (size_t i = 0; i < n; i++)
        add_source(&filter->sources, json_in_item_text(in, "source", i, 1, 32), &is_bad);
    if (is_bad)
        json_in_complain(in, "source", "there is no such source");
}

static const char *optional(struct json_in *in, const char *name, size_t max)
{
    const char *text = json_in_text_opt(in, name, 0, max, NULL);

    return text && text[0] ? text : NULL;
}

void cert_filter_from_json(struct json_in *in, struct cert_filter *ret)
{
    static const char *const seen[] = { "never" };

    read_json_statuses(in, ret);
    ret->q = optional(in, "q", 200);
    ret->business_group = optional(in, "business_group", 200);
    ret->owner = optional(in, "owner", 64);
    ret->assignee = assignee_of(optional(in, "assignee", 64));
    ret->resource = optional(in, "resource", 200);
    ret->tag = optional(in, "tag", 64);
    ret->issuer = optional(in, "issuer", 1024);
    ret->alert = optional(in, "flag", 16);
    if (!is_flag(ret->alert))
        json_in_complain(in, "flag", "there is no such flag");
    ret->expires_before = json_in_time_opt(in, "expires_before", 0);
    ret->expires_after = json_in_time_opt(in, "expires_after", 0);
    ret->is_unused = json_in_bool_opt(in, "unused", false);
    read_json_fields(in, ret);
    if (json_in_enum_opt(in, "seen", seen, countof(seen), -1) == 0)
        ret->statuses |= 1U << CERT_UNKNOWN;
    if (optional(in, "stage", 64))
        json_in_complain(in, "stage", "no certificate has a stage yet");
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
