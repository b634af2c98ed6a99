/*
 * core/display: from when on a certificate is shown as expiring soon.
 */
#pragma once

#include "base/base.h"

/* One of the two is positive: calendar months before the end, or that part of the lifetime left. */
struct display_rule {
    int months;           /* 3 unless an admin sets otherwise */
    int lifetime_percent; /* 0: go by months */
};

#define DISPLAY_RULE_DEFAULT                                                                       \
    {                                                                                              \
        .months = 3                                                                                \
    }

/* The first instant of "expiring soon"; never before it begins or after it ends. */
int64_t display_expiring_at(const struct display_rule *rule, int64_t begins_at, int64_t expires_at);
