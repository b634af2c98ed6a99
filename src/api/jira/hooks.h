/* api/jira/hooks: what webhooks are told, in Jira's shape. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "job/queue.h"

struct api_call;
struct err;
struct tx;

/* The body of one call; it says what the webhook's owner may see. For job_services. */
bool jira_event_write(struct tx *tx, const struct jira_event *event, struct buf *body,
    struct err *err) must_check;

/* Those that want to know are told that the ticket goes, as it is now. Before it does, and in that
 * transaction. */
bool jira_hooks_tell_deleted(struct api_call *call, int64_t ticket_id, struct err *err) must_check;

/* Can a webhook be registered for it? */
bool jira_event_is_known(const char *name);
