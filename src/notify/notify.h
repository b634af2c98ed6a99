/*
 * notify/notify: what every way of telling people can be asked, and the list of them.
 *
 * A channel is opened for a row of messages, and belongs to one thread. What a message says is
 * composed from the database's rows alone, so that it can be kept before anything is sent; sending
 * makes the one call outside that it takes, never within a transaction.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/rows_delivery.h"

struct channel;
struct conf;
struct err;
struct secret;

#define NOTICE_ITEMS_MAX 500 /* in one message; the rest is counted */
#define NOTICE_SUBJECT_MAX 1024
#define NOTICE_BODY_MAX (1u << 20)

/* One message and everything that it is about. Borrowed for the call. */
struct notice {
    const struct delivery_row *delivery;
    const struct delivery_item_rows *items;
    int64_t n_total;          /* with those beyond NOTICE_ITEMS_MAX */
    int64_t now;              /* of this attempt; what is said counts from delivery->created_at */
    const char *public_url;   /* where users reach us, without "/" at its end; "" : unknown */
    const char *display_name; /* the reader's; "" : unknown */
    const struct webhook_row *webhook; /* NULL for mail */
};

struct channel_conf {
    const struct conf *conf;
    const struct webhook_row *webhook; /* NULL for mail */
    const struct secret *secret;       /* the webhook's; outlives the channel */
    int64_t timeout_ms;                /* 0: as the settings say */
};

/* Asked in the last moment in which a message is certainly not delivered (store/delivery). */
struct handover {
    bool (*run)(void *arg, struct err *err);
    void *arg;
};

struct verdict {
    bool is_about_message; /* this message is the trouble, not the whole lane */
    int64_t retry_after;   /* seconds that the other side asks for; 0: it asks for none */
    char said[300];        /* what it said, for people */
};

struct channel_ops {
    const char *name;
    int64_t max_attempts; /* then a message has failed */

    /* ERR_INVALID: not configured, or not usable as it is; the message is for admins. */
    bool (*open)(const struct channel_conf *conf, struct channel **ret, struct err *err) must_check;
    void (*close)(struct channel *channel);

    /* What the delivery log keeps. */
    bool (*compose)(const struct notice *notice, struct buf *subject, struct buf *body,
        struct err *err) must_check;

    /*
     * True: delivered. ERR_UNAVAILABLE: try again later; anything else: never. The handover's own
     * failures are passed on.
     */
    bool (*send)(struct channel *channel, const struct notice *notice,
        const struct handover *handover, struct verdict *verdict, struct err *err) must_check;
};

/* The first member of every implementation's own struct. */
struct channel {
    const struct channel_ops *ops;
};

extern const struct channel_ops smtp_channel;
extern const struct channel_ops webhook_channel;

/* NULL: there is no such channel. */
const struct channel_ops *channel_find(const char *name);
