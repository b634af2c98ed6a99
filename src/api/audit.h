/* api/audit: a page of the log. */
#pragma once

#include "api/api.h"
#include "store/audit.h"

bool audit_write_page(struct api_call *call, const struct audit_filter *filter, int64_t limit,
    struct err *err) must_check;
