/*
 * core/settings: what admins set for all: when people are told, and from when on yellow is yellow.
 *
 * Kept as JSON; a text that is missing or from an older version gives the defaults for what it does
 * not say.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/display.h"
#include "core/window.h"

struct err;

/* As a JSON list; window_periods_from_json() reads it. */
void periods_to_json(const struct window_periods *periods, struct buf *out);

struct notification_settings {
    struct window_periods periods;
    char default_assignee[65]; /* a user's name; "" : the record's owner */
    int64_t unreachable_after; /* failures in a row before people are told; 3 */
    bool has_email;            /* channels besides tickets: on, unless somebody turned them off */
    bool has_webhook;
};

void notification_settings_from_json(const char *text, struct notification_settings *ret);
void notification_settings_to_json(const struct notification_settings *settings, struct buf *out);

void display_rule_from_json(const char *text, struct display_rule *ret);
void display_rule_to_json(const struct display_rule *rule, struct buf *out);
