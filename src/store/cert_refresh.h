/*
 * store/cert_refresh: what is maintained on a record so that no list has to look further.
 */
#pragma once

#include "core/display.h"
#include "core/rows_cert.h"

struct err;
struct tx;

/*
 * Compute again, from the record's current versions and its endpoints' observations: version,
 * begin, end, when it becomes "expiring soon", last check, last error; move its expiry buckets and
 * search words. `alert` is what the comparison found: "", mixed, unreachable, wrong_host, foreign
 * or rolled_back. When version or end have changed, notify_at becomes `now`, so that the
 * notification scan looks at it, and *ret_changed (may be NULL) is true.
 */
bool store_cert_refresh(struct tx *tx, int64_t id, const char *alert,
    const struct display_rule *rule, int64_t now, bool *ret_changed, struct err *err) must_check;

/*
 * The display rule has changed: compute expiring_at again for the next `limit` records above
 * after_id. *ret_last is the last one done, 0 when there are none left.
 */
bool store_cert_redisplay(struct tx *tx, const struct display_rule *rule, int64_t after_id,
    int64_t limit, int64_t *ret_last, struct err *err) must_check;

/* When the notification scan has something to do with it again; 0: never. */
bool store_cert_set_notify_at(struct tx *tx, int64_t id, int64_t notify_at, struct err *err)
    must_check;

/* Up to `limit` records whose notify_at has come by `now`, the longest due first. */
bool store_cert_ids_to_notify(struct tx *tx, int64_t now, int64_t limit, struct id_list *ids,
    struct err *err) must_check;

/* Let the notification scan look at every record again (its settings have changed). */
bool store_cert_notify_all(struct tx *tx, int64_t now, struct err *err) must_check;
