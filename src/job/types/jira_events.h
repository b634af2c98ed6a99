/*
 * job/types/jira_events: telling the webhooks of Jira's clients.
 */
#pragma once

#include "job/queue.h"

/* How an event is said: job_services.write_jira_event. */
typedef bool (*jira_event_writer)(struct tx *tx, const struct jira_event *event, struct buf *body,
    struct err *err);

/*
 * Put it into the outbox for every webhook that wants it, in this transaction: of a ticket that is
 * about to go. Whatever else happens to tickets is noted (store/ticket_event), and told by the job.
 */
bool jira_event_tell(struct tx *tx, const struct jira_event *event, jira_event_writer write,
    int64_t now, struct err *err) must_check;
