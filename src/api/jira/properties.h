/* api/jira/properties: what programs keep with an issue, where an issue is read or made. */
#pragma once

#include "api/jira/jira.h"

/* "properties": of the names that are asked for; "*all" is all of them. */
bool jira_properties_write(struct api_call *call, int64_t ticket_id, const char *const *names,
    size_t n, struct err *err) must_check;

/* [{"key": …, "value": …}] of a new issue. */
bool jira_properties_put(struct api_call *call, struct tx *tx, int64_t ticket_id,
    const struct json *list, struct err *err) must_check;
