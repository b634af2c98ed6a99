/* store/settings: see the header. */
#include "store/settings.h"

#include "base/alloc.h"
#include "store/account.h"

bool store_notification_settings(struct tx *tx, struct notification_settings *ret,
    int64_t *ret_version, struct err *err)
{
    autofree(str) char *text = NULL;
    int64_t version;

    if (!store_setting_get(tx, SETTING_NOTIFICATIONS, &text, &version, err))
        return false;
    notification_settings_from_json(text, ret);
    if (ret_version)
        *ret_version = version;
    return true;
}

bool store_display_rule(struct tx *tx, struct display_rule *ret, int64_t *ret_version,
    struct err *err)
{
    autofree(str) char *text = NULL;
    int64_t version;

    if (!store_setting_get(tx, SETTING_DISPLAY, &text, &version, err))
        return false;
    display_rule_from_json(text, ret);
    if (ret_version)
        *ret_version = version;
    return true;
}
