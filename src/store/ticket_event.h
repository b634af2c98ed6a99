/*
 * store/ticket_event: what happened to tickets, for webhooks that Jira's clients have registered.
 *
 * An event is noted in the transaction of what happened, with the job that tells of it; where there
 * is no such webhook, nothing is noted. It goes when the messages are in the outbox.
 */
#pragma once

#include "core/rows.h"

struct err;
struct tx;

#define TICKET_CREATED_EVENT "created"
#define TICKET_UPDATED_EVENT "updated"
#define TICKET_COMMENTED_EVENT "commented"

struct ticket_event_row {
    int64_t id;
    int64_t ticket_id;
    char *kind;
    int64_t actor_id; /* 0: certdesk itself */
    int64_t ref_id;   /* of the change, or of the comment; 0 */
    int64_t created_at;
};
DECLARE_ROWS(ticket_event);

/* To be noted; `kind` is a literal. store/pending brings those of a transaction together. */
struct ticket_event_new {
    int64_t ticket_id;
    const char *kind;
    int64_t actor_id;
    int64_t ref_id;
    int64_t at;
};
bool ticket_events_write(struct tx *tx, const struct ticket_event_new *events, size_t n,
    struct err *err) must_check;

/* The oldest `limit`, and their end. */
bool store_ticket_events(struct tx *tx, int64_t limit, struct ticket_event_rows *rows,
    struct err *err) must_check;
bool store_ticket_event_delete(struct tx *tx, int64_t id, struct err *err) must_check;

/* See to it that a job tells of what is there, if something is. */
bool store_ticket_events_wake(struct tx *tx, int64_t now, struct err *err) must_check;

/* ---- who is told ---- */

struct jira_webhook_row {
    int64_t id; /* the webhook's */
    char *name;
    char *url;
    char *events; /* "jira:issue_created comment_created" */
    bool is_enabled;
    int64_t sealed_key_id;
    int64_t account_id;
    char *account;
    char *role; /* of the account; whoever is disabled sees nothing */
    bool is_account_disabled;
    char *jql;
    bool excludes_body;
    int64_t updated_at;
};
DECLARE_ROWS(jira_webhook);

/* Beside its row in webhook (store/webhook). */
bool store_jira_webhook_put(struct tx *tx, const struct jira_webhook_row *row, int64_t now,
    struct err *err) must_check;
bool store_jira_webhooks(struct tx *tx, struct jira_webhook_rows *rows, struct err *err) must_check;

/* ERR_NOT_FOUND */
bool store_jira_webhook_get(struct tx *tx, int64_t id, struct jira_webhook_row **ret,
    struct err *err) must_check;
