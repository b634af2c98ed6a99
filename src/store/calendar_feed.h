/*
 * store/calendar_feed: addresses under which a person's calendar program finds the ends of
 * certificates. The token in the address is kept as SHA-256 only.
 */
#pragma once

#include "codec/digest.h"
#include "core/rows_delivery.h"
#include "store/viewer.h"

struct err;
struct tx;

bool store_calendar_feed_add(struct tx *tx, int64_t account_id,
    const uint8_t hash[static SHA256_SIZE], int64_t now, int64_t *ret_id, struct err *err)
    must_check;

/* An account's, the oldest first: up to `max`. */
bool store_calendar_feeds(struct tx *tx, int64_t account_id, struct calendar_feed_row *rows,
    size_t max, size_t *ret_n, struct err *err) must_check;

/* ERR_NOT_FOUND when the account has no such feed. */
bool store_calendar_feed_delete(struct tx *tx, int64_t account_id, int64_t id, struct err *err)
    must_check;

/*
 * Whose feed is it? *ret_account is 0 when there is none, or its account is disabled. *ret_touch is
 * the feed's id if its use was not noted within the last hour, else 0.
 */
bool store_calendar_feed_find(struct tx *tx, const uint8_t hash[static SHA256_SIZE], int64_t now,
    int64_t *ret_touch, int64_t *ret_account, struct err *err) must_check;

/* It was used. */
bool store_calendar_feed_touch(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

/* One certificate in a calendar; lives for the call. */
struct calendar_entry {
    int64_t certificate_id;
    int64_t version_id;
    const char *name;
    const char *issuer;
    const char *owner;
    int64_t expires_at;
    int64_t updated_at;
};
typedef void (*calendar_visit)(void *context, const struct calendar_entry *entry);

/* The certificates that the viewer may see and that end from `from` on, soonest first, up to
 * `limit`; none that is revoked. */
bool store_calendar_entries(struct tx *tx, const struct store_viewer *viewer, int64_t from,
    int64_t limit, calendar_visit visit, void *context, struct err *err) must_check;
