/* store/cert_filter: see the header. */
#include "store/cert_filter.h"

#include <string.h>

#include "core/compare.h"
#include "core/lifecycle.h"
#include "core/rows_view.h"

bool cert_filter_is_flag(const char *word)
{
    return !word || strcmp(word, "any") == 0 || compare_is_alert_name(word);
}

bool cert_filter_add_status(struct cert_filter *filter, const char *word)
{
    enum cert_status status;

    if (!cert_status_from_name(word, &status))
        return false;
    filter->statuses |= 1U << status;
    return true;
}

bool cert_filter_add_source(struct cert_filter *filter, const char *word)
{
    enum cert_source source;

    if (!cert_source_from_name(word, &source))
        return false;
    filter->sources |= 1U << source;
    return true;
}

bool cert_filter_is_stage(const char *word)
{
    enum ticket_status status;

    return !word || (ticket_status_from_name(word, &status) &&
                        ticket_type_has_status(TICKET_CERTIFICATE, status));
}

const char *cert_filter_assignee(const char *word)
{
    return word && strcmp(word, "-") == 0 ? "" : word;
}

/* "fields": {NAME: value}. */
static void read_fields(struct json_in *in, struct cert_filter *filter)
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

static void read_lists(struct json_in *in, struct cert_filter *filter)
{
    bool is_bad = false;
    size_t n = json_in_array_opt(in, "status", 16);

    for (size_t i = 0; i < n; i++)
        is_bad |= !cert_filter_add_status(filter, json_in_item_text(in, "status", i, 1, 32));
    if (is_bad)
        json_in_complain(in, "status", "there is no such status");
    is_bad = false;
    n = json_in_array_opt(in, "source", 16);
    for (size_t i = 0; i < n; i++)
        is_bad |= !cert_filter_add_source(filter, json_in_item_text(in, "source", i, 1, 32));
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

    read_lists(in, ret);
    ret->q = optional(in, "q", 200);
    ret->business_group = optional(in, "business_group", 200);
    ret->owner = optional(in, "owner", 64);
    ret->assignee = cert_filter_assignee(optional(in, "assignee", 64));
    ret->resource = optional(in, "resource", 200);
    ret->tag = optional(in, "tag", 64);
    ret->issuer = optional(in, "issuer", 1024);
    ret->alert = optional(in, "flag", 16);
    if (!cert_filter_is_flag(ret->alert))
        json_in_complain(in, "flag", "there is no such flag");
    ret->expires_before = json_in_time_opt(in, "expires_before", 0);
    ret->expires_after = json_in_time_opt(in, "expires_after", 0);
    ret->is_unused = json_in_bool_opt(in, "unused", false);
    read_fields(in, ret);
    if (json_in_enum_opt(in, "seen", seen, countof(seen), -1) == 0)
        ret->statuses |= 1U << CERT_UNKNOWN;
    ret->profile = optional(in, "profile", 400);
    ret->stage = optional(in, "stage", 64);
    if (!cert_filter_is_stage(ret->stage))
        json_in_complain(in, "stage", "no certificate's ticket can have this status");
}
