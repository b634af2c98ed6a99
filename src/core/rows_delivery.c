/* core/rows_delivery: see the header. */
#include "core/rows_delivery.h"

#include <string.h>

#include "base/alloc.h"

static const char *const states[] = {
    [DELIVERY_QUEUED] = "queued",
    [DELIVERY_SENDING] = "sending",
    [DELIVERY_SENT] = "sent",
    [DELIVERY_FAILED] = "failed",
};

const char *delivery_state_name(enum delivery_state state)
{
    return states[state];
}

bool delivery_state_from_name(const char *name, enum delivery_state *ret)
{
    for (size_t i = 0; i < countof(states); i++) {
        if (strcmp(states[i], name) == 0) {
            *ret = (enum delivery_state)i;
            return true;
        }
    }
    return false;
}

void delivery_row_done(struct delivery_row *row)
{
    free(row->channel);
    free(row->recipient);
    free(row->event);
    free(row->uid);
    free(row->subject);
    free(row->body);
    free(row->error);
    *row = (struct delivery_row){ 0 };
}
DEFINE_ROWS(delivery);

void delivery_item_row_done(struct delivery_item_row *row)
{
    free(row->certificate);
    free(row->ticket);
    free(row->detail);
    free(row->issuer);
    free(row->owner);
    free(row->fingerprint);
    free(row->endpoint);
    *row = (struct delivery_item_row){ 0 };
}
DEFINE_ROWS(delivery_item);

void webhook_row_done(struct webhook_row *row)
{
    free(row->name);
    free(row->url);
    free(row->template);
    free(row->events);
    free(row->last_state);
    free(row->last_error);
    *row = (struct webhook_row){ 0 };
}
DEFINE_ROWS(webhook);
