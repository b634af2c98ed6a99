/*
 * core/rows_delivery: what people are told outside of certdesk: messages and what they say,
 * webhooks, calendar feeds.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

#define CHANNEL_TICKET "ticket"
#define CHANNEL_EMAIL "email"
#define CHANNEL_WEBHOOK "webhook"

/* What there is to tell. */
#define EVENT_EXPIRY "expiry"
#define EVENT_UNREACHABLE "unreachable"
#define EVENT_RECOVERED "recovered"
#define EVENT_RENEWED "renewed"
#define EVENT_TICKET                                                                               \
    "ticket" /* something happened in a ticket; for its watchers and its new assignee */
#define EVENT_TEST "test"

enum delivery_state { DELIVERY_QUEUED, DELIVERY_SENDING, DELIVERY_SENT, DELIVERY_FAILED };

const char *delivery_state_name(enum delivery_state state); /* "queued", … */
bool delivery_state_from_name(const char *name, enum delivery_state *ret);

/* One message to one recipient, as the outbox and the delivery log keep it. */
struct delivery_row {
    int64_t id;
    char *channel;      /* CHANNEL_EMAIL or CHANNEL_WEBHOOK */
    int64_t account_id; /* whose mail it is; 0: nobody's any more, or a test */
    int64_t webhook_id;
    char *recipient; /* the address, or the webhook's name */
    char *event;
    char *uid; /* what a receiver knows it by; the same at every attempt */
    char *subject;
    char *body;
    enum delivery_state state;
    bool is_handed_over; /* while sending: the other side may have it */
    int64_t attempts;    /* grows with each claim: the fence of that try's writes */
    int64_t created_at;
    int64_t due_at;
    int64_t sent_at; /* 0: not yet */
    char *error;     /* of the last attempt; "" for none */
};
DECLARE_ROWS(delivery);

/* One record in a message, with what is looked up beside it. */
struct delivery_item_row {
    int64_t certificate_id; /* 0: it is about a ticket without one */
    char *certificate;      /* the record's name; without one what the ticket is about */
    char *ticket;           /* the key of the ticket that it is about; "" for none */
    int64_t period_days;
    int64_t expires_at; /* 0: it is not about an end */
    char *detail;
    char *issuer;
    char *owner;       /* of the record; without one who has reported the ticket; "" for nobody */
    char *fingerprint; /* of the version it is about, in hexadecimal; "" for none */
    char *endpoint;    /* "host:port" of one of them; "" for none */
};
DECLARE_ROWS(delivery_item);

struct webhook_row {
    int64_t id;
    char *name;
    char *url;
    char *template; /* generic, slack, teams */
    char *events;   /* separated by blanks */
    bool is_enabled;
    int64_t sealed_key_id;
    int64_t created_at;
    int64_t row_version;
    /* Its newest delivery; last_at is 0 before the first. */
    int64_t last_at;
    char *last_state;
    char *last_error;
};
DECLARE_ROWS(webhook);

struct calendar_feed_row {
    int64_t id;
    int64_t created_at;
    int64_t used_at; /* 0: not yet */
};
