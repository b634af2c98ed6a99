/*
 * core/settings: what admins set for all: when people are told, and from when on yellow is yellow.
 *
 * Kept as JSON; a text that is missing or from an older version gives the defaults for what it does not say.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/display.h"

struct err;

#define PERIODS_MAX 32
#define PERIOD_DAYS_MIN (-365)
#define PERIOD_DAYS_MAX 3650

/* Days before the end; negative after it. Descending, without repeats. */
struct periods {
    int64_t days[PERIODS_MAX];
    size_t n;
};

#define PERIODS_DEFAULT                                                                            \
    {                                                                                              \
        .days = { 90, 60, 30, 14, 7, 3, 1, -1, -7 }, .n = 9                                        \
    }

/* Put in order, and forget repeats. */
void periods_sort(struct periods *periods);

/* From a JSON list. ERR_INVALID if it is none, too long, or out of range. */
bool periods_from_json(const char *text, struct periods *ret, struct err *err) must_check;
void periods_to_json(const struct periods *periods, struct buf *out);

struct notification_settings {
    struct periods periods;
    char default_assignee[65];  /* a user's name; "" : the record's owner */
    int64_t unreachable_after;  /* failures in a row before people are told; 3 */
};

void notification_settings_from_json(const char *text, struct notification_settings *ret);
void notification_settings_to_json(const struct notification_settings *settings, struct buf *out);

void display_rule_from_json(const char *text, struct display_rule *ret);
void display_rule_to_json(const struct display_rule *rule, struct buf *out);
