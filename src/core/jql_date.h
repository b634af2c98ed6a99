/*
 * core/jql_date: the instants that JQL names: "-7d", "2026-01-31 10:00", startOfDay("-1w").
 *
 * Everything is UTC; weeks begin on Sunday, as Jira's do.
 */
#pragma once

#include "base/base.h"
#include "core/jql.h"

/* A value: an amount of time from `now` on ("5m", "-2w 3d"), or a date with or without a time. */
bool jql_date_value(const char *text, int64_t now, int64_t *ret);

/* startOfDay, endOfMonth, now, … with their increment. False: it is no function of a date. */
bool jql_date_function(const struct jql_operand *function, int64_t now, int64_t *ret);
