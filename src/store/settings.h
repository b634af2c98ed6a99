/* store/settings: the settings for all, read from the database into structs. */
#pragma once

#include "core/settings.h"

struct err;
struct tx;

#define SETTING_NOTIFICATIONS "notifications"
#define SETTING_DISPLAY "display"

/* The row versions are 0 while nobody has set anything. ret_version may be NULL. */
bool store_notification_settings(struct tx *tx, struct notification_settings *ret,
    int64_t *ret_version, struct err *err) must_check;
bool store_display_rule(struct tx *tx, struct display_rule *ret, int64_t *ret_version,
    struct err *err) must_check;
