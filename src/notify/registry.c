/* notify/registry: the channels. */
#include <string.h>

#include "notify/notify.h"

static const struct channel_ops *const channels[] = { &smtp_channel, &webhook_channel };

const struct channel_ops *channel_find(const char *name)
{
    for (size_t i = 0; i < countof(channels); i++)
        if (strcmp(channels[i]->name, name) == 0)
            return channels[i];
    return NULL;
}
