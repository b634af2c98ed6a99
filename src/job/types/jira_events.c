/*
 * job/jira_events: tell the webhooks of Jira's clients what happened to tickets.
 *
 * A batch of events becomes messages in the outbox in one transaction, and the outbox sends them.
 * What one person changed in one instant is one event. A webhook tells of what whoever made it may
 * see, and its JQL finds.
 */
#include "job/types/jira_events.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/jql.h"
#include "core/rows_delivery.h"
#include "db/db.h"
#include "job/types/types.h"
#include "notify/notifier.h"
#include "notify/outbox.h"
#include "store/delivery.h"
#include "store/ticket.h"
#include "store/ticket_event.h"
#include "store/ticket_jql.h"
#include "store/ticket_list.h"

#define BATCH 100
#define BODY_MAX (1u << 20)

struct telling {
    struct tx *tx;
    int64_t now;
    jira_event_writer write;
    struct jira_webhook_rows webhooks;
    const char *public_url;
};

static const char *event_name(const char *kind)
{
    if (strcmp(kind, TICKET_CREATED_EVENT) == 0)
        return "jira:issue_created";
    return strcmp(kind, TICKET_COMMENTED_EVENT) == 0 ? "comment_created" : "jira:issue_updated";
}

static bool wants(const struct jira_webhook_row *webhook, const char *event, int64_t now)
{
    struct span rest = span_text(webhook->events);
    struct span part;

    while (span_split(&rest, ' ', &part))
        if (span_is(part, event))
            return webhook->is_enabled && !webhook->is_account_disabled &&
                   (!webhook->expires_at || webhook->expires_at > now);
    return false;
}

/* May its owner see the ticket, and does its filter find it? */
static bool finds(struct telling *telling, const struct jira_webhook_row *webhook,
    int64_t ticket_id, bool *ret, struct err *err)
{
    const struct store_viewer viewer = { .account_id = webhook->account_id,
        .sees_all = strcmp(webhook->role, "user") != 0 };
    autofree(jql) struct jql *jql = NULL;
    struct err cause = { 0 };

    *ret = false;
    if (!jql_parse(span_text(webhook->jql), &jql, &cause)) {
        log_warning("jira.filter", KV_I64("webhook", webhook->id), KV_ERR(&cause));
        return true;
    }
    struct ticket_jql question = { .jql = jql, .viewer = &viewer, .now = telling->now };

    if (store_ticket_jql_matches(telling->tx, &question, ticket_id, ret, &cause))
        return true;
    if (cause.kind == ERR_INVALID || cause.kind == ERR_LIMIT) {
        log_warning("jira.filter", KV_I64("webhook", webhook->id), KV_ERR(&cause));
        return true;
    }
    *err = cause;
    return false;
}

static bool put_message(struct telling *telling, const struct jira_webhook_row *webhook,
    const char *event, const struct buf *body, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(delivery_row) struct delivery_row *row = NULL;
    struct delivery_new delivery = { .lane = { CHANNEL_WEBHOOK, webhook->id },
        .recipient = webhook->name,
        .event = event };
    int64_t id;

    if (!store_delivery_add(telling->tx, &delivery, telling->now, &id, err) ||
        !store_delivery_get(telling->tx, &system, id, &row, err))
        return false;
    str_set(&row->subject, event);
    str_set(&row->body, buf_text(body));
    outbox_wake(telling->tx, &delivery.lane, telling->now);
    return store_delivery_write(telling->tx, row, err);
}

static bool tell(struct telling *telling, const struct jira_event *event, struct err *err)
{
    for (size_t i = 0; i < telling->webhooks.n; i++) {
        const struct jira_webhook_row *webhook = &telling->webhooks.items[i];
        autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
        struct jira_event to = *event;
        bool is_found = false;

        if (!wants(webhook, event->name, telling->now))
            continue;
        if (!finds(telling, webhook, event->ticket_id, &is_found, err))
            return false;
        if (!is_found)
            continue;
        to.account_id = webhook->account_id;
        to.sees_all = strcmp(webhook->role, "user") != 0;
        to.excludes_body = webhook->excludes_body;
        if (!telling->write(telling->tx, &to, &body, err) ||
            !put_message(telling, webhook, event->name, &body, err))
            return false;
    }
    return true;
}

static bool belongs_to(const struct ticket_event_row *first, const struct ticket_event_row *row)
{
    return strcmp(first->kind, TICKET_UPDATED_EVENT) == 0 && strcmp(row->kind, first->kind) == 0 &&
           row->ticket_id == first->ticket_id && row->actor_id == first->actor_id &&
           row->created_at == first->created_at;
}

static bool tell_all(struct telling *telling, struct ticket_event_rows *rows, struct err *err)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct ticket_event_row *row = &rows->items[i];
        autodone(id_list) struct id_list changes = { 0 };
        struct jira_event event = { .name = event_name(row->kind),
            .ticket_id = row->ticket_id,
            .actor_id = row->actor_id,
            .at = row->created_at,
            .public_url = telling->public_url };

        if (!row->id) /* it went with an earlier one */
            continue;
        if (strcmp(row->kind, TICKET_COMMENTED_EVENT) == 0)
            event.comment_id = row->ref_id;
        for (size_t j = i; j < rows->n; j++) {
            if (j > i && !(rows->items[j].id && belongs_to(row, &rows->items[j])))
                continue;
            if (strcmp(row->kind, TICKET_UPDATED_EVENT) == 0)
                id_list_add(&changes, rows->items[j].ref_id);
            if (!store_ticket_event_delete(telling->tx, rows->items[j].id, err))
                return false;
            if (j > i)
                rows->items[j].id = 0;
        }
        event.changes = &changes;
        if (!tell(telling, &event, err))
            return false;
    }
    return true;
}

static bool tell_batch(struct tx *tx, void *arg, struct err *err)
{
    struct job_run *run = arg;
    autofree(conf) struct conf *conf = notifier_conf(run->services->notifier);
    autofree(str) char *public_url = notifier_public_url(conf);
    autodone(ticket_event_rows) struct ticket_event_rows rows = { 0 };
    struct telling telling = { .tx = tx,
        .now = run->now,
        .write = run->services->write_jira_event,
        .public_url = public_url };
    bool works = store_ticket_events(tx, BATCH, &rows, err) &&
                 store_jira_webhooks(tx, &telling.webhooks, err) && tell_all(&telling, &rows, err);

    jira_webhook_rows_done(&telling.webhooks);
    /* Once more after the last: what is committed while this runs is not forgotten. */
    run->again_at = rows.n > 0 ? run->now : 0;
    return works;
}

bool jira_event_tell(struct tx *tx, const struct jira_event *event, jira_event_writer write,
    int64_t now, struct err *err)
{
    struct telling telling = { .tx = tx, .now = now, .write = write };
    bool works = store_jira_webhooks(tx, &telling.webhooks, err) && tell(&telling, event, err);

    jira_webhook_rows_done(&telling.webhooks);
    return works;
}

bool job_jira_events_run(struct job_run *run, struct err *err)
{
    if (!tx_run(run->db, TX_WRITE_LONG, tell_batch, run, err))
        return false;
    job_runner_kick(run->services->runner);
    return true;
}
