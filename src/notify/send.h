/* notify/send: one claimed message through an open channel, and what is written down about it. For
 * notify/outbox. */
#pragma once

#include "base/err.h"
#include "notify/notify.h"
#include "notify/outbox.h"

/* A channel with what it needs besides the settings: a webhook and its secret. */
struct sender {
    struct conf *conf;
    char *public_url;
    struct webhook_row *webhook;
    struct secret *secret;
    struct channel *channel; /* NULL: it cannot be used, and `problem` says why */
    struct err problem;
    int64_t
        lease_seconds; /* longer than a try can take, so that only the dead are taken for dead */
};

/* True also when the channel cannot be used: that is a reason for each message to wait or fail. */
bool sender_open(struct outbox *outbox, const struct delivery_lane *lane, int64_t timeout_ms,
    struct sender *ret, struct err *err) must_check;
void sender_done(struct sender *sender);
DEFINE_AUTODONE(sender);

/* What every message of a lane has in common. */
struct letter_head {
    const char *public_url;
    const struct webhook_row *webhook; /* NULL for mail */
};

/* A message with everything it says, filled in from the database. */
struct letter {
    struct notice notice;
    struct delivery_item_rows items;
    char *display_name;
};
void letter_done(struct letter *letter);
DEFINE_AUTODONE(letter);

/*
 * Compose the message anew and write it into its row: to the address that the account has now,
 * about what it may see now. ERR_DENIED: there is nobody, or nothing, to tell any more.
 */
bool letter_write(struct tx *tx, const struct letter_head *head, struct delivery_row *row,
    int64_t now, struct letter *ret, struct err *err) must_check;

/* Send it, without a transaction. Fails as channel_ops.send does. */
bool letter_send(struct outbox *outbox, const struct sender *sender, const struct letter *letter,
    struct verdict *verdict, struct err *err) must_check;

/* The time as of now: outbox->now and what has passed since. */
int64_t outbox_time(const struct outbox *outbox);
