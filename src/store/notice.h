/*
 * store/notice: what people were told, so that nobody is told twice.
 */
#pragma once

#include "core/rows_ticket.h"

struct err;
struct tx;

struct notice_new {
    int64_t certificate_id;
    int64_t version_id;
    int64_t period_days; /* before the end; negative after it */
    const char *channel;
};

/*
 * Claim the notice for record, version, period and channel. *ret_new is false when it was given
 * before, by whichever node: then it must not be given again.
 */
bool store_notice_add(struct tx *tx, const struct notice_new *notice, int64_t now, bool *ret_new,
    struct err *err) must_check;

/* All of a record and version, the newest first. */
bool store_notices(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct notice_rows *rows, struct err *err) must_check;
